"""Where kept pictures lie: the Django storage `images`, each under `<tenant>/<two digits>/<SHA-256 of its bytes>`.

Two tenants never share a path. Which files there must be is known from rows alone (`models.StoredFile`): nothing here
lists a storage. Never served from here: pictures are read through `services.images`.
"""

from __future__ import annotations

import hashlib
import logging
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, Storage, storages

from common.durable import sync_directory, write_new
from common.ids import new_id
from recognition.errors import StorageUnavailable, StoredImageDamaged

logger = logging.getLogger(__name__)


class ImageFolder(FileSystemStorage):
    """Files in `CUSTOS_HOME/images`: there whole or not at all, on the disk for good, and for this account alone."""

    def __init__(self) -> None:
        super().__init__(allow_overwrite=True)

    @property
    def base_location(self) -> str:  # Django's remembers the first answer
        return str(Path(settings.CUSTOS_HOME) / "images")

    @property
    def location(self) -> str:
        return str(Path(self.base_location).absolute())

    @property
    def base_url(self) -> None:  # type: ignore[override]
        """None: a picture has no address of its own."""

    def delete(self, name: str) -> None:
        """Delete a file, and what a write of it left that was killed."""
        path = Path(self.path(name))
        for partial in path.parent.glob(f".{path.name}.*"):
            partial.unlink(missing_ok=True)
        super().delete(name)

    def _save(self, name: str, content: Any) -> str:
        path = Path(self.path(name))
        folders = [folder for folder in path.parents if folder.is_relative_to(self.location)]
        for folder in reversed(folders):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        partial = path.with_name(f".{path.name}.{new_id()}")
        try:
            write_new(partial, content.read())
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
        for folder in folders:
            sync_directory(folder)
        return name


def write(data: bytes, *, tenant_id: uuid.UUID, digest: str) -> None:
    """Write a picture, unless it is there.

    Raises:
        StorageUnavailable: it could not be written.
    """
    path = _path(tenant_id, digest)
    with _reachable():
        if not _storage().exists(path):
            _storage().save(path, ContentFile(data))


def is_there(tenant_id: uuid.UUID, *, digest: str) -> bool:
    """Return whether there is a file of this name.

    Raises:
        StorageUnavailable: nobody can tell now.
    """
    with _reachable():
        return _storage().exists(_path(tenant_id, digest))


def read(tenant_id: uuid.UUID, *, digest: str) -> bytes:
    """Return the bytes of a picture.

    Raises:
        StoredImageDamaged: the file is missing, or its SHA-256 is not `digest`.
        StorageUnavailable: it cannot be read now; it may be whole.
    """
    with _reachable():
        try:
            with _storage().open(_path(tenant_id, digest)) as file:
                data: bytes = file.read()
        except FileNotFoundError as error:
            raise StoredImageDamaged from error
    if hashlib.sha256(data).hexdigest() != digest:
        raise StoredImageDamaged
    return data


def remove(tenant_id: uuid.UUID, *, digest: str) -> None:
    """Delete a picture; one that is gone stays gone.

    Raises:
        StorageUnavailable: it may still be there.
    """
    with _reachable():
        _storage().delete(_path(tenant_id, digest))


def remove_folder(tenant_id: uuid.UUID) -> None:
    """Delete the folder of a tenant that has no files any more, and what a write that was killed left in it.

    Raises:
        StorageUnavailable: it may still be there.
    """
    storage = _storage()
    if isinstance(storage, ImageFolder):
        with _reachable():
            folder = Path(storage.path(str(tenant_id)))
            if folder.exists():
                shutil.rmtree(folder)


def _storage() -> Storage:
    return storages["images"]


def _path(tenant_id: uuid.UUID, digest: str) -> str:
    return f"{tenant_id}/{digest[:2]}/{digest}"


@contextmanager
def _reachable() -> Iterator[None]:
    try:
        yield
    except (OSError, BotoCoreError, ClientError) as error:
        # The message of a storage may name buckets and hosts: for the operator, not for the caller.
        logger.exception("the storage of pictures does not answer")
        raise StorageUnavailable(retry_after=10) from error
