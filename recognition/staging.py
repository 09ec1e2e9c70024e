"""Images of accepted jobs, kept in files until they are worked on: `CUSTOS_HOME/staging/<tenant>/<job>/<sequence>`.

A file is on the disk, not just in its cache, before the job is acknowledged.
"""

from __future__ import annotations

import hashlib
import logging
import shutil
import time
import uuid
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Final

from django.conf import settings

from common.durable import sync_directory, write_new
from recognition.errors import StagedImageDamaged, StagingUnavailable

logger = logging.getLogger(__name__)

# A disk takes files that come together in about the time of one.
_WRITTEN_TOGETHER: Final = 8


def write(images: Iterable[bytes], *, tenant_id: uuid.UUID, job_id: uuid.UUID) -> None:
    """Write the images of a new job, numbered from 0, and wait until disk has them. A few at a time are in memory.

    Raises:
        StagingUnavailable: they could not be written; nothing is left of them.
    """
    folder = _folder(tenant_id, job_id)
    try:
        folder.mkdir(parents=True, mode=0o700)
        numbered = ((folder / str(sequence), data) for sequence, data in enumerate(images))
        with ThreadPoolExecutor(_WRITTEN_TOGETHER) as threads:
            while some := list(islice(numbered, _WRITTEN_TOGETHER)):
                list(threads.map(lambda each: write_new(*each), some))
        for directory in (folder, folder.parent, folder.parent.parent):
            sync_directory(directory)
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        logger.exception("images of job %s could not be staged", job_id)
        raise StagingUnavailable(retry_after=10) from error


def read(sequence: int, *, tenant_id: uuid.UUID, job_id: uuid.UUID, digest: str) -> bytes:
    """Return the bytes of one image.

    Raises:
        StagedImageDamaged: the file is missing, or its SHA-256 is not `digest`.
        StagingUnavailable: it could not be read now (open files, a disk that went away); it may be whole.
    """
    try:
        data = (_folder(tenant_id, job_id) / str(sequence)).read_bytes()
    except FileNotFoundError as error:
        raise StagedImageDamaged from error
    except OSError as error:
        raise StagingUnavailable(retry_after=10) from error
    if hashlib.sha256(data).hexdigest() != digest:
        raise StagedImageDamaged
    return data


def remove_images(sequences: Iterable[int], *, tenant_id: uuid.UUID, job_id: uuid.UUID) -> None:
    """Delete single images that are done with; what is gone already stays gone."""
    for sequence in sequences:
        (_folder(tenant_id, job_id) / str(sequence)).unlink(missing_ok=True)


def remove(*, tenant_id: uuid.UUID, job_id: uuid.UUID) -> None:
    """Delete everything that is staged for a job."""
    _remove_folder(_folder(tenant_id, job_id))


def count_jobs(tenant_id: uuid.UUID) -> int:
    """Return for how many jobs of a tenant something is staged."""
    return sum(1 for _ in (_root() / str(tenant_id)).glob("*"))


def remove_tenant(tenant_id: uuid.UUID) -> None:
    """Delete everything that is staged for a tenant."""
    _remove_folder(_root() / str(tenant_id))


def jobs_older_than(seconds: float) -> Iterator[tuple[uuid.UUID, uuid.UUID]]:
    """Return tenant and job of each staged folder that has not changed for so long; what is not ours is passed over."""
    before = time.time() - seconds
    for folder in _root().glob("*/*"):
        try:
            tenant_id, job_id = uuid.UUID(folder.parent.name), uuid.UUID(folder.name)
            if folder.stat().st_mtime < before:
                yield tenant_id, job_id
        except FileNotFoundError:
            continue  # its job ended meanwhile
        except ValueError:
            continue  # such as the file system's own lost+found


def _root() -> Path:
    return Path(settings.CUSTOS_HOME) / "staging"


def _folder(tenant_id: uuid.UUID, job_id: uuid.UUID) -> Path:
    return _root() / str(tenant_id) / str(job_id)


def _remove_folder(folder: Path) -> None:
    try:
        shutil.rmtree(folder)
    except FileNotFoundError:
        return
    except OSError:
        # The rows are gone already; the sweep tries again.
        logger.exception("staged folder %s could not be removed", folder.name)
