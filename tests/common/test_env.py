"""The environment is read once, typed, with defaults; what cannot be read stops the start with a sentence."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from config import boot, env
from config.env import REPOSITORY, VARIABLES


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in VARIABLES:
        monkeypatch.delenv(variable.name, raising=False)


def test_nothing_needs_to_be_set() -> None:
    read = env.read()

    assert (read.env, read.port, read.bind, read.database_role) == ("development", 8000, "127.0.0.1", "custos_app")
    assert (read.database_url, read.broker_url, read.email_url) == (None, None, None)
    assert read.home == REPOSITORY / "var"
    assert read.keys_dir == REPOSITORY / "var" / "keys"
    assert read.models_dir == REPOSITORY / "var" / "models"


def test_what_is_set_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", " 8001 ")
    monkeypatch.setenv("CUSTOS_HOME", "/srv/custos")
    monkeypatch.setenv("CUSTOS_MODELS_DIR", "/srv/models")
    monkeypatch.setenv("DATABASE_URL", "postgresql://db/custos")

    read = env.read()

    assert (read.port, read.database_url) == (8001, "postgresql://db/custos")
    assert (read.home, read.keys_dir, read.models_dir) == (
        Path("/srv/custos"),
        Path("/srv/custos/keys"),
        Path("/srv/models"),
    )


def test_an_empty_variable_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "")
    monkeypatch.setenv("BROKER_URL", "  ")

    assert (env.read().port, env.read().broker_url) == (8000, None)


def test_a_relative_folder_is_relative_to_the_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUSTOS_HOME", "var-two")
    monkeypatch.setenv("CUSTOS_KEYS_DIR", "~/keys")
    monkeypatch.setenv("HOME", "/home/somebody")

    assert env.read().home == REPOSITORY / "var-two"
    assert env.read().keys_dir == Path("/home/somebody/keys")


def test_the_cache_is_the_users_unless_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/caches")
    assert env.read().cache_dir == Path("/caches/custos")
    monkeypatch.setenv("CUSTOS_CACHE_DIR", "/other")
    assert env.read().cache_dir == Path("/other")


@pytest.mark.parametrize("name", ["PORT", "CUSTOS_WORKERS", "CUSTOS_WEB_THREADS", "CUSTOS_TASK_VISIBILITY_SECONDS"])
@pytest.mark.parametrize("value", ["many", "8.5", "0x10"])
def test_a_number_that_is_none_stops_the_start(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(SystemExit, match=f"{name} must be a whole number, not '{value}'"):
        env.read()


def test_every_variable_is_read_somewhere_and_every_read_is_listed() -> None:
    source = Path(env.__file__).read_text()
    read = set(re.findall(r'_(?:text|path|integer)\("(\w+)"', source))

    assert read == {variable.name for variable in VARIABLES}


@pytest.mark.parametrize(
    ("value", "module"),
    [
        (None, "config.settings.dev"),
        ("development", "config.settings.dev"),
        ("test", "config.settings.test"),
        ("production", "config.settings.prod"),
    ],
)
def test_the_environment_chooses_the_settings(monkeypatch: pytest.MonkeyPatch, value: str | None, module: str) -> None:
    import os

    monkeypatch.delenv("DJANGO_SETTINGS_MODULE")
    if value is not None:
        monkeypatch.setenv("CUSTOS_ENV", value)

    boot.choose_settings()

    assert os.environ["DJANGO_SETTINGS_MODULE"] == module


def test_an_unknown_environment_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUSTOS_ENV", "staging")

    with pytest.raises(SystemExit, match="development, test, production, not 'staging'"):
        boot.choose_settings()


def test_a_database_address_keeps_what_its_query_asks_for() -> None:
    address = env.DatabaseAddress.parse("postgresql://a:b@[::1]:5433/custos?sslmode=require&connect_timeout=3")

    assert (address.host, address.port, address.name) == ("::1", 5433, "custos")
    assert address.options == {"sslmode": "require", "connect_timeout": "3"}


@pytest.mark.parametrize(
    "url", ["postgresql://a:s3cret@db:many/custos", "mysql://a:s3cret@db", "postgresql://a:s3cret@db?x=1"]
)
def test_an_address_that_is_none_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(SystemExit, match="DATABASE_URL must look like") as refused:
        env.DatabaseAddress.parse(url)

    assert "s3cret" not in str(refused.value)


def test_the_settings_pass_the_query_on(tmp_path: Path) -> None:
    """In a process of its own: settings are read once."""
    told = {"DATABASE_URL": "postgresql://[::1]:5433/custos?sslmode=verify-full", "CUSTOS_ENV": "production"}
    code = "from config.settings import prod; d = prod.DATABASES['default']; print(d['HOST'], d['OPTIONS']['sslmode'])"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **told, "CUSTOS_HOME": str(tmp_path), "PYTHONPATH": str(REPOSITORY / "platform")},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == "::1 verify-full\n"
