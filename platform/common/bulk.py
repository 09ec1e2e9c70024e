"""Inserting many rows at once, where Django's own `bulk_create` would cost more than what the rows are made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import orjson
from django.db import connections, models
from django.db.models import NOT_PROVIDED

_INSERT: Final = """
    INSERT INTO {table} ({columns}) SELECT {columns} FROM json_populate_recordset(NULL::{table}, %s::json)
"""


def insert_rows(model: type[models.Model], rows: Sequence[models.Model]) -> None:
    """Insert rows in one statement with one parameter, in the open transaction on `default`.

    Much cheaper than `bulk_create`, which binds each value of each row by itself. What the database fills in
    (`db_default`) is not read back into the rows, and no signals are sent.

    Args:
        model: of every row.
        rows: unsaved, with their ids; each value one that JSON knows, or a UUID.

    Raises:
        django.db.DatabaseError: nothing was inserted.
    """
    if not rows:
        return
    given = [field for field in model._meta.concrete_fields if field.db_default is NOT_PROVIDED]
    columns = [(str(field.column), field.attname) for field in given]
    connection = connections["default"]
    name = connection.ops.quote_name
    statement = _INSERT.format(
        table=name(model._meta.db_table), columns=", ".join(name(column) for column, _ in columns)
    )
    content = [{column: getattr(row, attribute) for column, attribute in columns} for row in rows]
    with connection.cursor() as cursor:
        cursor.execute(statement, [orjson.dumps(content).decode()])
