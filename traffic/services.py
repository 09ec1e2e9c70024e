"""Reading the own usage, and setting what a tenant may use."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, TypeVar

from django.db import transaction
from django.db.models import QuerySet, Sum

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

# In the order of `UsageOfDay`.
_COUNTED: Final = ("requests", "refused", "throttled", "failed", "images")


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


@dataclass(frozen=True, slots=True)
class UsageOfDay:
    """What a tenant used on one day (UTC); `refused`, `throttled` and `failed` are among the requests."""

    day: date
    requests: int = 0
    refused: int = 0
    throttled: int = 0
    failed: int = 0
    images: int = 0

    @property
    def answered(self) -> int:
        """Requests that were neither refused, throttled nor failed."""
        return self.requests - self.refused - self.throttled - self.failed


def summarise_usage(*, actor: Actor, first: date, last: date) -> tuple[UsageOfDay, ...]:
    """Return the tenant's usage of each day from the first to the last, both included, all keys and operations added.

    Raises:
        DaysInvalid: the first day is after the last.
        PolicyRefused: the policy does not allow administering.
    """
    counted = list_usage(actor=actor, first=first, last=last, paginate=_by_day)
    days = (first + timedelta(days=number) for number in range((last - first).days + 1))
    return tuple(counted.get(day, UsageOfDay(day)) for day in days)


def _by_day(counters: QuerySet[UsageCounter]) -> dict[date, UsageOfDay]:
    sums = counters.order_by().values_list("day").annotate(*map(Sum, _COUNTED))
    return {row[0]: UsageOfDay(*row) for row in sums}


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
