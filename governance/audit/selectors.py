"""Reading the log."""

from __future__ import annotations

import uuid
from typing import TypeVar

from django.db.models import BooleanField, F, Func, QuerySet

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
