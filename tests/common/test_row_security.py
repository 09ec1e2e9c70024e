"""What the migrations' helpers make of a table: bound to the tenant scope, closed to everybody else."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import psycopg
import pytest
from django.db import DatabaseError, connections, transaction
from django.db.migrations import RunSQL

from common.context import tenant_scope
from common.row_security import grant, officer_may, tenant_table
from tests.conftest import admin_connection
from tests.worlds import World

TABLE = "tests_bound_table"


def _sql(operation: RunSQL) -> str:
    assert isinstance(operation.sql, str)
    return operation.sql


@pytest.fixture
def bound_table() -> Iterator[str]:
    """A new table, made as a migration would make it."""
    with admin_connection(connections["default"].settings_dict["NAME"]) as admin:
        admin.execute(f"DROP TABLE IF EXISTS {TABLE}")
        admin.execute("SET ROLE custos_owner")
        admin.execute(f"CREATE TABLE {TABLE} (tenant_id uuid NOT NULL, word text)")
        admin.execute(_sql(tenant_table(TABLE, grants="SELECT, INSERT")))
        yield TABLE
        admin.execute(f"DROP TABLE {TABLE}")


def _add(tenant_id: uuid.UUID, word: str, *, using: str = "default") -> None:
    with connections[using].cursor() as cursor:
        cursor.execute(f"INSERT INTO {TABLE} VALUES (%s, %s)", [tenant_id, word])


def _words(*, using: str = "default") -> set[str]:
    with connections[using].cursor() as cursor:
        cursor.execute(f"SELECT word FROM {TABLE}")
        return {word for (word,) in cursor.fetchall()}


def _fill(world: World) -> None:
    for player, word in ((world.alice, "hers"), (world.mallory, "theirs")):
        with tenant_scope(player.tenant.id):
            _add(player.tenant.id, word)


def test_each_tenant_sees_and_writes_its_own_rows(world: World, bound_table: str) -> None:
    _fill(world)

    with tenant_scope(world.alice.tenant.id):
        assert _words() == {"hers"}
    with pytest.raises(DatabaseError, match="row-level security"), tenant_scope(world.alice.tenant.id):
        _add(world.mallory.tenant.id, "planted")


def test_outside_a_scope_there_is_an_error_and_not_nothing(bound_table: str) -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        _words()


def test_only_what_was_granted_may_be_done(world: World, bound_table: str) -> None:
    _fill(world)

    for statement in (f"DELETE FROM {TABLE}", f"UPDATE {TABLE} SET word = ''", f"TRUNCATE {TABLE}"):
        with (
            pytest.raises(DatabaseError, match="permission denied"),
            tenant_scope(world.alice.tenant.id),
            connections["default"].cursor() as cursor,
        ):
            cursor.execute(statement)


def test_the_owner_is_bound_as_well(world: World, bound_table: str) -> None:
    _fill(world)

    with admin_connection(connections["default"].settings_dict["NAME"]) as admin:
        admin.execute("SET ROLE custos_owner")
        with pytest.raises(psycopg.Error):
            admin.execute(f"INSERT INTO {TABLE} VALUES (gen_random_uuid(), 'owner')")
        assert admin.execute(f"SELECT count(*) FROM {TABLE}").fetchone() == (0,)


def test_officers_reach_all_tenants_once_they_may(world: World, bound_table: str) -> None:
    _fill(world)
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic(using="officer"):
        _words(using="officer")

    _apply(officer_may(TABLE, grants="SELECT"))

    assert _words(using="officer") == {"hers", "theirs"}
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic(using="officer"):
        _add(world.alice.tenant.id, "more", using="officer")


def test_a_grant_gives_a_role_what_it_says(world: World, bound_table: str) -> None:
    _fill(world)

    _apply(grant(TABLE, grants="DELETE"))

    with tenant_scope(world.alice.tenant.id), connections["default"].cursor() as cursor:
        cursor.execute(f"DELETE FROM {TABLE}")
        assert cursor.rowcount == 1


def _apply(operation: RunSQL) -> None:
    with admin_connection(connections["default"].settings_dict["NAME"]) as admin:
        admin.execute("SET ROLE custos_owner")
        admin.execute(_sql(operation))
