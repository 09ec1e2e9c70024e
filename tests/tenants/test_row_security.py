"""Two tenants never meet: a walk over every table and partition that belongs to tenants."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connections, transaction

from common.context import TenantScopeError, tenant_scope
from tests.conftest import admin_connection
from tests.worlds import World

# Written by one statement on an autocommit connection; its own policies are tested in tests/audit.
WITH_OWN_POLICIES = {"audit_entry"}


def _tenant_tables() -> list[tuple[str, str]]:
    """Every table and partition with a tenant_id (and the tenants themselves): name and column."""
    database = connections["default"].settings_dict["NAME"]
    with admin_connection(database) as admin:
        rows = admin.execute(
            """
            SELECT c.relname, a.attname FROM pg_class c
            JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'public'
            JOIN pg_attribute a ON a.attrelid = c.oid AND NOT a.attisdropped
            WHERE c.relkind IN ('r', 'p')
              AND (a.attname = 'tenant_id' OR (c.relname = 'tenants_tenant' AND a.attname = 'id'))
            ORDER BY 1
            """
        ).fetchall()
    return [(str(name), str(column)) for name, column in rows if name not in WITH_OWN_POLICIES]


def test_it_knows_the_tenant_tables_and_partitions() -> None:
    names = {name for name, _ in _tenant_tables()}

    assert {"tenants_tenant", "tenants_apikey", "tenants_apikeysecret", "tenants_membership"} <= names
    assert {"tenants_invitation", "governance_approval"} <= names
    assert {"recognition_collection", "recognition_face", "recognition_job", "recognition_template"} <= names
    assert {"traffic_idempotencyrecord", "traffic_usagecounter", "traffic_allowance"} <= names
    assert sum(name.startswith("recognition_template_") for name in names) >= 16


def test_it_forces_row_security_on_every_tenant_table_and_partition() -> None:
    database = connections["default"].settings_dict["NAME"]
    with admin_connection(database) as admin:
        for name, _ in _tenant_tables():
            row = admin.execute(
                """
                SELECT c.relrowsecurity, c.relforcerowsecurity,
                       EXISTS (SELECT FROM pg_policies p
                               WHERE p.tablename = c.relname AND 'custos_app' = ANY (p.roles)
                                 AND p.qual LIKE '%%current_setting(''app.tenant''::text)%%')
                FROM pg_class c WHERE c.oid = %s::regclass
                """,
                [name],
            ).fetchone()
            assert row == (True, True, True), name


def test_it_raises_on_every_tenant_table_outside_a_scope(world: World) -> None:
    for name, _ in _tenant_tables():
        with pytest.raises(DatabaseError), transaction.atomic(), connections["default"].cursor() as cursor:
            cursor.execute(f"SELECT * FROM {name}")


def test_it_shows_only_the_own_rows_in_every_tenant_table(world: World) -> None:
    for name, column in _tenant_tables():
        with tenant_scope(world.alice.tenant.id), connections["default"].cursor() as cursor:
            cursor.execute(f"SELECT DISTINCT {column} FROM {name}")
            assert {row[0] for row in cursor.fetchall()} <= {world.alice.tenant.id}, name


def test_it_refuses_to_write_another_tenants_row(world: World) -> None:
    with (
        pytest.raises(DatabaseError, match="row-level security"),
        tenant_scope(world.alice.tenant.id),
        connections["default"].cursor() as cursor,
    ):
        cursor.execute(
            "INSERT INTO tenants_membership (id, tenant_id, user_id, role) VALUES (gen_random_uuid(), %s, %s, 'owner')",
            [world.mallory.tenant.id, world.staff.officers[0].id],
        )


def test_it_forgets_the_tenant_after_the_scope(world: World) -> None:
    with transaction.atomic():
        with tenant_scope(world.alice.tenant.id):
            pass
        with pytest.raises(DatabaseError), transaction.atomic(), connections["default"].cursor() as cursor:
            cursor.execute("SELECT * FROM tenants_tenant")


def test_it_refuses_to_nest_scopes_of_two_tenants(world: World) -> None:
    with pytest.raises(TenantScopeError), tenant_scope(world.alice.tenant.id), tenant_scope(world.mallory.tenant.id):
        pass


def test_it_nests_scopes_of_one_tenant(world: World) -> None:
    with tenant_scope(world.alice.tenant.id):
        with tenant_scope(world.alice.tenant.id):
            pass
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT count(*) FROM tenants_tenant")
            assert cursor.fetchone() == (1,)


def test_the_application_role_is_no_superuser_and_cannot_bypass_policies() -> None:
    with admin_connection() as admin:
        rows = admin.execute(
            "SELECT rolname, rolsuper, rolbypassrls, rolcreaterole FROM pg_roles WHERE rolname LIKE 'custos\\_%%'"
        ).fetchall()

    # The embedded server's administrator prepares the database; no process of the platform knows its password.
    rights = {name: flags for name, *flags in rows if name != "custos_admin"}
    assert set(rights) >= {
        "custos_owner", "custos_app", "custos_officer", "custos_sequencer", "custos_audit", "custos_backup",
    }  # fmt: skip
    for name, flags in rights.items():
        assert flags == [False, name == "custos_backup", False], name


def test_the_officer_role_cannot_read_recognition_tables() -> None:
    for name, _ in _tenant_tables():
        if name.startswith("recognition_"):
            with (
                pytest.raises(DatabaseError, match="permission denied"),
                transaction.atomic(using="officer"),
                connections["officer"].cursor() as cursor,
            ):
                cursor.execute(f"SELECT * FROM {name}")


def test_only_the_look_ups_that_precede_a_tenant_are_security_definers() -> None:
    database = connections["default"].settings_dict["NAME"]
    with admin_connection(database) as admin:
        rows = admin.execute(
            """SELECT p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
               WHERE n.nspname = 'public' AND p.prosecdef"""
        ).fetchall()

    lookups = {str(row[0]) for row in rows}
    needed = {"custos_find_api_key", "custos_find_memberships", "custos_job_owner"}
    machinery = {"audit_enqueue", "custos_create_template_partition", "custos_purge_idempotency"}
    # The purge and the erasure give away ids of what is past its time, and take rows of due tenants.
    purge = {"custos_unused_files", "custos_expired_collections", "custos_expired_jobs", "custos_lifted_holds"}
    # Triggers that keep how long collections are kept: nobody calls them.
    purge |= {"custos_follow_use", "custos_follow_schedule"}
    erasure = {"custos_due_tenants", "custos_count_rows", "custos_erase_rows", "custos_forget_tenant"}
    assert needed <= lookups <= needed | machinery | purge | erasure
