"""Images of accepted jobs in files: as they were sent or not at all, for nobody else to read, gone when done with."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from recognition import staging
from recognition.errors import StagedImageDamaged, StagingUnavailable

TENANT, JOB = uuid.UUID(int=1), uuid.UUID(int=2)


def _write(*images: bytes) -> None:
    staging.write(images, tenant_id=TENANT, job_id=JOB)


def _read(sequence: int, *, expected: bytes) -> bytes:
    digest = hashlib.sha256(expected).hexdigest()
    return staging.read(sequence, tenant_id=TENANT, job_id=JOB, digest=digest)


def _files(home: Path) -> set[str]:
    return {str(path.relative_to(home / "staging" / str(TENANT))) for path in home.rglob("*") if path.is_file()}


def test_an_image_is_read_as_it_was_written(home: Path) -> None:
    _write(b"first", b"second")

    assert [_read(0, expected=b"first"), _read(1, expected=b"second")] == [b"first", b"second"]


def test_nobody_else_may_read_it(home: Path) -> None:
    _write(b"first")

    folder = home / "staging" / str(TENANT) / str(JOB)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "0").stat().st_mode) == 0o600


def test_a_file_that_is_missing_or_changed_is_an_error(home: Path) -> None:
    _write(b"first")

    for sequence, expected in ((0, b"another"), (1, b"first")):
        with pytest.raises(StagedImageDamaged):
            _read(sequence, expected=expected)


@pytest.mark.parametrize("trouble", [OSError(24, "Too many open files"), PermissionError(13, "Permission denied")])
def test_a_file_that_cannot_be_read_now_is_not_called_damaged(
    home: Path, monkeypatch: pytest.MonkeyPatch, trouble: OSError
) -> None:
    _write(b"first")

    def refuse(_: Path) -> bytes:
        raise trouble

    with monkeypatch.context() as patch, pytest.raises(StagingUnavailable) as error:
        patch.setattr(Path, "read_bytes", refuse)
        _read(0, expected=b"first")

    assert error.value.retryable
    assert _read(0, expected=b"first") == b"first"


def test_a_job_is_staged_once(home: Path) -> None:
    _write(b"first")

    with pytest.raises(StagingUnavailable):
        _write(b"again")


def test_nothing_is_left_of_a_job_that_the_disk_did_not_take(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[Path] = []
    write = staging.write_new

    def write_until_full(path: Path, data: bytes) -> None:
        if written:
            raise OSError(28, "No space left on device")
        written.append(path)
        write(path, data)

    monkeypatch.setattr(staging, "write_new", write_until_full)

    with pytest.raises(StagingUnavailable) as error:
        _write(b"first", b"second")

    assert _files(home) == set()
    assert (error.value.status, error.value.extra) == (503, {"retry_after": 10})


def test_images_are_removed_one_by_one_and_more_than_once(home: Path) -> None:
    _write(b"first", b"second", b"third")

    for _ in range(2):
        staging.remove_images([0, 2, 7], tenant_id=TENANT, job_id=JOB)

    assert _files(home) == {f"{JOB}/1"}


def test_a_job_is_removed_whole_and_more_than_once(home: Path) -> None:
    _write(b"first", b"second")

    for _ in range(2):
        staging.remove(tenant_id=TENANT, job_id=JOB)

    assert _files(home) == set()


def test_a_folder_that_cannot_be_removed_now_is_left_to_the_sweep(
    home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    _write(b"first")

    def refuse(_: Path) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", refuse)
        staging.remove(tenant_id=TENANT, job_id=JOB)

    assert f"staged folder {JOB} could not be removed" in caplog.text
    assert list(staging.jobs_older_than(-1)) == [(TENANT, JOB)]


def test_it_finds_the_jobs_that_have_not_changed_for_so_long(home: Path) -> None:
    assert list(staging.jobs_older_than(60)) == []
    _write(b"first")
    fresh = uuid.uuid4()
    staging.write([b"fresh"], tenant_id=TENANT, job_id=fresh)
    old = time.time() - 61
    os.utime(home / "staging" / str(TENANT) / str(JOB), (old, old))

    assert list(staging.jobs_older_than(60)) == [(TENANT, JOB)]


def test_a_job_that_ends_while_it_looks_is_passed_over(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _write(b"first")
    glob = Path.glob

    def glob_then_remove(path: Path, pattern: str) -> Iterator[Path]:
        for found in glob(path, pattern):
            staging.remove(tenant_id=TENANT, job_id=JOB)
            yield found

    monkeypatch.setattr(Path, "glob", glob_then_remove)

    assert list(staging.jobs_older_than(-1)) == []


@pytest.mark.parametrize("stray", ["lost+found/inode", f"{TENANT}/.nfs0001", f"{TENANT}/notes/file"])
def test_what_does_not_belong_there_does_not_stop_it(home: Path, stray: str) -> None:
    """A folder of the file system's own must not keep the sweep from everything else."""
    _write(b"first")
    path = home / "staging" / stray
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("not ours")

    assert list(staging.jobs_older_than(-1)) == [(TENANT, JOB)]
    assert path.exists()
