"""Statements that a request makes every time, parsed and planned once for each connection.

Django binds parameters itself, so that the server parses and plans each statement anew. For searches that is right: the
plan suits the tenant that asks. For a long statement that only looks rows up by key it costs more than running it.
The sessions keep one plan for every parameter (`plan_cache_mode` in the settings): prepare nothing whose best way
depends on the values. Their text goes to the server as it is, with `$1` and so on where the parameters belong: in a
long one the driver would look for its own placeholders each time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg
from django.db import connections


def execute_prepared(statement: str, parameters: Sequence[Any], /, *, using: str = "default") -> list[tuple[Any, ...]]:
    """Run a statement on a connection, in its transaction where one is open, and return its rows.

    Raises:
        django.db.DatabaseError: as from Django's own cursors.
    """
    connection = connections[using]
    connection.close_if_health_check_failed()
    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.RawCursor(connection.connection) as cursor:
        cursor.execute(statement, parameters, prepare=True)
        return cursor.fetchall() if cursor.description else []
