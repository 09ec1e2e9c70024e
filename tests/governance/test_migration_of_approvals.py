"""Where several approvals of a tenant were in force before the upgrade, the one given last is so after it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from common.ids import new_id
from instance import database
from tests.conftest import admin_connection
from tests.plugin import ADMIN_URL, REPOSITORY

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

BEFORE = "0003_row_security"


@pytest.fixture
def url() -> Iterator[str]:
    """An empty, prepared database."""
    name = f"custos_approvals_{os.getpid()}"
    admin_url = urlunsplit(urlsplit(os.environ[ADMIN_URL])._replace(path=f"/{name}"))
    database.prepare(admin_url, Path(os.environ["CUSTOS_KEYS_DIR"]))
    yield admin_url
    with admin_connection() as admin:
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _migrate(url: str, *target: str) -> None:
    environment = {
        **os.environ,
        "DATABASE_URL": database.without_credentials(url),
        "CUSTOS_DATABASE_ROLE": "custos_owner",
        "CUSTOS_ENV": "test",
    }
    done = subprocess.run(
        [sys.executable, "manage.py", "migrate", *target, "--verbosity", "0", "--skip-checks"],
        cwd=REPOSITORY, env=environment, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_earlier_approvals_end_and_row_security_stays(url: str) -> None:
    _migrate(url, "governance", BEFORE)
    _migrate(url, "tenants")
    people, tenants = [new_id(), new_id()], [new_id(), new_id()]
    first, last, other = new_id(), new_id(), new_id()
    with psycopg.connect(url, autocommit=True) as admin:
        for person in people:
            admin.execute(
                """INSERT INTO tenants_user (id, username, password, email, is_active, is_superuser, staff_role)
                   VALUES (%s, %s, '', '', true, false, 'officer')""",
                [person, str(person)],
            )
        for tenant in tenants:
            admin.execute(
                "INSERT INTO tenants_tenant (id, slug, name, category) VALUES (%s, %s, 'Old', 'personal')",
                [tenant, str(tenant)[-12:]],
            )
        # The first would last longest: that must not be what counts.
        for approval, tenant, days in ((first, tenants[0], 300), (last, tenants[0], 100), (other, tenants[1], 100)):
            admin.execute(
                """INSERT INTO governance_approval (id, tenant_id, purposes, operations, jurisdictions, end_users,
                                                    engine_versions, valid_from, expires_at,
                                                    approver_1_id, approver_2_id)
                   VALUES (%s, %s, '{}', '{}', '{}', '{}', '{}', now(), now() + make_interval(days => %s), %s, %s)""",
                [approval, tenant, days, *people],
            )

    _migrate(url)

    with psycopg.connect(url, autocommit=True) as admin:
        in_force = admin.execute("SELECT id FROM governance_approval WHERE revoked_at IS NULL").fetchall()
        is_forced = admin.execute(
            "SELECT relforcerowsecurity FROM pg_class WHERE relname = 'governance_approval'"
        ).fetchone()
    assert {row[0] for row in in_force} == {last, other}
    assert is_forced == (True,)
