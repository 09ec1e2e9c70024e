"""The transparency report of a period: what was asked, refused and done, as counts out of the log and nothing else.

It is bound to a range of the log (first and last entry, and the smallest signed tree that holds all of them), so that
anybody with the log can count again. Cells under five are suppressed, and with them what would tell them
(`governance.suppression`).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

from django.db import connections

from common.canonical import canonical_json
from common.errors import InvalidRequest
from common.instants import end_of, start_of
from governance.audit.tags import Tag
from governance.rules.emergency import OBLIGATION
from governance.suppression import SMALLEST_CELL, Cell, Equation, hidden_cells

_RANGE: Final = """
    SELECT count(*), min(ins_id), max(ins_id) FROM audit_entry WHERE ts >= %(since)s AND ts < %(until)s
"""
_ENTRY: Final = "SELECT id::text, encode(leaf_hash, 'hex') FROM audit_entry WHERE ins_id = %s"
# Of a range that is in the tree as a whole, the smallest signed tree that holds it.
_CHECKPOINT: Final = """
WITH counted AS (
    SELECT l.idx FROM audit_entry e LEFT JOIN audit_leaf l ON l.ins_id = e.ins_id
    WHERE e.ts >= %(since)s AND e.ts < %(until)s
)
SELECT c.size, encode(c.root, 'hex') FROM audit_checkpoint c
WHERE c.size > (SELECT max(idx) FROM counted) AND NOT EXISTS (SELECT FROM counted WHERE idx IS NULL)
ORDER BY c.size LIMIT 1
"""
_DECISIONS: Final = """
WITH decision AS (
    SELECT convert_from(body, 'UTF8')::jsonb AS body FROM audit_entry
    WHERE kind = 'decision' AND ts >= %(since)s AND ts < %(until)s
)
SELECT {label}, count(*) FROM decision {join} WHERE {condition} GROUP BY 1 ORDER BY 1
"""
_EVENTS: Final = """
    SELECT convert_from(body, 'UTF8')::jsonb ->> 'action', count(*) FROM audit_entry
    WHERE kind = 'event' AND ts >= %(since)s AND ts < %(until)s GROUP BY 1 ORDER BY 1
"""
_OUTCOMES: Final = """
    SELECT convert_from(body, 'UTF8')::jsonb #>> '{{outcome,status}}', count(*) FROM audit_entry
    WHERE kind = 'outcome' AND ts >= %(since)s AND ts < %(until)s GROUP BY 1 ORDER BY 1
