"""What tests of downloads share: a file, archives that hold it, and an empty cache."""

from __future__ import annotations

import hashlib
import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from common.downloads import Member, RemoteFile, Url

CONTENT = b"weights of a model" * 1000
MEMBER = "package/model.bin"


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def sha256_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def file_of(*sources: Member | Url, content: bytes = CONTENT) -> RemoteFile:
    return RemoteFile(name="model", sha256=sha256_of(content), size=len(content), sources=sources)


def tgz(*members: tuple[str, bytes]) -> bytes:
    with io.BytesIO() as file:
        with tarfile.open(fileobj=file, mode="w:gz") as tar:
            for name, content in members:
                entry = tarfile.TarInfo(name)
                entry.size = len(content)
                if name.endswith("/"):
                    entry.type = tarfile.DIRTYPE
                tar.addfile(entry, io.BytesIO(content))
        return file.getvalue()


def zipped(*members: tuple[str, bytes]) -> bytes:
    with io.BytesIO() as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in members:
                archive.writestr(name, content)
        return file.getvalue()


def files_below(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
