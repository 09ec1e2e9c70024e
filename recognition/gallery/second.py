"""The second index of a collection that moves to another engine: opened, filled, compared with the first, closed.

Searching and storing in it is `PgvectorGallery`'s, which knows an index by its engine version.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any, Final

from django.db import connections

from common.permits import Permit, require_permit
from common.vocabulary import Operation
from recognition.gallery.base import GalleryRef
from recognition.gallery.partitions import claim_partition
from recognition.gallery.pgvector import empty
from recognition.models import SHARED_PARTITIONS

_OPEN: Final = """
    INSERT INTO recognition_templateindex (tenant_id, collection_id, engine_version, dimensions, partition_no)
    VALUES (%s, %s, %s, %s, %s)
"""
_CLOSE: Final = (
    "DELETE FROM recognition_templateindex WHERE tenant_id = %s AND collection_id = %s AND engine_version = %s"
)
# Faces whose time is over wait for the purge, and go without a second template.
_MISSING: Final = """
    FROM recognition_face f
    WHERE f.tenant_id = %s AND f.collection_id = %s
      AND f.id >= (SELECT custos_oldest_kept_id(c.kept_days) FROM recognition_collection c WHERE c.id = %s)
      AND NOT EXISTS (
        SELECT FROM recognition_template t
        WHERE t.partition_no = %s AND t.tenant_id = %s AND t.collection_id = %s AND t.face_id = f.id
      )
      AND f.id <> ALL(%s::uuid[])
"""
_NEXT: Final = f"SELECT f.id {_MISSING} AND f.id > %s ORDER BY f.id LIMIT %s"
_COUNT: Final = f"SELECT count(*) {_MISSING}"
_FIRST: Final = uuid.UUID(int=0)


def partition_for(collection_partition_no: int) -> int:
    """Return a partition for the second index: the next shared one, or one of its own where the first has that.

    Raises:
        GalleryBusy: no partition could be attached because of other work; try again later.
    """
    if collection_partition_no >= SHARED_PARTITIONS and (claimed := claim_partition()) is not None:
        return claimed
    return (collection_partition_no + 1) % SHARED_PARTITIONS


def open_index(gallery: GalleryRef, *, permit: Permit) -> None:
    """Open an empty second index. The caller holds the collection's row locked."""
    require_permit(permit, tenant_id=gallery.tenant_id, operations=(Operation.ENROL,))
    values: list[Any] = [gallery.tenant_id, gallery.collection_id, gallery.engine_version, gallery.dimensions]
    with connections["default"].cursor() as cursor:
        cursor.execute(_OPEN, [*values, gallery.partition_no])


def empty_index(gallery: GalleryRef, *, permit: Permit) -> int:
    """Delete every template of an index, which stays open; return how many there were."""
    require_permit(permit, tenant_id=gallery.tenant_id, operations=(Operation.DELETE,))
    return empty(gallery.partition_no, gallery=gallery, gives_back=False)


def close_index(gallery: GalleryRef, *, permit: Permit) -> int:
    """Delete the second index with its templates; return how many there were.

    The caller holds the collection's row locked.
    """
    require_permit(permit, tenant_id=gallery.tenant_id, operations=(Operation.DELETE,))
    removed = empty(gallery.partition_no, gallery=gallery)
    with connections["default"].cursor() as cursor:
        cursor.execute(_CLOSE, [gallery.tenant_id, gallery.collection_id, gallery.engine_version])
    return removed


def next_missing(
    gallery: GalleryRef, *, after: uuid.UUID | None, most: int, given_up: Sequence[uuid.UUID] = ()
) -> list[uuid.UUID]:
    """Return the next faces of the collection that have no template in this index, in the order of their ids."""
    with connections["default"].cursor() as cursor:
        cursor.execute(_NEXT, [*_missing_from(gallery, given_up), after or _FIRST, most])
        return [face_id for (face_id,) in cursor.fetchall()]


def count_missing(gallery: GalleryRef, *, given_up: Sequence[uuid.UUID] = ()) -> int:
    """Return how many faces of the collection have no template in this index, but for those that were given up."""
    with connections["default"].cursor() as cursor:
        cursor.execute(_COUNT, _missing_from(gallery, given_up))
        return int(cursor.fetchone()[0])


def _missing_from(gallery: GalleryRef, given_up: Sequence[uuid.UUID]) -> list[Any]:
    whose = (gallery.tenant_id, gallery.collection_id)
    return [*whose, gallery.collection_id, gallery.partition_no, *whose, list(given_up)]
