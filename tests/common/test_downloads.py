"""Files by digest: out of a package of a registry, or from a URL; verified, cached, or a failure that says what to do.

`npm` is a program that stands in its place on PATH; `pip` is the real one, with a folder for its index.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import ssl
import sys
import tarfile
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from common import downloads
from common.downloads import (
    DownloadFailed,
    Member,
    NodePackage,
    PythonPackage,
    RemoteFile,
    Url,
    cached_path,
    default_cache_dir,
    fetch,
)

CONTENT = b"weights of a model" * 1000
MEMBER = "package/model.bin"
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
        return NodePackage(name="package", version="1.0.0", sha256=_sha256(archive), size=len(archive))

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


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _file(*sources: Member | Url, content: bytes = CONTENT) -> RemoteFile:
    return RemoteFile(name="model", sha256=_sha256(content), size=len(content), sources=sources)


def _tgz(*members: tuple[str, bytes]) -> bytes:
    with io.BytesIO() as file:
        with tarfile.open(fileobj=file, mode="w:gz") as tar:
            for name, content in members:
                entry = tarfile.TarInfo(name)
                entry.size = len(content)
                if name.endswith("/"):
                    entry.type = tarfile.DIRTYPE
                tar.addfile(entry, io.BytesIO(content))
        return file.getvalue()


def _zip(*members: tuple[str, bytes]) -> bytes:
    with io.BytesIO() as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as zipped:
            for name, content in members:
                zipped.writestr(name, content)
        return file.getvalue()


def _files_below(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("pack", [_tgz, _zip])
def test_it_takes_one_member_out_of_a_package(registry: Registry, cache: Path, pack: Callable[..., bytes]) -> None:
    package = registry.offer(pack(("package/README", b"read me"), (MEMBER, CONTENT)))
    file = _file(Member(package, MEMBER))

    path = fetch(file, cache_dir=cache)

    assert path == cached_path(file, cache_dir=cache)
    assert path.read_bytes() == CONTENT
    assert _files_below(cache) == {"lock", f"files/{file.sha256}", f"archives/{package.sha256}"}
    (call,) = registry.calls
    assert call.startswith("pack package@1.0.0 --ignore-scripts --silent ")


def test_what_is_cached_needs_no_registry(registry: Registry, cache: Path) -> None:
    package = registry.offer(_tgz((MEMBER, CONTENT), ("package/other", b"other")))
    fetch(_file(Member(package, MEMBER)), cache_dir=cache)

    fetch(_file(Member(package, MEMBER)), cache_dir=cache)
    other = fetch(_file(Member(package, "package/other"), content=b"other"), cache_dir=cache)

    assert other.read_bytes() == b"other"
    assert len(registry.calls) == 1


def test_a_large_archive_is_not_kept(registry: Registry, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "_KEPT_ARCHIVE_BYTES", 10)
    file = _file(Member(registry.offer(_tgz((MEMBER, CONTENT))), MEMBER))

    assert fetch(file, cache_dir=cache).read_bytes() == CONTENT
    assert _files_below(cache) == {"lock", f"files/{file.sha256}"}


@pytest.mark.parametrize("damage", [b"something else", CONTENT[:-1], CONTENT[:-1] + b"?", b""])
def test_a_cached_file_that_was_damaged_is_fetched_again(registry: Registry, cache: Path, damage: bytes) -> None:
    file = _file(Member(registry.offer(_tgz((MEMBER, CONTENT))), MEMBER))
    cached_path(file, cache_dir=cache).parent.mkdir(parents=True)
    cached_path(file, cache_dir=cache).write_bytes(damage)

    assert fetch(file, cache_dir=cache).read_bytes() == CONTENT


def test_what_a_killed_download_left_behind_is_no_obstacle(registry: Registry, cache: Path) -> None:
    file = _file(Member(registry.offer(_tgz((MEMBER, CONTENT))), MEMBER))
    cached_path(file, cache_dir=cache).parent.mkdir(parents=True)
    cached_path(file, cache_dir=cache).with_suffix(".partial").write_bytes(b"half of it")

    assert fetch(file, cache_dir=cache).read_bytes() == CONTENT
    assert not list(cache.rglob("*.partial"))


def test_four_callers_at_once_download_once(registry: Registry, cache: Path) -> None:
    registry.behave(sleep_seconds=0.3)
    file = _file(Member(registry.offer(_tgz((MEMBER, CONTENT))), MEMBER))
    together = threading.Barrier(4)

    def call(_: int) -> bytes:
        together.wait(10)
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
    data = bytearray(_zip((MEMBER, _NOISE[:200] + CONTENT)))
    data[100] ^= 0xFF
    return bytes(data)


# the archive, and what is said of it
DAMAGED_ARCHIVES: dict[str, tuple[Callable[[], bytes], str]] = {
    "no such member of a tar": (lambda: _tgz(("package/other", b"x")), "is not in the archive"),
    "no such member of a zip": (lambda: _zip(("package/other", b"x")), "is not in the archive"),
    "a folder": (lambda: _tgz((f"{MEMBER}/", b"")), "is not a file in the archive"),
    "another content": (lambda: _tgz((MEMBER, b"?" * len(CONTENT))), "not the declared one"),
    "a truncated member": (lambda: _tgz((MEMBER, CONTENT[:-1])), "not the declared one"),
    "a member with more behind it": (lambda: _tgz((MEMBER, CONTENT + b"?")), "not the declared one"),
    "no archive": (lambda: b"<html>not found</html>" * 10, "is not in the archive"),
    "half a gzip": (_broken_gzip, "is not in the archive"),
    "a tar that ends within the member": (_tar_cut_within_its_member, "is not in the archive"),
    "a zip whose member is damaged": (_zip_with_a_damaged_member, "is not in the archive"),
}


@pytest.mark.parametrize("name", DAMAGED_ARCHIVES)
def test_an_archive_without_the_declared_content_gives_nothing(registry: Registry, cache: Path, name: str) -> None:
    make, words = DAMAGED_ARCHIVES[name]
    file = _file(Member(registry.offer(make()), MEMBER))

    with pytest.raises(DownloadFailed, match=words):
        fetch(file, cache_dir=cache)

    assert not [name for name in _files_below(cache) if name.startswith("files/")]


def test_another_archive_than_the_declared_one_is_not_opened(registry: Registry, cache: Path) -> None:
    package = registry.offer(_tgz((MEMBER, CONTENT)))
    registry.offer(_tgz((MEMBER, CONTENT), ("package/malware", b"x")))

    with pytest.raises(DownloadFailed, match=f"archive is not the declared one .SHA-256 {package.sha256}"):
        fetch(_file(Member(package, MEMBER)), cache_dir=cache)

    assert _files_below(cache) == {"lock"}


def test_two_archives_instead_of_one_are_not_opened(registry: Registry, cache: Path) -> None:
    package = registry.offer(_tgz((MEMBER, CONTENT)))
    registry.offer(b"x", name="another.tgz")

    with pytest.raises(DownloadFailed, match="not the declared one"):
        fetch(_file(Member(package, MEMBER)), cache_dir=cache)


def test_a_missing_program_is_named(registry: Registry, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = registry.offer(_tgz((MEMBER, CONTENT)))
    monkeypatch.setenv("PATH", str(registry.folder))

    with pytest.raises(DownloadFailed, match="the program 'npm' is not installed"):
        fetch(_file(Member(package, MEMBER)), cache_dir=cache)


def test_a_client_that_fails_is_quoted(registry: Registry, cache: Path) -> None:
    package = registry.offer(_tgz((MEMBER, CONTENT)))
    registry.behave(exit_code=3)

    with pytest.raises(DownloadFailed, match=r"`npm` ended with 3: .*npm error something broke"):
        fetch(_file(Member(package, MEMBER)), cache_dir=cache)


def test_a_client_that_hangs_is_ended(registry: Registry, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "_CLIENT_TIMEOUT_SECONDS", 0.3)
    registry.behave(sleep_seconds=60)
    package = registry.offer(_tgz((MEMBER, CONTENT)))
    started = time.monotonic()

    with pytest.raises(DownloadFailed, match="no end after"):
        fetch(_file(Member(package, MEMBER)), cache_dir=cache)

    assert time.monotonic() - started < 20
    assert _files_below(cache) == {"lock"}


def test_it_reports_progress_while_the_client_works(registry: Registry, cache: Path) -> None:
    registry.behave(sleep_seconds=0.5)
    package = registry.offer(_tgz((MEMBER, CONTENT)))
    seen: list[tuple[str, int, int]] = []

    fetch(_file(Member(package, MEMBER)), cache_dir=cache, progress=lambda *report: seen.append(report))

    assert len(seen) >= 2
    assert {name for name, _, _ in seen} == {"npm package package@1.0.0"}
    assert seen[-1][1:] == (package.size, package.size)
    assert all(0 <= done <= total == package.size for _, done, total in seen)


def test_it_tries_the_sources_in_their_order_and_tells_of_all(registry: Registry, cache: Path) -> None:
    package = registry.offer(_tgz((MEMBER, CONTENT)))
    wrong = Member(package, "package/elsewhere")

    assert fetch(_file(wrong, Member(package, MEMBER)), cache_dir=cache).read_bytes() == CONTENT
    cached_path(_file(), cache_dir=cache).unlink()
    with pytest.raises(DownloadFailed) as failure:
        fetch(_file(wrong, Url("http://localhost/model.bin")), cache_dir=cache)

    detail = failure.value.detail
    assert "- package/elsewhere of the npm package package@1.0.0: package/elsewhere is not in the archive" in detail
    assert "- http://localhost/model.bin: not an https address" in detail
    assert f"put the file with SHA-256 {_sha256(CONTENT)} at {cache}" in detail
    assert (failure.value.status, failure.value.code) == (503, "download-failed")


# --- pip ---


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that pip takes for its index."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def _wheel(index: Path) -> PythonPackage:
    metadata = b"Metadata-Version: 2.1\nName: pretend-models\nVersion: 1.0\n"
    tags = b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    data = _zip(
        (MEMBER, CONTENT),
        ("pretend_models-1.0.dist-info/METADATA", metadata),
        ("pretend_models-1.0.dist-info/WHEEL", tags),
        ("pretend_models-1.0.dist-info/RECORD", b""),
    )
    (index / "pretend_models-1.0-py3-none-any.whl").write_bytes(data)
    return PythonPackage(name="pretend-models", version="1.0", sha256=_sha256(data), size=len(data))


def test_it_takes_one_member_out_of_a_wheel(index: Path, cache: Path) -> None:
    file = _file(Member(_wheel(index), MEMBER))

    assert fetch(file, cache_dir=cache).read_bytes() == CONTENT


def test_pip_itself_refuses_another_wheel_than_the_declared_one(index: Path, cache: Path) -> None:
    wheel = replace(_wheel(index), sha256="0" * 64)

    with pytest.raises(DownloadFailed, match=r"Python package pretend-models==1\.0 .wheel.: .* ended with 1"):
        fetch(_file(Member(wheel, MEMBER)), cache_dir=cache)


@pytest.mark.parametrize(
    ("kind", "target", "options"),
    [
        ("wheel", None, ["--only-binary", ":all:"]),
        ("sdist", None, ["--no-binary", ":all:"]),
        (
            "wheel",
            ("3.11", "manylinux2014_x86_64"),
            ["--only-binary", ":all:", "--python-version", "3.11", "--implementation", "cp"],
        ),
    ],
)
def test_pip_is_told_what_kind_of_archive_is_declared(
    tmp_path: Path, kind: str, target: tuple[str, str] | None, options: list[str]
) -> None:
    package = PythonPackage(name="models", version="2", sha256="a" * 64, size=1, kind=kind, target=target)  # type: ignore[arg-type]

    command = package.command(tmp_path)

    assert command[:4] == [sys.executable, "-m", "pip", "download"]
    assert {"--no-deps", "--require-hashes", "--no-cache-dir"} <= set(command)
    start = command.index(options[0])
    assert command[start : start + len(options)] == options
    assert (tmp_path / "requirements.txt").read_text() == f"models==2 --hash=sha256:{'a' * 64}\n"


# --- https ---


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of localhost, with its key, for this run."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "localhost.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + signed.public_bytes(serialization.Encoding.PEM)
    )
    return path


class _Publisher(BaseHTTPRequestHandler):
    """Publishes the file under /model.bin, says too much of it under /cut.bin, and knows nothing else."""

    def do_GET(self) -> None:
        if self.path not in ("/model.bin", "/cut.bin"):
            self.send_error(404)
            return
        content = CONTENT if self.path == "/model.bin" else CONTENT[:100]
        self.send_response(200)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args: object) -> None:
        """Nobody reads the log of a test's server."""


