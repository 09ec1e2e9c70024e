"""A key that was issued before secrets had a table of their own still opens the door after the upgrade."""

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
from tenants import credentials
from tests.conftest import admin_connection
from tests.plugin import ADMIN_URL, REPOSITORY

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

BEFORE = "0002_row_security"


@pytest.fixture
def url() -> Iterator[str]:
    """An empty, prepared database."""
    name = f"custos_upgrade_{os.getpid()}"
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


def test_its_secret_is_moved(url: str) -> None:
    _migrate(url, "tenants", BEFORE)
    tenant_id, key_id, text = new_id(), new_id(), credentials.new_key_text()
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(
            "INSERT INTO tenants_tenant (id, slug, name, category) VALUES (%s, 'old', 'Old', 'personal')", [tenant_id]
        )
        admin.execute(
            """INSERT INTO tenants_apikey (id, tenant_id, public_id, secret_digest, label, operations, purposes,
                                           end_users, jurisdictions, default_purpose, default_jurisdiction)
               VALUES (%s, %s, %s, %s, 'old', '{detect}', '{photo_organisation}', '{}', '{}',
                       'photo_organisation', 'US')""",
            [key_id, tenant_id, text.public_id, text.digest],
        )

    _migrate(url)

    with psycopg.connect(url, autocommit=True) as admin:
        found = admin.execute(
            "SELECT id, tenant_id, secret_digest, signing_secret, is_live FROM custos_find_api_key(%s)",
            [text.public_id],
        ).fetchall()
    assert found == [(key_id, tenant_id, text.digest, None, True)]
