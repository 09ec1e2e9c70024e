"""The log-ins of the demo world: written whole and private, read back the same."""

from __future__ import annotations

import json
from pathlib import Path

from demo import world

CREDENTIALS = world.Credentials(
    "http://127.0.0.1:8000",
    [world.TenantLogIns("police", "Police", "law_enforcement", "key-1", [world.LogIn("owner", "p", "secret")])],
    [world.LogIn("officer", "o", "secret")],
    "face",
    "moratorium",
)


def test_they_survive_a_round_trip(tmp_path: Path) -> None:
    world._write(world.credentials_path(tmp_path), CREDENTIALS)

    assert world.read_credentials(tmp_path) == CREDENTIALS
    assert CREDENTIALS.key_of("police") == "key-1"


def test_they_are_private(tmp_path: Path) -> None:
    path = world.credentials_path(tmp_path)
    world._write(path, CREDENTIALS)

    assert path.stat().st_mode & 0o777 == 0o600
    assert [other.name for other in path.parent.iterdir()] == [path.name]
    assert json.loads(path.read_text())["tenants"][0]["slug"] == "police"


def test_there_are_none_before_the_world_is_built(tmp_path: Path) -> None:
    assert world.read_credentials(tmp_path) is None
