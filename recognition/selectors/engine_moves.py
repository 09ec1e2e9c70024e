"""Moves of a tenant's collections to another engine; run inside the tenant's scope."""

from __future__ import annotations

import uuid

from django.db.models import QuerySet

from recognition.errors import EngineMoveNotFound
from recognition.gallery.base import GalleryRef
from recognition.models import Collection, EngineMove, Face, Job, UnmovedFace
from recognition.selectors import faces


def newest_of(collection: Collection) -> EngineMove:
    """Return the collection's move that is under way, or else the last one that ended.

    Raises:
        EngineMoveNotFound: it never moved.
    """
    move = _of(collection).select_related("job").order_by("-id").first()
    if move is None:
        raise EngineMoveNotFound
    return move


def open_of(collection: Collection, *, locks: bool = False) -> EngineMove:
    """Return the move that is under way; to change it, lock its row after those of collection and job.

    Raises:
        EngineMoveNotFound: there is none.
    """
    rows = _of(collection).filter(ended_at=None)
    move = rows.select_for_update(no_key=True).first() if locks else rows.select_related("job").first()
    if move is None:
        raise EngineMoveNotFound
    return move


def of_job(job: Job) -> EngineMove | None:
    """Return the open move that a job fills the second index of."""
    return EngineMove.objects.filter(tenant_id=job.tenant_id, job_id=job.id, ended_at=None).first()


def second_gallery(move: EngineMove, *, collection: Collection) -> GalleryRef:
    """Return what the gallery needs to know of the index that is not searched."""
    return GalleryRef(
        tenant_id=move.tenant_id,
        collection_id=move.collection_id,
        engine_version=move.engine_version,
        dimensions=move.dimensions,
        partition_no=move.partition_no,
        sealed_seed=bytes(collection.template_seed),
    )


def unmoved_in(move: EngineMove, *, collection: Collection) -> QuerySet[UnmovedFace]:
    """Return the faces that the second index could not be given, those that nobody has deleted since."""
    rows = UnmovedFace.objects.filter(tenant_id=move.tenant_id, move_id=move.id)
    return rows.filter(face_id__in=faces.all_in(collection).values("id"))


def unmoved_ids(move: EngineMove) -> list[uuid.UUID]:
    """Return the ids of the faces that were given up."""
    rows = UnmovedFace.objects.filter(tenant_id=move.tenant_id, move_id=move.id)
    return list(rows.values_list("face_id", flat=True))


def with_pictures(face_ids: list[uuid.UUID], *, collection: Collection) -> list[Face]:
    """Return faces with the image that they are on and its file."""
    rows = faces.all_in(collection).filter(id__in=face_ids).select_related("image", "image__file")
    return list(rows.order_by("image_id", "id"))


def _of(collection: Collection) -> QuerySet[EngineMove]:
    return EngineMove.objects.filter(tenant_id=collection.tenant_id, collection_id=collection.id)
