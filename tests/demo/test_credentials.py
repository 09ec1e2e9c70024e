"""The log-ins of the demo world: written whole and private, read back the same."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from demo import world
from tests.people import one_time_code

CREDENTIALS = world.Credentials(
    "http://127.0.0.1:8000",
    [world.TenantLogIns("police", "Police", "law_enforcement", "key-1", [world.LogIn("owner", "p", "secret")])],
    [world.LogIn("officer", "o", "secret", "JBSWY3DPEHPK3PXP")],
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


def test_those_of_an_earlier_version_are_still_read(tmp_path: Path) -> None:
    path = world.credentials_path(tmp_path)
    world._write(path, CREDENTIALS)
    content = json.loads(path.read_text())
    for name in ("access_key_id", "secret_access_key"):
        del content["tenants"][0][name]
    del content["staff"][0]["totp_secret"]
    path.write_text(json.dumps(content))

    found = world.read_credentials(tmp_path)

    assert found is not None
    assert (found.staff[0].totp_secret, found.tenants[0].access_key_id) == ("", "")


def test_the_one_time_code_is_the_authenticators(
    tmp_path: Path, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.CUSTOS_HOME = tmp_path
    world._write(world.credentials_path(tmp_path), CREDENTIALS)
    before = one_time_code("JBSWY3DPEHPK3PXP")

    call_command("demo_code", "o")

    assert capsys.readouterr().out.strip() in {before, one_time_code("JBSWY3DPEHPK3PXP")}
    with pytest.raises(CommandError):
        call_command("demo_code", "p")
