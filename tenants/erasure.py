"""Which tables hold rows of tenants, in the order in which they can be emptied, and emptying them for one tenant.

The order comes from the database's own catalogue, so a table that is added tomorrow is emptied, too. What stays is the
log, which nobody can delete from and which names nobody, and the tenant's own row, emptied of its name. Templates lie
in partitions and go with their faces (`recognition.services.purging`); a collection cannot go before them.
"""

from __future__ import annotations

import uuid
from graphlib import TopologicalSorter
from typing import Final

from django.db import connections

ROWS_AT_ONCE: Final = 5_000

_TABLES: Final = """
    SELECT c.relname FROM pg_class c
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND NOT c.relispartition
      AND c.relname !~ '^audit_'
    ORDER BY c.relname
"""
_REFERENCES: Final = """
    SELECT child.relname, parent.relname FROM pg_constraint k
    JOIN pg_class child ON child.oid = k.conrelid JOIN pg_class parent ON parent.oid = k.confrelid
    WHERE k.contype = 'f' AND k.conrelid <> k.confrelid
"""


def tables() -> list[str]:
    """Return the tables of tenants, whoever refers to another before it."""
    with connections["default"].cursor() as cursor:
        cursor.execute(_TABLES)
        names = [name for (name,) in cursor.fetchall()]
        cursor.execute(_REFERENCES)
        order: TopologicalSorter[str] = TopologicalSorter({name: set() for name in names})
        for child, parent in cursor.fetchall():
            if child in names and parent in names:
                order.add(parent, child)
    return list(order.static_order())


def count(tenant_id: uuid.UUID) -> dict[str, int]:
    """Return how many rows a due tenant has, by table; tables without any are left out."""
    counts = {}
    with connections["default"].cursor() as cursor:
        for table in tables():
            cursor.execute("SELECT custos_count_rows(%s::regclass, %s)", [table, tenant_id])
            counts[table] = int(cursor.fetchone()[0])
    return {table: n for table, n in counts.items() if n}


def erase_rows(tenant_id: uuid.UUID, *, table: str) -> int:
    """Delete one batch of a due tenant's rows in a transaction of its own; return how many there were."""
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT custos_erase_rows(%s::regclass, %s, %s)", [table, tenant_id, ROWS_AT_ONCE])
        return int(cursor.fetchone()[0])


def due(*, most: int) -> list[uuid.UUID]:
    """Return tenants whose deletion is due, and for an hour those that are erased: a late request may have written."""
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT custos_due_tenants(%s)", [most])
        return [tenant_id for (tenant_id,) in cursor.fetchall()]
