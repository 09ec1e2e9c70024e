"""One stretch of the stored log, read and examined; in a process of its own when the log is long. No Django."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from governance.audit.checking.spans import CHUNK, Entry, Sealed, Span, bounds_of, examine_span

# One line of what the columns repeat of the body: `checking.spans.columns_of` makes the same of the body.
COLUMNS = """concat(e.id, '|', e.tenant_id, '|', e.kind, '|',
    to_char(e.ts AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"'), '|', e.request_id, '|', e.v, '|',
    e.decision_id)"""
_ENTRIES = f"""
    SELECT l.idx, l.leaf_hash, e.body, {COLUMNS} || CASE WHEN e.leaf_hash <> l.leaf_hash THEN '|other hash' ELSE '' END
    FROM audit_leaf l LEFT JOIN audit_entry e USING (ins_id)
    WHERE l.idx >= %s AND l.idx < %s ORDER BY l.idx
"""  # noqa: S608 put together from constants
_CHECKPOINTS = """
    SELECT c.size, c.root, c.edge, to_char(c.ts AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"'), c.note,
        array(SELECT s.line FROM audit_cosignature s WHERE s.size = c.size ORDER BY s.witness)
    FROM audit_checkpoint c
    WHERE c.size > %(first)s AND c.size <= coalesce(
        (SELECT min(size) FROM audit_checkpoint WHERE size >= %(end)s), 9223372036854775807)
    ORDER BY c.size
"""
_BEFORE = """
    SELECT coalesce((SELECT to_char(ts AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"') FROM audit_checkpoint
        WHERE size <= %s ORDER BY size DESC LIMIT 1), '')
"""
_TILES = "SELECT idx, hashes, root FROM audit_tile WHERE level = 0 AND idx >= %s AND idx < %s"


@dataclass(frozen=True, slots=True)
class Stretch:
    """A span with the checkpoints that end in it."""

    span: Span
    checkpoints: list[Sealed]


def read_stretch(
    connection: psycopg.Connection[Any],
    first: int,
    *,
    is_last: bool,
    sizes: Collection[int] = (),
    wanted: frozenset[bytes] = frozenset(),
) -> Stretch:
    """Read and examine the leaves from `first` on.

    Args:
        connection: inside the transaction whose snapshot counts.
        first: a multiple of `CHUNK`.
        is_last: whether the checkpoints beyond belong to this stretch.
        sizes: see `examine_span`.
        wanted: see `examine_span`.
    """
    end = first + CHUNK
    rows = connection.execute(_CHECKPOINTS, {"first": first, "end": end}).fetchall()
    ((before,),) = connection.execute(_BEFORE, [first]).fetchall()
    sealed = [(size, Sealed(note, tuple(lines), (size, root, edge, ts))) for size, root, edge, ts, note, lines in rows]
    tiles = {
        number: (bytes(hashes), bytes(root))
        for number, hashes, root in connection.execute(_TILES, [first // 256, end // 256], binary=True)
    }
    bounds = bounds_of([checkpoint for _, checkpoint in sealed], before=before)
    span = examine_span(first, _entries(connection, first, end), bounds=bounds, sizes=sizes, wanted=wanted, tiles=tiles)
    return Stretch(span, [checkpoint for size, checkpoint in sealed if is_last or size <= end])


def _entries(connection: psycopg.Connection[Any], first: int, end: int) -> Iterator[Entry]:
    with connection.cursor(name="custos_entries", binary=True) as cursor:
        cursor.itersize = 4000
        cursor.execute(_ENTRIES, [first, end])
        for index, leaf, body, columns in cursor:
            yield Entry(index, leaf, body, columns)


def read_apart(
    arguments: dict[str, Any],
    snapshot: str,
    first: int,
    is_last: bool,
    sizes: Sequence[int],
    wanted: frozenset[bytes],
) -> Stretch:
    """Do `read_stretch` on a connection of one's own that sees the snapshot of another one."""
    with psycopg.connect(**arguments) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        connection.execute(psycopg.sql.SQL("SET TRANSACTION SNAPSHOT {}").format(snapshot))
        return read_stretch(connection, first, is_last=is_last, sizes=sizes, wanted=wanted)
