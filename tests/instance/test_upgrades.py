"""A database that was in use under earlier versions keeps, once it is brought up to date, what they promised.

The versions are gone through once: each test has put in, on the way, what its version held.
"""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from common.ids import new_id
from instance import database
from tenants.credentials import KeyText, new_key_text
from tests.conftest import admin_connection
from tests.plugin import ADMIN_URL, REPOSITORY

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

Admin = psycopg.Connection[tuple[object, ...]]


@dataclass(frozen=True, slots=True)
class OldKey:
    """A key that was issued before secrets had a table of their own."""

    tenant_id: uuid.UUID
    id: uuid.UUID
    text: KeyText


@dataclass(frozen=True, slots=True)
class OldApprovals:
    """Two approvals of one tenant and one of another, all in force: one tenant could have several."""

    first: uuid.UUID
    last: uuid.UUID
    other: uuid.UUID


@dataclass(frozen=True, slots=True)
class Upgraded:
    url: str
    key: OldKey
    approvals: OldApprovals


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """An empty, prepared database."""
    name = f"custos_upgrade_{os.getpid()}"
    admin_url = urlunsplit(urlsplit(os.environ[ADMIN_URL])._replace(path=f"/{name}"))
    database.prepare(admin_url, Path(os.environ["CUSTOS_KEYS_DIR"]))
    yield admin_url
    with admin_connection() as admin:
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="module")
def upgraded(url: str) -> Upgraded:
    _migrate(url, "governance", "0003_row_security")  # needs tenants up to 0002
    with psycopg.connect(url, autocommit=True) as admin:
        key = _issue_key(admin)
    _migrate(url, "tenants")
    with psycopg.connect(url, autocommit=True) as admin:
        approvals = _approve(admin)
    _migrate(url)
    return Upgraded(url, key, approvals)


@pytest.fixture
def admin(upgraded: Upgraded) -> Iterator[Admin]:
    with psycopg.connect(upgraded.url, autocommit=True) as connection:
        yield connection


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


def _issue_key(admin: Admin) -> OldKey:
    key = OldKey(new_id(), new_id(), new_key_text())
    admin.execute(
        "INSERT INTO tenants_tenant (id, slug, name, category) VALUES (%s, 'old', 'Old', 'personal')", [key.tenant_id]
    )
    admin.execute(
        """INSERT INTO tenants_apikey (id, tenant_id, public_id, secret_digest, label, operations, purposes,
                                       end_users, jurisdictions, default_purpose, default_jurisdiction)
           VALUES (%s, %s, %s, %s, 'old', '{detect}', '{photo_organisation}', '{}', '{}',
                   'photo_organisation', 'US')""",
        [key.id, key.tenant_id, key.text.public_id, key.text.digest],
    )
    return key


def _approve(admin: Admin) -> OldApprovals:
    people, tenants = [new_id(), new_id()], [new_id(), new_id()]
    approvals = OldApprovals(new_id(), new_id(), new_id())
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
    for approval, tenant, days in (
        (approvals.first, tenants[0], 300),
        (approvals.last, tenants[0], 100),
        (approvals.other, tenants[1], 100),
    ):
        admin.execute(
            """INSERT INTO governance_approval (id, tenant_id, purposes, operations, jurisdictions, end_users,
                                                engine_versions, valid_from, expires_at,
                                                approver_1_id, approver_2_id)
               VALUES (%s, %s, '{}', '{}', '{}', '{}', '{}', now(), now() + make_interval(days => %s), %s, %s)""",
            [approval, tenant, days, *people],
        )
    return approvals


def test_a_key_still_opens_the_door(upgraded: Upgraded, admin: Admin) -> None:
    key = upgraded.key

    found = admin.execute(
        "SELECT id, tenant_id, secret_digest, signing_secret, is_live FROM custos_find_api_key(%s)",
        [key.text.public_id],
    ).fetchall()

    assert found == [(key.id, key.tenant_id, key.text.digest, None, True)]


def test_of_several_approvals_the_one_given_last_is_in_force(upgraded: Upgraded, admin: Admin) -> None:
    in_force = admin.execute("SELECT id FROM governance_approval WHERE revoked_at IS NULL").fetchall()

    assert {row[0] for row in in_force} == {upgraded.approvals.last, upgraded.approvals.other}


def test_row_security_stays(admin: Admin) -> None:
    is_forced = admin.execute(
        "SELECT relforcerowsecurity FROM pg_class WHERE relname = 'governance_approval'"
    ).fetchone()

    assert is_forced == (True,)
