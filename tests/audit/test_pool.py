"""The ledger's own connections: one pool in a process, never the request's, never across a fork."""

from __future__ import annotations

import os
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from django.conf import settings
from django.db import connections

from common.context import tenant_scope
from common.vocabulary import Operation
from governance import gate
from governance.audit import ledger, pool
from governance.audit.models import AuditEntry
from governance.audit.pool import close_ledger_pool, ledger_pool
from instance.database import ROLES
from tests.conftest import admin_connection
from tests.worlds import Player

_SAFE_SESSION = "SELECT current_setting('default_transaction_isolation'), current_setting('synchronous_commit')"


def test_a_process_has_one_pool() -> None:
    together = threading.Barrier(8)
    close_ledger_pool()

    def get(_: int) -> int:
        together.wait(60)
        return id(ledger_pool())

    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(get, range(8)))) == 1


def test_a_closed_pool_is_opened_anew() -> None:
    before = ledger_pool()
    close_ledger_pool()
    close_ledger_pool()

    assert ledger_pool() is not before
    assert before.closed
    assert ledger.own_connection_now() is not None


def test_its_connections_are_not_the_requests() -> None:
    with ledger_pool().connection() as own, connections["default"].cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (request,) = cursor.fetchone()
        row = own.execute("SELECT pg_backend_pid(), current_setting('application_name'), current_user").fetchone()

    assert row is not None
    assert row[0] != request
    assert row[1:] == ("custos-ledger", "custos_app")


def test_its_size_is_set() -> None:
    assert ledger_pool().max_size == settings.LEDGER_POOL_SIZE


def test_a_connection_that_died_is_replaced() -> None:
    with ledger_pool().connection() as own:
        row = own.execute("SELECT pg_backend_pid()").fetchone()
    with admin_connection() as admin:
        admin.execute("SELECT pg_terminate_backend(%s, 5000)", [row[0] if row else None])

    assert ledger.own_connection_now() is not None


def test_many_uses_at_once_are_all_recorded(alice: Player) -> None:
    """More threads than connections: each use holds the request's connection while it wants one of the ledger's."""
    threads = settings.LEDGER_POOL_SIZE * 2
    together = threading.Barrier(threads)
    resource = gate.ResourceRef("collection", None, alice.tenant.id)
    request = gate.AccessRequest(actor=alice.actor, operation=Operation.ADMINISTER, resource=resource)

    def use(_: int) -> str:
        try:
            together.wait(60)
            with gate.authorised(request) as admission, tenant_scope(alice.tenant.id):
                admission.complete()
            return str(admission.decision_id)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(threads) as workers:
        made = set(workers.map(use, range(threads)))

    with tenant_scope(alice.tenant.id):
        outcomes = AuditEntry.objects.filter(kind="outcome", decision_id__in=made).count()
    assert len(made) == outcomes == threads


def test_connections_that_the_server_has_ended_are_replaced_at_once() -> None:
    """As after a restart of the database: every idle connection of the pool is dead."""
    together = threading.Barrier(4)

    def hold(_: int) -> None:
        with ledger_pool().connection():
            together.wait(60)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(hold, range(4)))
    with admin_connection() as admin:
        admin.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE application_name = 'custos-ledger' AND datname = %s",
            [settings.DATABASES["default"]["NAME"]],
        )

    for _ in range(6):
        assert ledger.own_connection_now() is not None


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_forked_process_opens_its_own() -> None:
    before = ledger_pool()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        child = os.fork()
    if child == 0:
        try:
            own = ledger_pool()
            with own.connection() as connection:
                answered = connection.execute("SELECT 1").fetchone() == (1,)
            os._exit(0 if answered and own is not before else 1)
        except BaseException:  # whatever happens, the child must not go on with the tests
            os._exit(2)

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert ledger_pool() is before
    assert pool._pool is not None
    assert pool._pool[0] == os.getpid()


@pytest.mark.parametrize("alias", ["default", "officer"])
def test_isolation_and_durability_are_not_the_servers_choice(alias: str) -> None:
    """A database that is configured otherwise: the fence would read old facts, a decision could be lost."""
    database = connections[alias].settings_dict["NAME"]
    close_ledger_pool()
    connections[alias].close()
    with admin_connection() as admin:
        admin.execute(f"ALTER DATABASE {database} SET default_transaction_isolation = 'serializable'")
        admin.execute(f"ALTER DATABASE {database} SET synchronous_commit = 'off'")
    try:
        with connections[alias].cursor() as cursor, ledger_pool().connection() as own:
            cursor.execute(_SAFE_SESSION)
            assert cursor.fetchone() == ("read committed", "on")
            assert own.execute(_SAFE_SESSION).fetchone() == ("read committed", "on")
    finally:
        with admin_connection() as admin:
            admin.execute(f"ALTER DATABASE {database} RESET ALL")


def test_every_role_is_pinned_for_processes_that_set_nothing_themselves() -> None:
    with admin_connection() as admin:
        pinned = dict(
            admin.execute("SELECT rolname, rolconfig FROM pg_roles WHERE rolname LIKE 'custos\\_%'").fetchall()
        )

    for role in ROLES:
        assert {
            "default_transaction_isolation=read committed",
            "synchronous_commit=on",
            "log_min_error_statement=panic",
            "log_error_verbosity=terse",
            "log_parameter_max_length_on_error=0",
        } <= set(pinned[role])


def test_the_options_of_the_address_reach_the_ledger(monkeypatch: pytest.MonkeyPatch) -> None:
    """A session that was told to require TLS refuses the server of the tests, which has none."""
    monkeypatch.setitem(settings.DATABASES["default"]["OPTIONS"], "sslmode", "require")
    close_ledger_pool()
    try:
        with pytest.raises(psycopg.OperationalError, match="SSL"):
            psycopg.connect(**ledger_pool().kwargs)
    finally:
        close_ledger_pool()