@pytest.fixture
def publisher(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a publisher whose certificate is trusted."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with HTTPServer(("127.0.0.1", 0), _Publisher) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"https://localhost:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_it_takes_a_file_from_its_publisher(publisher: str, cache: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    file = _file(Url(f"{publisher}/model.bin"))

    path = fetch(file, cache_dir=cache, progress=lambda *report: seen.append(report))

    assert path.read_bytes() == CONTENT
    assert seen[-1] == ("model", len(CONTENT), len(CONTENT))


@pytest.mark.parametrize(("path", "words"), [("/gone.bin", "HTTP Error 404"), ("/cut.bin", "not the declared one")])
def test_a_publisher_that_does_not_have_it_is_a_failed_source(
    publisher: str, cache: Path, path: str, words: str
) -> None:
    with pytest.raises(DownloadFailed, match=words):
        fetch(_file(Url(f"{publisher}{path}")), cache_dir=cache)

    assert _files_below(cache) == {"lock"}


def test_a_publisher_without_a_trusted_certificate_is_a_failed_source(
    publisher: str, cache: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "nobody.pem").touch()
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "nobody.pem"))

    with pytest.raises(DownloadFailed, match="CERTIFICATE_VERIFY_FAILED"):
        fetch(_file(Url(f"{publisher}/model.bin")), cache_dir=cache)


def test_the_cache_is_where_the_user_keeps_caches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert default_cache_dir() == Path("/somewhere/custos")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/home/somebody")
    assert default_cache_dir() == Path("/home/somebody/.cache/custos")
