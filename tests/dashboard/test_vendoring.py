"""The files of others are the declared ones, and can be fetched anew."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from common.downloads import RemoteFile
from dashboard import vendoring


def test_every_file_has_its_declared_digest() -> None:
    for vendored in vendoring.FILES:
        data = (vendoring.FOLDER / vendored.path).read_bytes()

        assert hashlib.sha256(data).hexdigest() == vendored.file.sha256, vendored.path
        assert len(data) == vendored.file.size, vendored.path


def test_every_folder_has_a_licence_and_a_true_checksum_list() -> None:
    folders = [path for path in vendoring.FOLDER.iterdir() if path.is_dir()]

    assert folders
    for folder in folders:
        assert (folder / "LICENSE").is_file(), folder.name
        assert (folder / vendoring.CHECKSUMS).read_text() == vendoring.checksums_of(folder), folder.name


def test_nothing_is_vendored_that_is_not_declared() -> None:
    found = {str(path.relative_to(vendoring.FOLDER)) for path in vendoring.FOLDER.rglob("*") if path.is_file()}
    lists = {f"{Path(vendored.path).parent}/{vendoring.CHECKSUMS}" for vendored in vendoring.FILES}

    assert found == {vendored.path for vendored in vendoring.FILES} | lists


def test_it_fetches_them_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def from_the_repository(file: RemoteFile, **_: object) -> Path:
        return next(vendoring.FOLDER / each.path for each in vendoring.FILES if each.file == file)

    monkeypatch.setattr(vendoring, "fetch", from_the_repository)

    written = vendoring.refresh(folder=tmp_path, cache_dir=tmp_path / "cache")

    for path in written:
        assert path.read_bytes() == (vendoring.FOLDER / path.relative_to(tmp_path)).read_bytes()


def test_the_own_script_stays_small() -> None:
    script = vendoring.FOLDER.parent / "app.js"

    assert len(script.read_text().splitlines()) < 200
