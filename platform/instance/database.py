"""Roles, database and extension: what must exist before the first migration. Idempotent."""

from __future__ import annotations

import secrets
from pathlib import Path

import psycopg
from psycopg import sql

from config.env import DatabaseAddress
from instance.errors import StartFailed
from instance.secret_files import ensure_secret

LEAST_SERVER = 150_000
LEAST_VECTOR = (0, 7)
OWNER = "custos_owner"
ROLES = (OWNER, "custos_app", "custos_officer", "custos_sequencer", "custos_audit", "custos_backup")

# The fence reads what committed before it and answers what is durable: neither is left to the server's configuration.
_EVERY_ROLE = {"default_transaction_isolation": "read committed", "synchronous_commit": "on"}
# A holder of the fence that stops answering would stall every activation: such a transaction is ended.
_IMPATIENT = {"idle_in_transaction_session_timeout": "30s", "lock_timeout": "20s", "statement_timeout": "60s"}
_ROLE_SETTINGS = {"custos_app": _IMPATIENT, "custos_officer": _IMPATIENT}
# What a role's statements may leave in the server's log: no text, no parameters, no rows. Only a superuser may set it,
# or whom one has granted it: on a server of your own, see docs/how-to/operate.md.
_QUIET_LOG = {
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
}


def without_credentials(url: str) -> str:
    """Return host, port, name and options of a database URL: what runtime processes get."""
    return DatabaseAddress.parse(url).url


def prepare(admin_url: str, keys_dir: Path) -> None:
    """Create database, roles with random passwords (files in the keys folder) and the extension.

    Args:
        admin_url: a log-in that may create roles and databases; used here and nowhere else.
        keys_dir: passwords are kept in `database/<role>`.

    Raises:
        StartFailed: the server cannot be reached or is too old, or pgvector is missing.
    """
    name = DatabaseAddress.parse(admin_url).name
    with _connect(admin_url, database="postgres") as connection:
        if connection.info.server_version < LEAST_SERVER:
            raise StartFailed(f"PostgreSQL 15 or later is needed, not {connection.info.server_version // 10_000}.")
        for role in ROLES:
            _ensure_role(connection, role=role, keys_dir=keys_dir)
        _ensure_database(connection, name=name)
    with _connect(admin_url, database=name) as connection:
        _ensure_vector(connection)
        _grant(connection, name=name)


# Triggers do not stop the owner of a table from disabling them; this does. Only a superuser can make an event trigger.
# A superuser passes: who may change the event trigger itself is not stopped by it.
_GUARD = """
CREATE OR REPLACE FUNCTION custos_guard_log() RETURNS event_trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    named text;
BEGIN
    IF (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
        RETURN;
    END IF;
    IF TG_EVENT = 'sql_drop' THEN
        SELECT string_agg(object_identity, ', ') INTO named FROM pg_event_trigger_dropped_objects()
        WHERE object_identity ~ 'public\\.(audit_|custos_guard_log)';
    ELSIF TG_TAG IN ('GRANT', 'REVOKE') THEN
        RETURN;  -- rights that somebody gives away meet the triggers
    ELSE
        SELECT string_agg(object_identity, ', ') INTO named FROM pg_event_trigger_ddl_commands()
        WHERE object_identity ~ 'public\\.(audit_|custos_guard_log)';
    END IF;
    -- What was renamed or moved bears a new name by now: what is missed tells.
    SELECT coalesce(named, string_agg(wanted, ', ')) INTO named FROM unnest({names}::text[]) AS wanted
    WHERE to_regclass('public.' || wanted) IS NULL AND to_regproc('public.' || wanted) IS NULL;
    IF named IS NOT NULL THEN
        RAISE EXCEPTION 'the audit log is append-only: % of % refused', TG_TAG, named
            USING ERRCODE = 'insufficient_privilege';
    END IF;
END $$;
DROP EVENT TRIGGER IF EXISTS custos_guard_log_ddl;
DROP EVENT TRIGGER IF EXISTS custos_guard_log_drop;
CREATE EVENT TRIGGER custos_guard_log_ddl ON ddl_command_end EXECUTE FUNCTION custos_guard_log();
CREATE EVENT TRIGGER custos_guard_log_drop ON sql_drop EXECUTE FUNCTION custos_guard_log();
ALTER EVENT TRIGGER custos_guard_log_ddl ENABLE ALWAYS;
ALTER EVENT TRIGGER custos_guard_log_drop ENABLE ALWAYS;
"""


_GUARDED = """
    SELECT array_agg(name) FROM (
        SELECT relname::text AS name FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname LIKE 'audit\\_%'
        UNION SELECT proname::text FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace AND proname LIKE 'audit\\_%') AS named
"""


def guard_log(admin_url: str) -> bool:
    """Stop the owner of the audit tables from changing what they are; for after the migrations.

    Returns:
        False when the log-in is no superuser, so that there is no such guard.

    Raises:
        StartFailed: the server cannot be reached.
    """
    with _connect(admin_url, database=DatabaseAddress.parse(admin_url).name) as connection:
        if not _is_superuser(connection):
            return False
        with connection.transaction():
            ((names,),) = connection.execute(_GUARDED).fetchall()
            connection.execute(sql.SQL(_GUARD).format(names=sql.Literal(names)))
    return True


