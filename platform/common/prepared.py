"""Statements that a request makes every time, parsed and planned once for each connection.

Django binds parameters itself, so that the server parses and plans each statement anew. For searches that is right: the
plan suits the tenant that asks. For a long statement that only looks rows up by key it costs more than running it.
The sessions keep one plan for every parameter (`plan_cache_mode` in the settings): prepare nothing whose best way
depends on the values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from django.db import connections


def execute_prepared(statement: str, parameters: Sequence[Any] | Mapping[str, Any], /) -> list[tuple[Any, ...]]:
    """Run a statement in the open transaction on `default`, and return its rows.

    Raises:
        django.db.DatabaseError: as from Django's own cursors.
    """
    connection = connections["default"]
    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(statement, parameters, prepare=True)
        return cursor.fetchall() if cursor.description else []
