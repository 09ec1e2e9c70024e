"""The log as staff look at it: one entry's proof and counterpart, the state of the tree, the volume of late."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from django.db import connections
from django.db.models import Q, QuerySet

from governance.audit import staleness
from governance.audit.checking.tree import leaf_hash, root_from_inclusion
from governance.audit.models import AuditEntry, EntryKind
from governance.audit.selectors import leaf_index
from governance.audit.stored_tree import StoredTree

STAFF: Final = "officer"

_CHECKPOINT = """
    SELECT c.size, c.root, c.ts, (SELECT max(size) FROM audit_cosignature) FROM audit_checkpoint c
    ORDER BY c.size DESC LIMIT 1
"""
_WITNESS = "SELECT EXISTS (SELECT FROM audit_signing_key WHERE use = 'witness')"
_WAITING = "SELECT count(*), extract(epoch FROM clock_timestamp() - min(queued_at))::float FROM audit_pending"
_VOLUME = """
    SELECT hour, count(e.id) FILTER (WHERE e.kind = 'decision'), count(e.id) FILTER (WHERE e.kind = 'outcome'),
        count(e.id) FILTER (WHERE e.kind = 'event')
    FROM generate_series(date_trunc('hour', clock_timestamp()) - make_interval(hours => %(hours)s - 1),
            date_trunc('hour', clock_timestamp()), interval '1 hour') AS hour
    LEFT JOIN audit_entry e ON e.ts >= hour AND e.ts < hour + interval '1 hour'
        AND e.id >= %(since)s
    GROUP BY hour ORDER BY hour
"""


@dataclass(frozen=True, slots=True)
class ProofStatus:
    """What the tree says of an entry: its leaf, and whether its body leads to the newest checkpoint's root."""

    index: int | None
    size: int
    is_proven: bool
    is_cosigned: bool

    @property
    def words(self) -> str:
        if self.index is None:
            return "waits for the sequencer"
        if not self.is_proven:
            return f"leaf {self.index}: NOT PROVEN: the body does not lead to the checkpoint of size {self.size}"
        witness = "cosigned by the witness" if self.is_cosigned else "not cosigned yet"
        return f"leaf {self.index}, proven under the checkpoint of size {self.size}, {witness}"


@dataclass(frozen=True, slots=True)
class LogState:
    """The newest checkpoint, how far the witness has come, what waits, and which parts are behind (AUD-002)."""

    size: int
    signed_at: datetime | None
    cosigned: int
    waiting: int
    waiting_seconds: float
    stale: tuple[str, ...]
    has_witness: bool


@dataclass(frozen=True, slots=True)
class Volume:
    """Entries of one hour."""

    hour: datetime
    decisions: int
    outcomes: int
    events: int

    @property
    def total(self) -> int:
        return self.decisions + self.outcomes + self.events


def proof_status(entry: AuditEntry) -> ProofStatus:
    """Prove an entry anew, from its stored body to the root that is signed."""
    state = log_state()
    index = leaf_index(entry.ins_id, using=STAFF)
    if index is None or index >= state.size:
        return ProofStatus(None, state.size, is_proven=False, is_cosigned=False)
    with connections[STAFF].cursor() as cursor:
        cursor.execute("SELECT root FROM audit_checkpoint WHERE size = %s", [state.size])
        ((root,),) = cursor.fetchall()
        path = StoredTree(cursor).inclusion_proof(index, size=state.size)
    found = root_from_inclusion(leaf_hash(bytes(entry.body)), index=index, size=state.size, proof=path)
    return ProofStatus(index, state.size, is_proven=found == bytes(root), is_cosigned=index < state.cosigned)


def counterpart(entry: AuditEntry) -> AuditEntry | None:
    """Return the outcome of a decision, or the decision of an outcome."""
    entries = AuditEntry.objects.using(STAFF)
    match entry.kind:
        case EntryKind.DECISION:
            return entries.filter(kind=EntryKind.OUTCOME, decision_id=entry.id).first()
        case EntryKind.OUTCOME:
            return entries.filter(id=entry.decision_id or entry.id).first()
        case _:
            return None


def log_state() -> LogState:
    """Return how far sequencer and witness are."""
    with connections[STAFF].cursor() as cursor:
        cursor.execute(_CHECKPOINT)
        row = cursor.fetchone()
        cursor.execute(_WAITING)
        waiting, seconds = cursor.fetchone()
        cursor.execute(_WITNESS)
        (has_witness,) = cursor.fetchone()
    size, signed_at, cosigned = (row[0], row[2], row[3] or 0) if row else (0, None, 0)
    stale = tuple(staleness.stale_parts(using=STAFF))
    return LogState(size, signed_at, cosigned, waiting, seconds or 0.0, stale, has_witness)


def hourly_volume(*, hours: int = 48) -> list[Volume]:
    """Return the entries of each hour of late, oldest first."""
    with connections[STAFF].cursor() as cursor:
        # Ids grow with time (UUIDv7), so the primary key finds the last days; a day more, for clocks that differ.
        cursor.execute(_VOLUME, {"hours": hours, "since": _first_id(datetime.now(UTC) - timedelta(hours=hours + 24))})
        return [Volume(*row) for row in cursor.fetchall()]


def _first_id(moment: datetime) -> uuid.UUID:
    """Return the least UUIDv7 of a moment (RFC 9562, 5.7)."""
    return uuid.UUID(int=int(moment.timestamp() * 1000) << 80)


def find(entries: QuerySet[AuditEntry], term: str) -> QuerySet[AuditEntry]:
    """Return the entries that an id names (their own, their tenant's, their decision's), or a request's name."""
    try:
        named = uuid.UUID(term)
    except ValueError:
        return entries.filter(request_id=term)
    return entries.filter(Q(id=named) | Q(tenant_id=named) | Q(decision_id=named) | Q(request_id=term))
