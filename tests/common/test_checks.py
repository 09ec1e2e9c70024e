"""Production refuses unsafe defaults."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.db import connections

from common.ids import new_id
from config.checks import nobody_is_superuser, production_is_safe
from tenants.models import User
from tests.conftest import admin_connection

SAFE: dict[str, Any] = {
    "CUSTOS_ENV": "production",
    "DEBUG": False,
    "SECRET_KEY": "x" * 64,
    "ALLOWED_HOSTS": ["custos.example.org"],
    "CUSTOS_ENGINE": "onnx",
    "SESSION_COOKIE_SECURE": True,
    "CSRF_COOKIE_SECURE": True,
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
        ("SESSION_COOKIE_SECURE", False, "custos.E007"),
        ("CSRF_COOKIE_SECURE", False, "custos.E007"),
        ("MIDDLEWARE", [], "custos.E008"),
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


def test_the_production_settings_keep_cookies_to_https() -> None:
    from config.settings import prod

    assert prod.SESSION_COOKIE_SECURE and prod.CSRF_COOKIE_SECURE and prod.SESSION_COOKIE_HTTPONLY


def test_it_refuses_a_superuser_even_when_the_constraint_is_gone(home: Path) -> None:
    user = User.objects.create_user(f"power-{new_id().hex[-12:]}", staff_role="operator")
    database = connections["default"].settings_dict["NAME"]
    assert nobody_is_superuser(None, databases=["default"]) == []
    with admin_connection(database) as admin:
        admin.execute("ALTER TABLE tenants_user DROP CONSTRAINT nobody_is_superuser")
        try:
            admin.execute("UPDATE tenants_user SET is_superuser = true WHERE id = %s", [user.id])
            found = nobody_is_superuser(None, databases=["default"])
        finally:
            admin.execute("UPDATE tenants_user SET is_superuser = false WHERE id = %s", [user.id])
            admin.execute("ALTER TABLE tenants_user ADD CONSTRAINT nobody_is_superuser CHECK (NOT is_superuser)")

    assert [message.id for message in found] == ["custos.E009"]
    assert nobody_is_superuser(None, databases=None) == [], "not asked for the database: not looked at"
