"""The world of the tests: real PostgreSQL and Valkey, a database of its own for each test process, committed rows.

`tests.plugin` starts the services. The migrated database is a template; each process clones it, so nothing is ever
flushed (the audit log refuses it). Tests keep apart by tenant: every `world` makes new ones.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import hypothesis
import psycopg
import pytest
from pytest_django import DjangoDbBlocker

from tests.plugin import ADMIN_URL

TEMPLATE = "custos"

# A shared machine makes single examples slow now and then; time is measured in benchmarks, not here.
hypothesis.settings.register_profile("custos", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("custos")


def admin_connection(database: str = "postgres") -> psycopg.Connection[tuple[object, ...]]:
    """Connect as the superuser of the embedded PostgreSQL."""
    return psycopg.connect(os.environ[ADMIN_URL], dbname=database, autocommit=True)


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
    with admin_connection() as admin:
        admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def worker_name() -> str:
    return os.environ.get("PYTEST_XDIST_WORKER", "gw")


pytest_plugins = ["tests.worlds"]