"""
_EFFECT: Final = "body #>> '{{decision,effect}}'"
_BY_OPERATION: Final = "Decisions by operation"
_OF_SEARCHES: Final = ("Searches by purpose", "Searches by category of the organisation")
_ENDED: Final = "How uses ended"
_HAPPENED: Final = "What happened"
_REFUSED: Final = "refused"
# Title, and how a decision is counted: label, join and condition.
_COUNTED: Final = (
    (_BY_OPERATION, f"(body ->> 'action') || ': ' || ({_EFFECT})", "", "true"),
    (
        _OF_SEARCHES[0],
        f"coalesce(body ->> 'purpose', 'not stated') || ': ' || ({_EFFECT})",
        "",
        "body ->> 'action' = 'search'",
    ),
    (
        _OF_SEARCHES[1],
        f"coalesce(body #>> '{{{{facts,tenant_category}}}}', 'unknown') || ': ' || ({_EFFECT})",
        "",
        "body ->> 'action' = 'search'",
    ),
    (
        "Refusals by rule",
        "rule ->> 'id'",
        "CROSS JOIN LATERAL jsonb_array_elements(body #> '{{decision,rules}}') AS rule",
        f"{_EFFECT} = 'deny'",
    ),
    (
        "Uses under break-glass by operation",
        "body ->> 'action'",
        "",
        f"body #> '{{{{decision,obligations}}}}' @> '[\"{OBLIGATION}\"]' AND {_EFFECT} = 'allow'",
    ),
)
# What happens to organisations as such; what people do with their accounts is no matter of this report.
_REPORTED_EVENTS: Final = frozenset(
    {
        Tag.TENANT_CREATED, Tag.APPROVAL_GRANTED, Tag.APPROVAL_REVOKED, Tag.APPLICATION_SUBMITTED,
        Tag.APPLICATION_APPROVED, Tag.APPLICATION_REFUSED, Tag.APPLICATION_APPEALED, Tag.APPLICATION_EXPIRED,
        Tag.SUSPENSION_IMPOSED, Tag.SUSPENSION_LIFTED, Tag.MORATORIUM_IMPOSED, Tag.MORATORIUM_LIFTED,
        Tag.EXEMPTION_GRANTED, Tag.EXEMPTION_REVOKED, Tag.POLICY_PUBLISHED, Tag.JOB_HALTED,
        Tag.COMPLAINT_RECEIVED, Tag.COMPLAINT_ANSWERED, Tag.COMPLAINT_OVERDUE, Tag.RETENTION_PURGED, Tag.HOLD_IMPOSED,
        Tag.BREAK_GLASS_OPENED,
        Tag.BREAK_GLASS_CONFIRMED, Tag.BREAK_GLASS_LAPSED, Tag.BREAK_GLASS_OVERDUE, Tag.BREAK_GLASS_REVIEWED,
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Table:
    """Counts under one title; None: suppressed, because it or another one is between one and four."""

    title: str
    rows: tuple[tuple[str, int | None], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LogRange:
    """The entries that were counted, and the smallest signed tree that holds them all; None: none yet."""

    n_entries: int
    first: tuple[str, str] | None
    last: tuple[str, str] | None
    checkpoint: tuple[int, str] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A period's report. `since` is included, `until` is not."""

    since: datetime
    until: datetime
    log: LogRange
    tables: tuple[Table, ...]

    def as_values(self) -> dict[str, Any]:
        """Return it as JSON values; a suppressed count is null."""
        return {
            "since": self.since.astimezone(UTC).isoformat(),
            "until": self.until.astimezone(UTC).isoformat(),
            "suppressed_below": SMALLEST_CELL,
            "log": {
                "entries": self.log.n_entries,
                "first": _named(self.log.first, ("id", "leaf_hash")),
                "last": _named(self.log.last, ("id", "leaf_hash")),
                "checkpoint": _named(self.log.checkpoint, ("size", "root")),
            },
            "tables": [{"title": table.title, "rows": [list(row) for row in table.rows]} for table in self.tables],
        }

    def as_json(self) -> str:
        """Return it as canonical JSON: the same report is the same bytes."""
        return canonical_json(self.as_values()).decode() + "\n"

    def as_csv(self) -> str:
        """Return it as a table of table, label and count; a suppressed count is the word."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(("table", "label", "count"))
        for table in self.tables:
            for label, count in table.rows:
                writer.writerow((table.title, label, "suppressed" if count is None else count))
        return out.getvalue()


def period_of(first: date, last: date) -> tuple[datetime, datetime]:
    """Return the beginning and the end of some days in UTC, both days included."""
    return start_of(first), end_of(last)


def make_report(*, since: datetime, until: datetime) -> Report:
    """Count a period. For the platform's own staff: reads the log of all tenants, and names none.

    Raises:
        InvalidRequest: the period is empty or has no offset from UTC.
    """
    if since.tzinfo is None or until.tzinfo is None or until <= since:
        raise InvalidRequest("A period has a beginning and a later end, both with their offset from UTC.")
    period = {"since": since, "until": until}
    counted = {
        title: _count(_DECISIONS.format(label=label, join=join, condition=condition), period)
        for title, label, join, condition in _COUNTED
    }
    counted[_ENDED] = _count(_OUTCOMES.format(), period)
    counted[_HAPPENED] = _count(_EVENTS, period, only=frozenset(tag.value for tag in _REPORTED_EVENTS))
    return Report(since=since, until=until, log=_range(period), tables=_suppressed(counted))


def _count(
    statement: str, period: Mapping[str, Any], *, only: frozenset[str] | None = None
) -> tuple[tuple[str, int], ...]:
    with connections["officer"].cursor() as cursor:
        cursor.execute(statement, period)
        found = cursor.fetchall()
    return tuple((str(label), int(count)) for label, count in found if only is None or label in only)


def _suppressed(counted: Mapping[str, tuple[tuple[str, int], ...]]) -> tuple[Table, ...]:
    counts = {(title, label): count for title, rows in counted.items() for label, count in rows}
    hidden = hidden_cells(counts, equations=_known_sums(counts))
    return tuple(
        Table(title, tuple((label, None if (title, label) in hidden else count) for label, count in rows))
        for title, rows in counted.items()
    )


def _known_sums(counts: Mapping[Cell, int]) -> list[Equation]:
    """Return what a reader knows of sums: searches are told three times, and every decision ends once."""

    def cells(title: str, ending: str) -> list[Cell]:
        return [cell for cell in counts if cell[0] == title and cell[1].endswith(ending)]

    known: list[Equation] = []
    for effect in ("allow", "deny"):
        searches = cells(_BY_OPERATION, f"search: {effect}")
        known += [(cells(title, f": {effect}"), searches) for title in _OF_SEARCHES]
        ends = [cell for cell in cells(_ENDED, "") if (cell[1] == _REFUSED) == (effect == "deny")]
        known.append((cells(_BY_OPERATION, f": {effect}"), ends))
    return known


def _range(period: Mapping[str, Any]) -> LogRange:
    with connections["officer"].cursor() as cursor:
        cursor.execute(_RANGE, period)
        n_entries, first, last = cursor.fetchone()
        ends = []
        for ins_id in (first, last):
            cursor.execute(_ENTRY, [ins_id])
            ends.append(cursor.fetchone())
        cursor.execute(_CHECKPOINT, period)
        checkpoint = cursor.fetchone()
    return LogRange(n_entries=n_entries, first=ends[0], last=ends[1], checkpoint=checkpoint)


def _named(values: tuple[Any, ...] | None, names: tuple[str, ...]) -> dict[str, Any] | None:
    return dict(zip(names, values, strict=True)) if values is not None else None
