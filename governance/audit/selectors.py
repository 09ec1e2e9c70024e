"""Reading the log."""

from __future__ import annotations

import uuid
from typing import TypeVar

from django.db import connections
from django.db.models import BooleanField, F, Func, QuerySet
from django.db.models.expressions import RawSQL

from governance.audit.models import AuditEntry, EntryKind

E = TypeVar("E", bound=AuditEntry)


def list_decisions(tenant_id: uuid.UUID) -> QuerySet[AuditEntry]:
    """Return the tenant's decision entries; to be read inside its scope."""
    return AuditEntry.objects.filter(tenant_id=tenant_id, kind=EntryKind.DECISION)


def list_refusals(tenant_id: uuid.UUID) -> QuerySet[AuditEntry]:
    """Return the tenant's decisions that refused something; to be read inside its scope."""
    return list_decisions(tenant_id).filter(is_refusal())


def is_refusal() -> Func:
    """Return the condition that a decision refused something; an index knows it (migration 0002)."""
    return Func(F("body"), function="audit_is_refusal", output_field=BooleanField())


def decisions_among(entries: QuerySet[E]) -> QuerySet[E]:
    """Return those of the entries that are decisions, of whichever tenants the connection may read."""
    return entries.filter(kind=EntryKind.DECISION)


def get_decision(tenant_id: uuid.UUID, *, decision_id: uuid.UUID) -> AuditEntry | None:
    """Return one decision entry of the tenant."""
    return list_decisions(tenant_id).filter(id=decision_id).first()


def get_outcome(tenant_id: uuid.UUID, *, decision_id: uuid.UUID) -> AuditEntry | None:
    """Return the outcome that belongs to a decision, once there is one."""
    return AuditEntry.objects.filter(tenant_id=tenant_id, kind=EntryKind.OUTCOME, decision_id=decision_id).first()


def waiting_among(entries: QuerySet[E]) -> QuerySet[E]:
    """Return those of the entries that are not in the tree yet, of whichever tenants the connection may read."""
    waiting = RawSQL("SELECT ins_id FROM audit_pending", [])
    return entries.filter(ins_id__in=waiting)


def get_entry(tenant_id: uuid.UUID, *, entry_id: uuid.UUID) -> AuditEntry | None:
    """Return one entry of the tenant, of whatever kind; to be read inside its scope."""
    return AuditEntry.objects.filter(tenant_id=tenant_id, id=entry_id).first()


def count_entries(tenant_id: uuid.UUID, *, at_most: int) -> int:
    """Return how many entries the tenant has, counting no further than `at_most`; inside its scope."""
    return AuditEntry.objects.filter(tenant_id=tenant_id).order_by().values("id")[:at_most].count()


def leaf_index(ins_id: int, *, using: str = "default") -> int | None:
    """Return the leaf of an entry, or None while it waits for the sequencer."""
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT idx FROM audit_leaf WHERE ins_id = %s", [ins_id])
        row = cursor.fetchone()
    return int(row[0]) if row else None
