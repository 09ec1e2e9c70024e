"""Row-level security for tenant tables, as migration operations: written once, used by every app."""

from __future__ import annotations

from typing import Final

from django.db import migrations

_POLICY = "tenant_id = current_setting('app.tenant')::uuid"
# Names the tenant whose rows `custos_erase_rows` deletes; set by that function alone (tenants, migration 0008).
ERASING: Final = "custos.erasing"


def erasure_policy_sql(table: str) -> str:
    """Return the SQL that lets the owner, whom FORCE binds too, delete a tenant's rows while it is being erased."""
    return f"""
        CREATE POLICY erasure ON {table} TO custos_owner
            USING (tenant_id = NULLIF(current_setting('{ERASING}', true), '')::uuid);
    """


def tenant_table_sql(table: str, *, grants: str = "SELECT, INSERT, UPDATE, DELETE") -> str:
    """Return the SQL that binds a table (or partition) to the tenant scope.

    `current_setting` without its missing-ok flag raises outside a scope, and so does the cast of an empty value: a
    forgotten scope is an error, not an empty answer.
    """
    return f"""
        ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
        ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
        CREATE POLICY tenant_scope ON {table} TO custos_app USING ({_POLICY}) WITH CHECK ({_POLICY});
        {erasure_policy_sql(table)}
        REVOKE ALL ON {table} FROM PUBLIC;
        GRANT {grants} ON {table} TO custos_app;
    """


def tenant_table(table: str, *, grants: str = "SELECT, INSERT, UPDATE, DELETE") -> migrations.RunSQL:
    """Return the migration operation of `tenant_table_sql`; undone with the table."""
    return migrations.RunSQL(tenant_table_sql(table, grants=grants), migrations.RunSQL.noop)


def officer_may(table: str, *, grants: str) -> migrations.RunSQL:
    """Let `custos_officer` reach all tenants' rows of a governance table."""
    return migrations.RunSQL(
        f"""
        CREATE POLICY officers ON {table} TO custos_officer USING (true) WITH CHECK (true);
        GRANT {grants} ON {table} TO custos_officer;
        """,
        migrations.RunSQL.noop,
    )


def grant(table: str, *, grants: str, role: str = "custos_app") -> migrations.RunSQL:
    """Grant rights on a table that belongs to no tenant."""
    return migrations.RunSQL(f"GRANT {grants} ON {table} TO {role};", migrations.RunSQL.noop)
