"""The world of the tests: real PostgreSQL and Valkey, a database of its own for each test process, committed rows.

The embedded services start once, in the first process. The migrated database is a template; each process clones it, so
nothing is ever flushed (the audit log refuses it). Tests keep apart by tenant: every `world` makes new ones.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest
from pytest_django import DjangoDbBlocker

REPOSITORY = Path(__file__).resolve().parents[1]
TEMPLATE = "custos"

_services = ExitStack()


def pytest_configure(config: pytest.Config) -> None:
    """Start the services before Django reads its settings; processes of xdist inherit the environment."""
    if "PYTEST_XDIST_WORKER" in os.environ or os.environ.get("CUSTOS_TEST_ADMIN_URL") or config.option.collectonly:
        return
    from instance.services import embedded_services

    home = Path(tempfile.mkdtemp(prefix="custos-test-"))
    _services.callback(shutil.rmtree, home, ignore_errors=True)
    endpoints = _services.enter_context(embedded_services(home, ephemeral=True))
    os.environ.update(endpoints.environment())
    os.environ["CUSTOS_TEST_ADMIN_URL"] = endpoints.admin_database_url
    os.environ["CUSTOS_ENV"] = "test"
    os.environ["CUSTOS_MODELS_DIR"] = os.environ.get("CUSTOS_MODELS_DIR") or str(REPOSITORY / "var" / "models")
    _migrate()


def pytest_unconfigure(config: pytest.Config) -> None:
    _services.close()


def _migrate() -> None:
    environment = {**os.environ, "CUSTOS_DATABASE_ROLE": "custos_owner"}
    for command in (["migrate", "--verbosity", "0"], ["publish_policy"]):
        if command[0] != "migrate":
            environment["CUSTOS_DATABASE_ROLE"] = "custos_app"
        subprocess.run(
            [sys.executable, "manage.py", *command], cwd=REPOSITORY, env=environment, check=True, stdout=subprocess.DEVNULL
        )


def admin_connection(database: str = "postgres") -> psycopg.Connection[tuple[object, ...]]:
    """Connect as the superuser of the embedded PostgreSQL."""
    return psycopg.connect(os.environ["CUSTOS_TEST_ADMIN_URL"], dbname=database, autocommit=True)


@pytest.fixture(scope="session")
def django_db_modify_db_settings() -> None:
    """Nothing to modify: `django_db_setup` clones the template itself."""


@pytest.fixture(scope="session", autouse=True)
def django_db_setup(django_db_blocker: DjangoDbBlocker, worker_name: str) -> Iterator[None]:
    """Give this process its own clone of the migrated database, and let every test use it."""
    from django.conf import settings
    from django.db import connections

    from governance.audit.pool import close_ledger_pool

    name = f"custos_{worker_name}"
    with admin_connection() as admin:
        admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        admin.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} OWNER custos_owner")
        admin.execute(f"GRANT CONNECT ON DATABASE {name} TO PUBLIC")
    for alias in connections:
        settings.DATABASES[alias]["NAME"] = name
        connections[alias].settings_dict["NAME"] = name
    with django_db_blocker.unblock():
        yield
        close_ledger_pool()
        for connection in connections.all():
            connection.close()
            if hasattr(connection, "close_pool"):
                connection.close_pool()
    with admin_connection() as admin:
        admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def worker_name() -> str:
    return os.environ.get("PYTEST_XDIST_WORKER", "gw")


pytest_plugins = ["tests.worlds"]
