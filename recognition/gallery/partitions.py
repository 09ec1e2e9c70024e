"""Dedicated partitions: a collection that has grown is moved out of its shared partition, while it is used.

Nothing is compared or given away here, so no permit is needed. Enrolments and deletions lock the collection's row
before they touch its templates, and so does the move; a search that started before it notices (`pgvector`).
"""

from __future__ import annotations

import logging
import time
import uuid
from typing import Final

from django.conf import settings
from django.db import OperationalError, connections, transaction
from psycopg.errors import LockNotAvailable

from common.context import tenant_scope
from recognition.errors import GalleryBusy
from recognition.models import Collection

logger = logging.getLogger(__name__)

# Planning slows with the number of partitions: .18 ms at 1,000 (SEARCH 2.1). Beyond, collections stay where they are.
MOST_PARTITIONS: Final = 1_000
_ATTEMPTS: Final = 8
_FIRST_PAUSE_SECONDS: Final = 0.05

_CREATE: Final = "SELECT custos_create_template_partition(%s)"
_CLAIM: Final = """
    UPDATE recognition_templatepartition SET is_free = false
    WHERE partition_no = (
        SELECT partition_no FROM recognition_templatepartition WHERE is_free
        ORDER BY partition_no LIMIT 1 FOR UPDATE SKIP LOCKED
    )
    RETURNING partition_no
"""
_MOVE: Final = """
    UPDATE recognition_template SET partition_no = %s
    WHERE partition_no = %s AND tenant_id = %s AND collection_id = %s
"""


def is_due(collection: Collection) -> bool:
    """Whether the collection is large enough for a partition of its own and has none."""
    return not collection.has_own_partition and collection.face_count >= settings.CUSTOS_DEDICATED_PARTITION_FACES


def promote(collection_id: uuid.UUID, *, tenant_id: uuid.UUID) -> bool:
    """Move a grown collection to a partition of its own; return whether it was moved. Safe to repeat.

    Raises:
        GalleryBusy: no partition could be attached because of other work; try again later.
    """
    for _ in range(_ATTEMPTS):
        moved = _move(collection_id, tenant_id=tenant_id)
        if moved is not None:
            return moved
        if not _create_partition():
            logger.warning("collection %s stays in a shared partition: %d exist", collection_id, MOST_PARTITIONS)
            return False
    raise GalleryBusy(retry_after=60)


def _move(collection_id: uuid.UUID, *, tenant_id: uuid.UUID) -> bool | None:
    """Move the templates into a free partition; False: no need; None: no partition is free."""
    with tenant_scope(tenant_id), connections["default"].cursor() as cursor:
        rows = Collection.objects.select_for_update().filter(tenant_id=tenant_id, id=collection_id)
        collection = rows.first()
        if collection is None or not is_due(collection):
            return False
        cursor.execute(_CLAIM)
        claimed = cursor.fetchone()
        if claimed is None:
            return None
        # Between the two updates the templates' partition is not the collection's; at the commit it must be.
        cursor.execute("SET CONSTRAINTS template_agrees_with_collection DEFERRED")
        cursor.execute(_MOVE, [claimed[0], collection.partition_no, tenant_id, collection_id])
        rows.update(partition_no=claimed[0])
    return True


def claim_partition() -> int | None:
    """Take a dedicated partition in the open transaction; None when there are as many as may be.

    Raises:
        GalleryBusy: none could be attached because of other work; try again later.
    """
    with connections["default"].cursor() as cursor:
        for _ in range(_ATTEMPTS):
            cursor.execute(_CLAIM)
            if claimed := cursor.fetchone():
                return int(claimed[0])
            if not _create_partition():
                return None
    raise GalleryBusy(retry_after=60)


def _create_partition() -> bool:
    """Attach a new, free partition; False when there are as many as may be.

    Raises:
        GalleryBusy: the lock was not to be had.
    """
    for attempt in range(_ATTEMPTS):
        try:
            with transaction.atomic(), connections["default"].cursor() as cursor:
                cursor.execute(_CREATE, [MOST_PARTITIONS])
                return cursor.fetchone()[0] is not None
        except OperationalError as error:
            if not isinstance(error.__cause__, LockNotAvailable):
                raise
            time.sleep(_FIRST_PAUSE_SECONDS * 2**attempt)
    raise GalleryBusy(retry_after=60)
