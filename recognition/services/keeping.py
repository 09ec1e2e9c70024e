"""Keeping pictures: announce a file, write it, refer to it; and take files away that no image refers to.

The row is committed before the file is written and goes after the file, so a process that is killed anywhere leaves no
file that the sweep does not know of, and an image that was acknowledged has its file.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Collection as CollectionOf
from dataclasses import replace
from typing import Final

from django.db import DatabaseError, InterfaceError, connections, transaction
from django.db.models.functions import Now

from common.context import tenant_scope
from common.ids import new_id
from recognition import storage
from recognition.errors import StorageUnavailable
from recognition.models import Collection, Image, StoredFile
from recognition.services.examination import Examined

logger = logging.getLogger(__name__)

# A file that was announced and is not referred to yet: its enrolment may be about to commit.
GRACE_SECONDS: Final = 600
# Files that are taken away by who deletes images; the sweep takes the rest.
MOST_AT_ONCE: Final = 100
# Files that the sweep takes away in one transaction: their rows are locked for so long.
_SWEPT_AT_ONCE: Final = 20

_ANNOUNCE: Final = """
    INSERT INTO recognition_storedfile AS kept (id, tenant_id, digest, size_bytes, unused_since)
    VALUES (%s, %s, %s, %s, clock_timestamp())
    ON CONFLICT (tenant_id, digest) DO UPDATE SET unused_since = clock_timestamp()
    RETURNING id
"""


def keep(examined: Examined, *, data: bytes, collection: Collection) -> Examined:
    """Keep the bytes of a picture with faces to enrol where its collection says so. No transaction may be open.

    Returns:
        The same, with the file that is now there; `refer_to` it in the transaction that stores the image.

    Raises:
        StorageUnavailable: it could not be written.
    """
    if not collection.store_images or not examined.faces:
        return examined
    picture, tenant_id = examined.picture, collection.tenant_id
    with tenant_scope(tenant_id), connections["default"].cursor() as cursor:
        cursor.execute(_ANNOUNCE, [new_id(), tenant_id, picture.digest, len(data)])
        (file_id,) = cursor.fetchone()
    storage.write(data, tenant_id=tenant_id, digest=picture.digest)
    return replace(examined, picture=replace(picture, file_id=file_id))


def refer_to(files: CollectionOf[uuid.UUID], *, tenant_id: uuid.UUID) -> None:
    """Say that images of the open transaction use these files: they stay.

    Who took a file away may have been killed before its row was gone, and so the storage is asked, once nobody else can
    take it away. A row that says nothing of being unused has an image, and a file.

    Raises:
        StorageUnavailable: one was taken away a moment ago, with the last image of it. Write it again.
    """
    locked = _lock(files, tenant_id=tenant_id)
    doubtful = [file for file in locked if file.unused_since is not None]
    if len(locked) < len(set(files)) or not all(storage.is_there(tenant_id, digest=file.digest) for file in doubtful):
        raise StorageUnavailable("The picture was deleted while it was enrolled again.", retry_after=1)
    StoredFile.objects.filter(tenant_id=tenant_id, id__in=[file.id for file in locked]).update(unused_since=None)


def release(files: CollectionOf[uuid.UUID], *, tenant_id: uuid.UUID) -> None:
    """Say that images of these files are gone, and take away, once committed, those that no image is left of."""
    locked = [file.id for file in _lock(files, tenant_id=tenant_id)]
    StoredFile.objects.filter(tenant_id=tenant_id, id__in=locked).update(unused_since=Now())
    transaction.on_commit(lambda: _reclaim_soon(locked[:MOST_AT_ONCE], tenant_id=tenant_id))


def forget_pictures(collection: Collection) -> None:
    """Keep no picture of a locked collection any longer; its images stay, without bytes."""
    images = Image.objects.filter(tenant_id=collection.tenant_id, collection_id=collection.id, file__isnull=False)
    files = set(images.values_list("file_id", flat=True))
    images.update(file=None)
    release(files, tenant_id=collection.tenant_id)


def reclaim(files: CollectionOf[uuid.UUID], *, tenant_id: uuid.UUID) -> int:
    """Delete those of the files that no image refers to, and then their rows; return how many there were.

    Who refers to a file locks its row, as this does: an image that is about to be committed is waited for. A file that
    cannot be deleted goes to the end of the sweep's queue, and those behind it here are left as they are.

    Raises:
        StorageUnavailable: a file may still be there, and so is its row. Those before it are gone.
    """
    with tenant_scope(tenant_id):
        locked = _lock(files, tenant_id=tenant_id)
        ids = [file.id for file in locked]
        # A second statement: it sees what was committed before the locks were had.
        used = set(Image.objects.filter(tenant_id=tenant_id, file_id__in=ids).values_list("file_id", flat=True))
        StoredFile.objects.filter(tenant_id=tenant_id, id__in=used).update(unused_since=None)
        gone: list[uuid.UUID] = []
        trouble: StorageUnavailable | None = None
        for file in (file for file in locked if file.id not in used):
            try:
                storage.remove(tenant_id, digest=file.digest)
            except StorageUnavailable as error:
                trouble = error
                _postpone([file.id], tenant_id=tenant_id)
                break
            gone.append(file.id)
        StoredFile.objects.filter(tenant_id=tenant_id, id__in=gone).delete()
    if trouble is not None:
        raise trouble
    return len(gone)


def sweep(*, seconds: float) -> None:
    """Take away files of whichever tenant that nobody has referred to for a while, for about so long.

    Each batch takes files away or moves some to the end of the queue, so that no tenant's troubles are all tenants'.
    """
    until = time.monotonic() + seconds
    while found := _unused():
        for tenant_id, files in found.items():
            if time.monotonic() >= until:
                return
            if not _reclaim_soon(files, tenant_id=tenant_id):
                with tenant_scope(tenant_id):
                    _postpone(files, tenant_id=tenant_id)


def _unused() -> dict[uuid.UUID, list[uuid.UUID]]:
    """Return the next files that are not used, by tenant, those first that wait longest."""
    found: dict[uuid.UUID, list[uuid.UUID]] = {}
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT tenant_id, id FROM custos_unused_files(%s, %s)", [GRACE_SECONDS, _SWEPT_AT_ONCE])
        for tenant_id, file_id in cursor.fetchall():
            found.setdefault(tenant_id, []).append(file_id)
    return found


def _postpone(files: CollectionOf[uuid.UUID], *, tenant_id: uuid.UUID) -> None:
    StoredFile.objects.filter(tenant_id=tenant_id, id__in=files, unused_since__isnull=False).update(unused_since=Now())


def _reclaim_soon(files: CollectionOf[uuid.UUID], *, tenant_id: uuid.UUID) -> bool:
    """Reclaim files; what cannot be done now is the sweep's. Return whether the database let any of it be done."""
    try:
        reclaim(files, tenant_id=tenant_id)
    except StorageUnavailable:
        logger.exception("some of %d kept pictures could not be taken away yet", len(files))
    except (DatabaseError, InterfaceError):
        logger.exception("%d kept pictures could not be taken away yet", len(files))
        return False
    return True


def _lock(files: CollectionOf[uuid.UUID], *, tenant_id: uuid.UUID) -> list[StoredFile]:
    """Lock the rows, always in the same order, so that nobody waits for each other."""
    rows = StoredFile.objects.select_for_update().filter(tenant_id=tenant_id, id__in=set(files))
    return list(rows.order_by("digest"))
