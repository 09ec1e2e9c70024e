"""Reading the own usage, and setting what a tenant may use."""

from __future__ import annotations

import math
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final, TypeVar

from django.db import transaction
from django.db.models import QuerySet, Sum

from common.context import Actor, tenant_scope
from common.errors import InvalidRequest
from common.vocabulary import Operation, StaffRole
from governance import gate
from governance.audit.tags import Tag
from governance.four_eyes import ChangeKind, Execution, Payload, Signed
from governance.services.payloads import ids, number
from governance.services.signing import record, require
from tenants.models import Tenant, User
from traffic.allowances import default_limits
from traffic.errors import AllowanceRaised, DaysInvalid
from traffic.models import Allowance, UsageCounter

R = TypeVar("R")

_USING: Final = "officer"

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
    """Say that a tenant, or one of its keys, may use no more than now. Noticed by every process within seconds.

    Args:
        tenant_id: whose.
        set_by: a vetting officer.
        key_id: None: the tenant as a whole.
        requests_per_minute: None: the platform's default; 0: no limit.
        units_per_day: None: the platform's default; 0: no limit.

    Raises:
        NotPermittedForRole: `set_by` is no officer.
        AllowanceRaised: it would be more than now, which takes two officers (`RAISING`).
    """
    require(set_by, role=StaffRole.OFFICER)
    wanted = {"requests_per_minute": requests_per_minute, "units_per_day": units_per_day}
    with transaction.atomic(using=_USING):
        if _is_looser(wanted, than=_held(tenant_id, key_id=key_id), is_key=key_id is not None):
            raise AllowanceRaised
        return _set(tenant_id, key_id=key_id, values=wanted, people=(set_by,))


def allowance_payload(tenant_id: uuid.UUID, *, key_id: uuid.UUID | None, **limits: int | None) -> dict[str, Any]:
    """Return what two officers sign to set an allowance, lower or higher."""
    return {"tenant": str(tenant_id), "key": str(key_id) if key_id else None, **limits}


def check_allowance(payload: Payload) -> None:
    """Refuse an allowance of nobody, or limits that are no numbers."""
    _allowance_of(payload)


def execute_allowance(payload: Payload, signed: Signed) -> Execution:
    """Set it, by the two officers who signed."""
    tenant_id, key_id, values = _allowance_of(payload)
    return Execution(result_id=_set(tenant_id, key_id=key_id, values=values, people=signed.people).pk)


RAISING: Final = ChangeKind(
    slug="set_allowance",
    label="Set how much an organisation may use",
    roles=frozenset({StaffRole.OFFICER}),
    check=check_allowance,
    execute=execute_allowance,
    subject="tenant",
)


def _allowance_of(payload: Payload) -> tuple[uuid.UUID, uuid.UUID | None, dict[str, int | None]]:
    tenant_id = ids(payload, "tenant")
    if not Tenant.objects.using(_USING).filter(id=tenant_id).exists():
        raise InvalidRequest("The change names no tenant.")
    key_id = ids(payload, "key") if payload.get("key") is not None else None
    return tenant_id, key_id, {name: number(payload, name) for name in ("requests_per_minute", "units_per_day")}


def _set(
    tenant_id: uuid.UUID, *, key_id: uuid.UUID | None, values: dict[str, int | None], people: tuple[User, ...]
) -> Allowance:
    allowance, _ = Allowance.objects.using(_USING).update_or_create(
        tenant_id=tenant_id, actor_id=key_id, defaults=values
    )
    resource = ("api_key" if key_id else "tenant", key_id or tenant_id)
    record(Tag.ALLOWANCE_SET, people, resource=resource, tenant_id=tenant_id, data=values)
    return allowance


def _held(tenant_id: uuid.UUID, *, key_id: uuid.UUID | None) -> dict[str, int | None]:
    rows = Allowance.objects.using(_USING).select_for_update().filter(tenant_id=tenant_id, actor_id=key_id)
    row = rows.first() or Allowance()
    return {"requests_per_minute": row.requests_per_minute, "units_per_day": row.units_per_day}


def _is_looser(wanted: dict[str, int | None], *, than: dict[str, int | None], is_key: bool) -> bool:
    usual = default_limits(is_key=is_key)
    defaults = {"requests_per_minute": usual.requests_per_minute, "units_per_day": usual.units_per_day}

    def room(limit: int | None, name: str) -> float:
        number = defaults[name] if limit is None else limit
        return number or math.inf

    return any(room(wanted[name], name) > room(than[name], name) for name in wanted)
