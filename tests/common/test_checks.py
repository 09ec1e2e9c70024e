"""Production refuses unsafe defaults."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from config.checks import production_is_safe

SAFE: dict[str, Any] = {
    "CUSTOS_ENV": "production",
    "DEBUG": False,
    "SECRET_KEY": "x" * 64,
    "ALLOWED_HOSTS": ["custos.example.org"],
    "CUSTOS_ENGINE": "onnx",
}


@pytest.fixture
def home(tmp_path: Path, settings: Any) -> Path:
    keys = tmp_path / "keys"
    keys.mkdir(mode=0o700)
    for name, value in {**SAFE, "CUSTOS_HOME": tmp_path, "CUSTOS_KEYS_DIR": keys}.items():
        setattr(settings, name, value)
    return tmp_path


def _ids() -> list[str | None]:
    return [message.id for message in production_is_safe(None)]


def test_it_accepts_a_safe_production(home: Path) -> None:
    assert _ids() == []


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("DEBUG", True, "custos.E001"),
        ("SECRET_KEY", "short", "custos.E002"),
        ("ALLOWED_HOSTS", ["*"], "custos.E003"),
        ("ALLOWED_HOSTS", [], "custos.E003"),
        ("CUSTOS_ENGINE", "fake", "custos.E006"),
    ],
)
def test_it_refuses_an_unsafe_setting(home: Path, settings: Any, name: str, value: Any, expected: str) -> None:
    setattr(settings, name, value)

    assert _ids() == [expected]


def test_it_refuses_the_demo_world(home: Path) -> None:
    (home / "demo").mkdir()
    (home / "demo" / "credentials.json").write_text("{}")

    assert _ids() == ["custos.E004"]


def test_it_refuses_keys_that_others_can_read(home: Path) -> None:
    (home / "keys").chmod(0o750)

    assert _ids() == ["custos.E005"]


def test_it_lets_development_be(home: Path, settings: Any) -> None:
    settings.CUSTOS_ENV = "development"
    settings.DEBUG = True

    assert _ids() == []
