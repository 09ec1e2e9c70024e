"""A command that somebody types finds the services of the instance that runs in a home."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from config.env import Environment
from instance import managing


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("DATABASE_URL", "BROKER_URL", "CUSTOS_WITNESS_URL", "CUSTOS_KEYS_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(managing, "service_folder", lambda home, account: home / "services")
    return tmp_path


def test_where_nothing_was_started_it_finds_nothing(home: Path) -> None:
    assert managing.addresses(Environment(home=home)) == {}


def test_it_finds_what_runs_and_leaves_what_is_external(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "services").mkdir()
    (home / "keys").mkdir()
    (home / "services" / "ports.json").write_text(json.dumps({"postgres": 5001, "valkey": 5002}))
    (home / "ports.json").write_text(json.dumps({"witness": 5003}))

    found = managing.addresses(Environment(home=home))
    monkeypatch.setenv("DATABASE_URL", "postgresql://db.example/custos")
    monkeypatch.setenv("CUSTOS_WITNESS_URL", "http://witness.example")
    external = managing.addresses(Environment(home=home))

    assert found["DATABASE_URL"] == "postgresql://127.0.0.1:5001/custos"
    assert found["BROKER_URL"].endswith("@127.0.0.1:5002/0")
    assert found["CUSTOS_WITNESS_URL"] == "http://127.0.0.1:5003"
    assert set(external) == {"BROKER_URL"}


def test_it_runs_the_command_with_them(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    called = {}
    monkeypatch.setattr(managing.subprocess, "call", lambda command, **options: called.update(options) or len(command))

    assert managing.manage(Environment(home=home), ["audit", "verify"]) == 4
    assert called["env"]["CUSTOS_KEYS_DIR"] == str(home / "keys")
