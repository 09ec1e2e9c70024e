"""The one writer of the audit log.

A decision commits on the ledger's own connection *before* the operation; only then is a Permit minted. The outcome of
a success is written in the operation's transaction, so both exist or neither; the outcome of a refusal or a failure
is written on the own connection, because the operation's transaction is gone.
"""

from __future__ import annotations

import hashlib
import hmac
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, overload

import psycopg
from django.db import DatabaseError, connections
from psycopg_pool import PoolTimeout

from common import context
from common.canonical import canonical_json
from common.ids import new_id
from common.keys import tenant_key
from common.permits import Permit, mint_permit
from common.prepared import execute_prepared
from governance.audit import receipts
from governance.audit.checking.tree import leaf_hash
from governance.audit.errors import LedgerUnavailable
from governance.audit.models import EntryKind
from governance.audit.pool import ledger_pool
from governance.audit.tags import Tag

VERSION = 1
CASE_USE = "case-ref"
_LEAF_HASH = 6  # its place among the columns of `_INSERT`

_INSERT = """
    INSERT INTO audit_entry (id, tenant_id, ts, kind, v, body, leaf_hash, decision_id, request_id)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""
_INSERT_FIRST_OUTCOME = _INSERT + " ON CONFLICT DO NOTHING"


@dataclass(frozen=True, slots=True)
class ActorRef:
    """Who did it: a kind and an id, never a name."""

    type: str
    ref: str


@dataclass(frozen=True, slots=True)
class Resource:
    """What it was done to."""

    type: str
    id: uuid.UUID | None


SYSTEM = ActorRef("system", "custos")


def ref_of(actor: context.Actor) -> ActorRef:
    """Return how the log names an actor."""
    return ActorRef(actor.kind.value, str(actor.id))


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionRecord:
    """What the gate decided, ready to be written.

    Attributes:
        ts: the database's clock when the facts were read.
        decision: effect, rules, obligations, policy version and digest, epoch (GOVERNANCE 5, body).
        facts: every fact that the policy was evaluated on, so that the decision can be replayed.
    """

    tenant_id: uuid.UUID
    ts: datetime
    actor: ActorRef
    action: str
    resource: Resource
    case_ref: str | None
    decision: Mapping[str, Any]
    params: Mapping[str, Any]
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeRecord:
    """How an operation ended. `data` holds counts, codes and rule ids only."""

    decision_id: uuid.UUID
    tenant_id: uuid.UUID
    ts: datetime
    status: str
    data: Mapping[str, Any]


def record_decision(record: DecisionRecord) -> tuple[uuid.UUID, Permit | None]:
    """Commit a decision on the ledger's own connection.

    Returns:
        The entry's id, and a permit when the decision allows.

    Raises:
        LedgerUnavailable: it could not be committed (AUD-001), or no receipt can be given for it.
    """
    entry_id = new_id()
    body = {
        "resource": {"type": record.resource.type, "id": _text(record.resource.id)},
        "actor": {"type": record.actor.type, "ref": record.actor.ref},
        "action": record.action,
        "purpose": record.facts.get("purpose"),
        "on_behalf_of": record.facts.get("on_behalf_of"),
        "jurisdiction": record.facts.get("jurisdiction"),
        "case_ref": commitment(record.tenant_id, record.case_ref, use=CASE_USE),
        "decision": dict(record.decision),
        "params": dict(record.params),
        "facts": dict(record.facts),
    }
    row = _row(entry_id, EntryKind.DECISION, record.tenant_id, record.ts, body, decision_id=None)
    _commit(_INSERT, row)
    receipts.give(entry_id, leaf=row[_LEAF_HASH], time=record.ts)
    if record.decision["effect"] != "allow":
        return entry_id, None
    permit = mint_permit(
        decision_id=entry_id,
        tenant_id=record.tenant_id,
        operation=record.action,
        epoch=int(record.decision["epoch"]),
    )
    return entry_id, permit


def record_outcome(record: OutcomeRecord) -> uuid.UUID:
    """Write the outcome of a success in the operation's open transaction on `default`, which fails with it.

    Raises:
        LedgerUnavailable: it could not be written.
    """
    entry_id, row = _outcome_row(record)
    try:
        execute_prepared(_INSERT, row)
    except DatabaseError as error:
        raise LedgerUnavailable("The outcome could not be recorded, so nothing was done.") from error
    return entry_id


def record_failed_outcome(record: OutcomeRecord) -> None:
    """Commit the outcome of a refusal or failure on the own connection; keeps an outcome that exists already.

    Raises:
        LedgerUnavailable: it could not be committed.
    """
    _, row = _outcome_row(record)
    _commit(_INSERT_FIRST_OUTCOME, row)


def record_event(
    tag: Tag,
    *,
    actor: ActorRef,
    resource: Resource,
    tenant_id: uuid.UUID | None,
    data: Mapping[str, Any],
    using: str = "default",
) -> uuid.UUID:
    """Write an event in the caller's open transaction on `using`, which fails with it.

    Raises:
        LedgerUnavailable: it could not be written.
    """
    entry_id = new_id()
    body = {
        "action": tag.value,
        "actor": {"type": actor.type, "ref": actor.ref},
        "resource": {"type": resource.type, "id": _text(resource.id)},
        "data": dict(data),
    }
    row = _row(entry_id, EntryKind.EVENT, tenant_id, database_now(using=using), body, decision_id=None)
    try:
        execute_prepared(_INSERT, row, using=using)
    except DatabaseError as error:
        raise LedgerUnavailable("The event could not be recorded, so nothing was done.") from error
    return entry_id


def database_now(*, using: str = "default") -> datetime:
    """Return the database's `clock_timestamp()`: the only clock that decisions and entries use."""
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        now: datetime = cursor.fetchone()[0]
    return now


