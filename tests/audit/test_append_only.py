"""The log refuses change, in the database itself."""

from __future__ import annotations

import psycopg
import pytest
from django.db import DatabaseError, IntegrityError, connections, transaction

from common.canonical import canonical_json
from common.context import tenant_scope
from common.ids import new_id
from governance.audit import ledger
from governance.audit.tags import Tag
from tests.conftest import admin_connection
from tests.worlds import World

CHANGES = (
    "UPDATE audit_entry SET request_id = 'x'",
    "DELETE FROM audit_entry",
    "TRUNCATE audit_entry CASCADE",
)


@pytest.mark.parametrize("alias", ["default", "officer"])
@pytest.mark.parametrize("change", CHANGES)
def test_it_refuses_change_by_the_roles_of_the_platform(world: World, alias: str, change: str) -> None:
    with (
        pytest.raises(DatabaseError, match="permission denied"),
        transaction.atomic(using=alias),
        connections[alias].cursor() as cursor,
    ):
        cursor.execute(change)


@pytest.mark.parametrize("change", CHANGES)
def test_it_refuses_change_even_by_the_superuser_with_triggers_in_replica_mode(world: World, change: str) -> None:
    database = connections["default"].settings_dict["NAME"]
    with admin_connection(database) as admin:
        admin.execute("SET session_replication_role = replica")
        with pytest.raises(Exception, match="append-only"):
            admin.execute(change)


def test_it_refuses_an_entry_whose_hash_does_not_fit(world: World) -> None:
    entry_id = new_id()
    body = canonical_json({"id": str(entry_id), "tenant": None, "kind": "event"})

    with transaction.atomic():
        _insert(entry_id, body, ledger.leaf_hash(body))
        # Taken back: the log of these tests is verified as a whole elsewhere, and this body is no whole entry.
        transaction.set_rollback(True)
    with pytest.raises(IntegrityError, match="rfc6962"):
        _insert(entry_id, body, ledger.leaf_hash(body + b" "))


def test_it_refuses_an_entry_whose_columns_contradict_its_body(world: World) -> None:
    body = canonical_json({"id": str(new_id()), "tenant": None, "kind": "event"})

    with pytest.raises(IntegrityError, match="repeat_the_body"):
        _insert(new_id(), body, ledger.leaf_hash(body))


def test_a_tenant_reads_its_own_entries_only(world: World) -> None:
    with tenant_scope(world.alice.tenant.id), connections["default"].cursor() as cursor:
        cursor.execute("SELECT DISTINCT tenant_id FROM audit_entry")
        assert cursor.fetchall() == [(world.alice.tenant.id,)]


def test_reading_outside_a_scope_raises(world: World) -> None:
    with pytest.raises(DatabaseError), transaction.atomic(), connections["default"].cursor() as cursor:
        cursor.execute("SELECT * FROM audit_entry")


def test_an_event_is_gone_when_its_transaction_rolls_back(world: World) -> None:
    tenant_id = world.alice.tenant.id

    with pytest.raises(RuntimeError), tenant_scope(tenant_id):
        entry_id = ledger.record_event(
            Tag.KEY_REVOKED,
            actor=ledger.SYSTEM,
            resource=ledger.Resource("api_key", None),
            tenant_id=tenant_id,
            data={},
        )
        raise RuntimeError

    with tenant_scope(tenant_id), connections["default"].cursor() as cursor:
        cursor.execute("SELECT count(*) FROM audit_entry WHERE id = %s", [entry_id])
        assert cursor.fetchone() == (0,)


def _insert(entry_id: object, body: bytes, leaf_hash: bytes) -> None:
    with transaction.atomic(), connections["default"].cursor() as cursor:
        cursor.execute(
            "INSERT INTO audit_entry (id, ts, kind, v, body, leaf_hash, request_id)"
            " VALUES (%s, now(), 'event', 1, %s, %s, 'test')",
            [entry_id, body, leaf_hash],
        )


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE audit_entry DISABLE TRIGGER audit_entry_no_change",
        "ALTER TABLE audit_leaf DISABLE TRIGGER USER",
        "ALTER TABLE audit_checkpoint ADD COLUMN other int",
        "DROP TABLE audit_tile",
        "DROP TRIGGER audit_leaf_no_change ON audit_leaf",
        "DROP POLICY own_entries ON audit_entry",
        "CREATE OR REPLACE FUNCTION audit_refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "DROP FUNCTION audit_enqueue CASCADE",
        "ALTER TABLE audit_entry RENAME TO harmless",
        "ALTER FUNCTION audit_refuse_change RENAME TO harmless",
        "ALTER TRIGGER audit_leaf_no_change ON audit_leaf RENAME TO harmless",
    ],
)
def test_the_owner_cannot_take_the_refusals_away(change: str) -> None:
    """Triggers do not stop the owner of a table; event triggers do."""
    with admin_connection(connections["default"].settings_dict["NAME"]) as admin:
        admin.autocommit = False
        admin.execute("SET ROLE custos_owner")
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match=r"append-only|must be owner"):
            admin.execute(change)
        admin.rollback()


def test_the_owner_changes_other_tables_as_ever() -> None:
    with admin_connection(connections["default"].settings_dict["NAME"]) as admin:
        admin.autocommit = False
        admin.execute("SET ROLE custos_owner")
        admin.execute("CREATE TABLE tests_of_the_guard (word text)")
        admin.execute("DROP TABLE tests_of_the_guard")
        admin.rollback()


@pytest.mark.parametrize(
    "table", ["audit_leaf", "audit_tile", "audit_checkpoint", "audit_cosignature", "audit_signing_key", "audit_sealed"]
)
def test_the_tree_refuses_change_even_by_the_superuser_in_replica_mode(table: str) -> None:
    with admin_connection(connections["default"].settings_dict["NAME"]) as admin:
        admin.autocommit = False
        admin.execute("SET session_replication_role = replica")
        with pytest.raises(psycopg.Error, match="append-only"):
            admin.execute(f"TRUNCATE {table} CASCADE")
        admin.rollback()
