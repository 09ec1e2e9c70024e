"""Model files: fetched once, converted once, refused when they are not what the manifest says."""

from __future__ import annotations

import dataclasses
import io
import shutil
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from common.downloads import RemoteFile, cached_path, default_cache_dir
from recognition.engines import weights
from recognition.engines.deepface.catalogue import SHIPPED, folder_of
from recognition.engines.deepface.files import link_shipped
from recognition.engines.errors import WeightsAltered, WeightsMissing
from recognition.engines.manifest import ANTI_SPOOFING, MODELS, OPTIONAL_MODELS, YUNET
from recognition.engines.weights import Installed, install, verified_path

DOCS = Path(__file__).resolve().parents[2] / "docs" / "reference" / "models.md"


def test_a_missing_model_names_the_command(tmp_path: Path) -> None:
    with pytest.raises(WeightsMissing, match="make models"):
        verified_path(YUNET, models_dir=tmp_path)


def test_an_altered_model_is_refused(tmp_path: Path, models_dir: Path) -> None:
    content = bytearray((models_dir / YUNET.file_name).read_bytes())
    content[1000] ^= 1
    (tmp_path / YUNET.file_name).write_bytes(content)

    with pytest.raises(WeightsAltered, match="not the declared"):
        verified_path(YUNET, models_dir=tmp_path)


def _cache_with(card_origin: RemoteFile, *, folder: Path) -> Path:
    """Return a cache that holds the published file alone, so that nothing is asked of a registry."""
    there = cached_path(card_origin, cache_dir=default_cache_dir())
    here = cached_path(card_origin, cache_dir=folder)
    here.parent.mkdir(parents=True)
    shutil.copy(there, here)
    return folder


def test_it_is_installed_from_the_cache_and_then_left_alone(
    tmp_path: Path, models_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cached_path(YUNET.origin, cache_dir=default_cache_dir()).is_file() or install(
        YUNET, models_dir=tmp_path / "first", cache_dir=default_cache_dir()
    )
    cache = _cache_with(YUNET.origin, folder=tmp_path / "cache")

    assert install(YUNET, models_dir=tmp_path / "models", cache_dir=cache) is Installed.NOW
    assert (tmp_path / "models" / YUNET.file_name).read_bytes() == (models_dir / YUNET.file_name).read_bytes()
    assert [path.name for path in (tmp_path / "models").iterdir()] == [YUNET.file_name]

    monkeypatch.setattr(weights.downloads, "fetch", lambda *_, **__: pytest.fail("it was there already"))
    assert install(YUNET, models_dir=tmp_path / "models", cache_dir=tmp_path / "nothing") is Installed.ALREADY


def test_an_altered_model_is_replaced(tmp_path: Path) -> None:
    cache = _cache_with(YUNET.origin, folder=tmp_path / "cache")
    (tmp_path / YUNET.file_name).write_bytes(b"torn")

    assert install(YUNET, models_dir=tmp_path, cache_dir=cache) is Installed.NOW
    verified_path(YUNET, models_dir=tmp_path)


def test_fixes_that_make_another_file_are_refused(tmp_path: Path) -> None:
    cache = _cache_with(YUNET.origin, folder=tmp_path / "cache")
    other = dataclasses.replace(YUNET, fixes=())

    with pytest.raises(WeightsAltered, match="pinned requirements"):
        install(other, models_dir=tmp_path / "models", cache_dir=cache)
    assert not (tmp_path / "models").exists()


def test_the_command_verifies_and_says_what_is_there(models_dir: Path, settings: Settings) -> None:
    settings.CUSTOS_MODELS_DIR = models_dir
    output = io.StringIO()

    call_command("fetch_models", check=True, stdout=output)

    for card in MODELS:
        assert f"{card.name}" in output.getvalue() and card.licence in output.getvalue()


def test_the_command_fails_when_something_is_missing(tmp_path: Path, settings: Settings) -> None:
    settings.CUSTOS_MODELS_DIR = tmp_path

    with pytest.raises(CommandError, match="make models"):
        call_command("fetch_models", check=True)


@pytest.mark.parametrize("is_broken", [False, True], ids=["no link", "a link that leads nowhere"])
def test_the_command_fails_when_the_library_would_not_find_its_weights(
    models_dir: Path, tmp_path: Path, settings: Settings, is_broken: bool
) -> None:
    settings.CUSTOS_MODELS_DIR = tmp_path
    for card in MODELS:
        (tmp_path / card.file_name).symlink_to(models_dir / card.file_name)
    link_shipped(models_dir=tmp_path)
    call_command("fetch_models", check=True, stdout=io.StringIO())
    name, link = next((name, folder_of(tmp_path) / name) for name in SHIPPED)
    link.unlink()
    if is_broken:
        link.symlink_to("nowhere")

    with pytest.raises(CommandError, match=f"{name} of the deepface library"):
        call_command("fetch_models", check=True, stdout=io.StringIO())


def _with_required_models(folder: Path, *, models_dir: Path, settings: Settings) -> None:
    settings.CUSTOS_MODELS_DIR = folder
    for card in MODELS:
        (folder / card.file_name).symlink_to(models_dir / card.file_name)


def test_an_optional_model_that_cannot_be_had_is_skipped_in_one_line(
    models_dir: Path, tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    _with_required_models(tmp_path, models_dir=models_dir, settings=settings)
    settings.CUSTOS_CACHE_DIR = tmp_path / "cache"
    monkeypatch.setenv("PATH", str(tmp_path))  # no npm here
    output, again = io.StringIO(), io.StringIO()

    call_command("fetch_models", stdout=output)
    call_command("fetch_models", check=True, stdout=again)

    (skipped,) = (line for line in output.getvalue().splitlines() if "skipped" in line)
    assert ANTI_SPOOFING.name in skipped and "the program 'npm' is not installed" in skipped
    assert f"{ANTI_SPOOFING.name} {ANTI_SPOOFING.role}: optional, skipped (not installed)" in again.getvalue()


def test_an_altered_optional_model_is_no_matter_of_choice(models_dir: Path, tmp_path: Path, settings: Settings) -> None:
    _with_required_models(tmp_path, models_dir=models_dir, settings=settings)
    link_shipped(models_dir=tmp_path)
    (tmp_path / ANTI_SPOOFING.file_name).write_bytes(b"something else")

    with pytest.raises(CommandError, match="not the declared face-anti-spoofing"):
        call_command("fetch_models", check=True, stdout=io.StringIO())
    call_command("fetch_models", check=True, required_only=True, stdout=io.StringIO())


def test_the_documentation_names_every_model_with_licence_and_digests() -> None:
    page = DOCS.read_text()

    for card in (*MODELS, *OPTIONAL_MODELS):
        for fact in (card.name, card.licence, card.origin.sha256, card.sha256, *map(str, card.origin.sources)):
            assert fact in page, f"{fact} of {card.name}"
