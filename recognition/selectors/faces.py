"""Faces of a tenant's collections."""

from __future__ import annotations

import uuid
from collections.abc import Collection as CollectionOf

from django.db.models import QuerySet

from recognition.errors import FaceNotFound
from recognition.models import Collection, Face, Job


def list_in(collection: Collection) -> QuerySet[Face]:
    """Return the faces of a collection; run it inside the tenant's scope."""
    return Face.objects.filter(tenant_id=collection.tenant_id, collection_id=collection.id).select_related("person")


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
