"""Ways in which the log cannot be written, made in the database itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections

from tests.conftest import admin_connection

_BREAK = """
    CREATE OR REPLACE FUNCTION tests_refuse_entry() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'the disk is full' USING ERRCODE = '{error}'; END $$;
    CREATE TRIGGER tests_refuse_entry BEFORE INSERT ON audit_entry FOR EACH ROW
        WHEN (NEW.kind = '{kind}') EXECUTE FUNCTION tests_refuse_entry();
"""
DISK_FULL = "53100"  # an operational error
CHECK_VIOLATION = "23514"  # an integrity error


@contextmanager
def no_entry_of(kind: str, *, error: str = DISK_FULL) -> Iterator[None]:
    """The database refuses entries of this kind."""
    with admin_connection(connections["default"].settings_dict["NAME"]) as admin:
        admin.execute(_BREAK.format(kind=kind, error=error))
        try:
            yield
        finally:
            admin.execute("DROP TRIGGER tests_refuse_entry ON audit_entry")
