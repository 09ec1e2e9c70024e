"""The first staff: made once, at least two of each kind, who then set up their second factor."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command
from django.db import connections

from common.ids import new_id
from tenants.models import User
from tests.conftest import admin_connection
from tests.people import LOGIN, browser

Names = list[str]


@pytest.fixture
def names() -> Names:
    return [f"first-{number}-{new_id().hex[-12:]}" for number in range(4)]


def _arguments(names: Names, *, officers: int = 2) -> list[str]:
    people = [f"{name}={name}@example.test" for name in names]
    chosen = [f"--officer={person}" for person in people[:officers]]
    return [*chosen, *(f"--oversight={person}" for person in people[2:])]


@pytest.fixture
def no_staff() -> object:
    """The tests' own staff steps aside for a moment; the administrator of the database may what nobody else may."""
    database = connections["default"].settings_dict["NAME"]
    with admin_connection(database) as admin:
        admin.execute("ALTER TABLE tenants_user DISABLE TRIGGER user_staff_role_stays")
        roles = admin.execute("SELECT id, staff_role FROM tenants_user WHERE staff_role <> ''").fetchall()
        admin.execute("UPDATE tenants_user SET staff_role = ''")
        yield None
        for user_id, role in roles:
            admin.execute("UPDATE tenants_user SET staff_role = %s WHERE id = %s", [role, user_id])
        admin.execute("ALTER TABLE tenants_user ENABLE TRIGGER user_staff_role_stays")


def test_it_makes_them_once(no_staff: None, names: Names, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("bootstrap_officers", *_arguments(names))

    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [(role, name) for role, name, _ in lines] == [
        ("officer", names[0]), ("officer", names[1]), ("oversight", names[2]), ("oversight", names[3]),
    ]  # fmt: skip
    client = browser()
    client.post(LOGIN, {"login": names[0], "password": lines[0][2]})
    assert client.get("/admin/")["Location"].startswith("/accounts/2fa/totp/activate/")
    with pytest.raises(CommandError, match="once"):
        call_command("bootstrap_officers", *_arguments([f"{name}-again" for name in names]))


def test_nobody_decides_alone(names: Names) -> None:
    with pytest.raises(CommandError, match="nobody decides alone"):
        call_command("bootstrap_officers", *_arguments(names, officers=1))


def test_a_name_twice_makes_none(no_staff: None, names: Names) -> None:
    with pytest.raises(CommandError, match="already"):
        call_command("bootstrap_officers", *_arguments([names[0], names[1], names[2], names[0]]))

    assert not User.objects.filter(username__in=names).exists()