def unguard_log(admin_url: str) -> None:
    """Let migrations change the audit tables; nothing happens where there is no guard.

    Raises:
        StartFailed: the server cannot be reached.
    """
    with _connect(admin_url, database=DatabaseAddress.parse(admin_url).name) as connection:
        if _is_superuser(connection):
            connection.execute("DROP EVENT TRIGGER IF EXISTS custos_guard_log_ddl")
            connection.execute("DROP EVENT TRIGGER IF EXISTS custos_guard_log_drop")


def _is_superuser(connection: psycopg.Connection[tuple[object, ...]]) -> bool:
    return connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone() == (True,)


def _connect(admin_url: str, *, database: str) -> psycopg.Connection[tuple[object, ...]]:
    try:
        return psycopg.connect(admin_url, dbname=database, autocommit=True, connect_timeout=10)
    except psycopg.OperationalError as error:
        raise StartFailed(f"The database does not answer. Check DATABASE_URL.\n{error}") from error


def _ensure_role(connection: psycopg.Connection[tuple[object, ...]], *, role: str, keys_dir: Path) -> None:
    password = ensure_secret(keys_dir / "database" / role, make=lambda: secrets.token_hex(24).encode()).decode()
    exists = connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [role]).fetchone() is not None
    bypass = sql.SQL("BYPASSRLS" if role == "custos_backup" else "NOBYPASSRLS")
    connection.execute(
        sql.SQL("{} ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION {} PASSWORD {}").format(
            sql.SQL("ALTER" if exists else "CREATE"), sql.Identifier(role), bypass, sql.Literal(password)
        )
    )
    for setting, value in {**_EVERY_ROLE, **_ROLE_SETTINGS.get(role, {}), **_settable(connection)}.items():
        connection.execute(
            sql.SQL("ALTER ROLE {} SET {} = {}").format(
                sql.Identifier(role), sql.Identifier(setting), sql.Literal(value)
            )
        )


def _settable(connection: psycopg.Connection[tuple[object, ...]]) -> dict[str, str]:
    """Return the settings of the server's log that this log-in may give a role."""
    row = connection.execute(
        "SELECT bool_and(has_parameter_privilege(name, 'SET')) FROM unnest(%s::text[]) AS name", [list(_QUIET_LOG)]
    ).fetchone()
    return _QUIET_LOG if row is not None and row[0] else {}


def _ensure_database(connection: psycopg.Connection[tuple[object, ...]], *, name: str) -> None:
    if connection.execute("SELECT FROM pg_database WHERE datname = %s", [name]).fetchone() is None:
        # PostgreSQL 16 lets a role give away only what it is a member of; a superuser needs no membership.
        connection.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(sql.Identifier(OWNER)))
        connection.execute(
            sql.SQL("CREATE DATABASE {} OWNER {} ENCODING 'UTF8' TEMPLATE template0").format(
                sql.Identifier(name), sql.Identifier(OWNER)
            )
        )


def make_empty(admin_url: str, *, name: str) -> None:
    """Make an empty database of this name; one that is there is dropped.

    Raises:
        StartFailed: the server cannot be reached.
    """
    drop(admin_url, name=name)
    with _connect(admin_url, database="postgres") as connection:
        _ensure_database(connection, name=name)


def put_in_place(admin_url: str, *, name: str) -> None:
    """Let a database take the place of the one that the address names, which is dropped.

    Raises:
        StartFailed: the server cannot be reached.
    """
    target = DatabaseAddress.parse(admin_url).name
    before, here, new = (sql.Identifier(each) for each in (f"{target}_before", target, name))
    drop(admin_url, name=f"{target}_before")
    with _connect(admin_url, database="postgres") as connection:
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [target])
        with connection.transaction():
            connection.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(here, before))
            connection.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(new, here))
    drop(admin_url, name=f"{target}_before")
    with _connect(admin_url, database=target) as connection:
        _grant(connection, name=target)


def drop(admin_url: str, *, name: str) -> None:
    """Drop a database if it is there.

    Raises:
        StartFailed: the server cannot be reached.
    """
    with _connect(admin_url, database="postgres") as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _ensure_vector(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    try:
        connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
    except psycopg.Error as error:
        raise StartFailed(f"The extension pgvector cannot be created in this database: {error}") from error
    row = connection.execute("SELECT extversion FROM pg_extension WHERE extname = 'vector'").fetchone()
    version = str(row[0]) if row else "0"
    if tuple(int(part) for part in version.split(".")[:2]) < LEAST_VECTOR:
        raise StartFailed(f"pgvector 0.7 or later is needed, not {version}.")


def _grant(connection: psycopg.Connection[tuple[object, ...]], *, name: str) -> None:
    roles = sql.SQL(", ").join(sql.Identifier(role) for role in ROLES)
    database = sql.Identifier(name)
    connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(database))
    connection.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(database, roles))
    connection.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
    connection.execute(sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(roles))
    connection.execute(sql.SQL("GRANT CREATE ON SCHEMA public TO {}").format(sql.Identifier(OWNER)))