def own_connection_now() -> datetime:
    """Return the database's clock, read on the ledger's own connection: the operation's may be broken.

    Raises:
        LedgerUnavailable: the database does not answer.
    """
    try:
        with ledger_pool().connection() as connection:
            (now,) = connection.execute("SELECT clock_timestamp()").fetchone() or (None,)
    except (psycopg.Error, PoolTimeout) as error:
        raise LedgerUnavailable from error
    if not isinstance(now, datetime):
        raise LedgerUnavailable("The database did not tell the time.")
    return now


@overload
def commitment(tenant_id: uuid.UUID, text: str, *, use: str) -> str: ...
@overload
def commitment(tenant_id: uuid.UUID, text: None, *, use: str) -> None: ...
def commitment(tenant_id: uuid.UUID, text: str | None, *, use: str) -> str | None:
    """Return an HMAC-SHA256 of a text under a key of the tenant, hexadecimal: linkable inside, unreadable outside."""
    if text is None:
        return None
    return hmac.new(tenant_key(tenant_id, use=use), text.encode(), hashlib.sha256).hexdigest()


def _outcome_row(record: OutcomeRecord) -> tuple[uuid.UUID, tuple[Any, ...]]:
    entry_id = new_id()
    body = {"decision": str(record.decision_id), "outcome": {"status": record.status, **record.data}}
    return entry_id, _row(
        entry_id, EntryKind.OUTCOME, record.tenant_id, record.ts, body, decision_id=record.decision_id
    )


def _row(
    entry_id: uuid.UUID,
    kind: EntryKind,
    tenant_id: uuid.UUID | None,
    ts: datetime,
    content: Mapping[str, Any],
    *,
    decision_id: uuid.UUID | None,
) -> tuple[Any, ...]:
    request_id = context.current_request_id()
    body = canonical_json(
        {
            "v": VERSION,
            "id": str(entry_id),
            "kind": kind.value,
            "tenant": _text(tenant_id),
            "ts": ts.astimezone(UTC).isoformat(timespec="microseconds"),
            "request": request_id,
            **content,
        }
    )
    return entry_id, tenant_id, ts, kind.value, VERSION, body, leaf_hash(body), decision_id, request_id


def _commit(statement: str, row: tuple[Any, ...]) -> None:
    try:
        with ledger_pool().connection() as connection:
            connection.execute(statement, row)
    except (psycopg.Error, PoolTimeout) as error:
        raise LedgerUnavailable from error


def _text(value: uuid.UUID | None) -> str | None:
    return str(value) if value is not None else None
