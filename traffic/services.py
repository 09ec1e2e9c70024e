"""Reading the own usage, and setting what a tenant may use."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import date
from typing import TypeVar

from django.db import transaction
from django.db.models import QuerySet

from common.context import Actor, tenant_scope
from common.vocabulary import Operation, StaffRole
from governance import gate
from governance.audit import ledger
from governance.audit.tags import Tag
from governance.errors import NotPermittedForRole
from tenants.models import User
from traffic.errors import DaysInvalid
from traffic.models import Allowance, UsageCounter

R = TypeVar("R")


def list_usage(
    *,
    actor: Actor,
    paginate: Callable[[QuerySet[UsageCounter]], R],
    first: date | None = None,
    last: date | None = None,
) -> R:
    """Return a page of the tenant's counters of some days, both included; None: no bound.

    Raises:
        DaysInvalid: the first day is after the last.
        PolicyRefused: the policy does not allow administering.
    """
    if first and last and first > last:
        raise DaysInvalid
    request = gate.AccessRequest(
        actor=actor, operation=Operation.ADMINISTER, resource=gate.ResourceRef("usage", None, actor.tenant_id)
    )
    with gate.authorised(request) as admission, tenant_scope(actor.tenant_id):
        counters = UsageCounter.objects.filter(tenant_id=actor.tenant_id)
        if first:
            counters = counters.filter(day__gte=first)
        if last:
            counters = counters.filter(day__lte=last)
        page = paginate(counters)
        admission.complete()
    return page


def set_allowance(
    tenant_id: uuid.UUID,
    *,
    set_by: User,
    key_id: uuid.UUID | None = None,
    requests_per_minute: int | None = None,
    units_per_day: int | None = None,
) -> Allowance:
    """Say what a tenant, or one of its keys, may use. Noticed by every process within seconds.

    Args:
        tenant_id: whose.
        set_by: a vetting officer.
        key_id: None: the tenant as a whole.
        requests_per_minute: None: the platform's default; 0: no limit.
        units_per_day: None: the platform's default; 0: no limit.

    Raises:
        NotPermittedForRole: `set_by` is no officer.
    """
    if set_by.staff_role != StaffRole.OFFICER:
        raise NotPermittedForRole("Allowances are set by vetting officers.")
    values = {"requests_per_minute": requests_per_minute, "units_per_day": units_per_day}
    with transaction.atomic(using="officer"):
        allowance, _ = Allowance.objects.using("officer").update_or_create(
            tenant_id=tenant_id, actor_id=key_id, defaults=values
        )
        ledger.record_event(
            Tag.ALLOWANCE_SET,
            actor=ledger.ActorRef("user", str(set_by.id)),
            resource=ledger.Resource("api_key" if key_id else "tenant", key_id or tenant_id),
            tenant_id=tenant_id,
            data=values,
            using="officer",
        )
    return allowance
