"""Faces of a tenant's collections."""

from __future__ import annotations

import uuid
from collections.abc import Collection as CollectionOf
from datetime import timedelta

from django.db.models import QuerySet
from django.db.models.functions import Now

from recognition.errors import FaceNotFound
from recognition.models import Collection, Face, Job
from recognition.selectors.retention import is_live


def live() -> QuerySet[Face]:
    """Return the faces whose time is not over, of the open scope's tenant."""
    return Face.objects.filter(is_live()).select_related("person")


def list_in(collection: Collection) -> QuerySet[Face]:
    """Return the faces of a collection whose time is not over; run it inside the tenant's scope."""
    return all_in(collection).filter(is_live()).select_related("person")


def all_in(collection: Collection) -> QuerySet[Face]:
    """Return the faces of a collection, also those that wait for the purge: for who deletes them."""
    return Face.objects.filter(tenant_id=collection.tenant_id, collection_id=collection.id)


def ids_in(collection: Collection, *, most: int) -> list[uuid.UUID]:
    """Return the ids of so many faces of a collection."""
    return list(all_in(collection).order_by("id").values_list("id", flat=True)[:most])


def ids_over_in(collection: Collection, *, most: int) -> list[uuid.UUID]:
    """Return the ids of faces whose time is over, the oldest so many."""
    over = all_in(collection).filter(created_at__lte=Now() - timedelta(days=collection.kept_days))
    return list(over.order_by("created_at").values_list("id", flat=True)[:most])


def get_in(collection: Collection, *, face_id: uuid.UUID) -> Face:
    """Return a face of the collection.

    Raises:
        FaceNotFound: there is none of this id in it.
    """
    face = list_in(collection).filter(id=face_id).first()
    if face is None:
        raise FaceNotFound
    return face


def by_id_in(collection: Collection, *, face_ids: CollectionOf[uuid.UUID]) -> dict[uuid.UUID, Face]:
    """Return the faces of the collection with these ids, those that exist."""
    return {face.id: face for face in list_in(collection).filter(id__in=face_ids)}


def list_of_job(job: Job) -> QuerySet[Face]:
    """Return the faces that a job has enrolled and nobody has deleted."""
    return Face.objects.filter(tenant_id=job.tenant_id, job_id=job.id)


def ids_on(image_id: uuid.UUID, *, collection: Collection) -> QuerySet[Face, uuid.UUID]:
    """Return the ids of all faces that were enrolled from an image and nobody has deleted."""
    return all_in(collection).filter(image_id=image_id).values_list("id", flat=True)
