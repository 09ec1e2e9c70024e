"""Disclosure reports: an organisation accounts for its searches, which DIS-001 asks of law enforcement."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from django.db.models import QuerySet, Sum

from common.context import Actor, tenant_scope
from common.errors import InvalidRequest
from common.instants import micros_of
from common.vocabulary import Operation
from governance import gate
from governance import selectors as policy_selectors
from governance.accountability.models import DisclosureReport, SearchRecord
from governance.accountability.readings import reported_until
from governance.audit import ledger
from governance.audit.tags import Tag

T = TypeVar("T")

_LONGEST_STATEMENT = 20_000


def file_disclosure(*, period_until: datetime, statement: str, actor: Actor) -> DisclosureReport:
    """Report what was searched for, from the end of the last report (or the first approval) on.

    Args:
        period_until: the end of the period, not in the future.
        statement: the organisation's own account, to be published; no names belong in it.
        actor: who files it for the organisation.

    Raises:
        InvalidRequest: the period or the statement will not do.
        PolicyRefused: the policy does not allow administering.
    """
    if not 0 < len(statement.strip()) <= _LONGEST_STATEMENT:
        raise InvalidRequest(f"A report has a statement of at most {_LONGEST_STATEMENT:,} characters.")
    with gate.authorised(_administer(actor)) as admission, tenant_scope(actor.tenant_id):
        begins = reported_until(actor.tenant_id)
        if begins is None or not begins < period_until <= ledger.database_now():
            raise InvalidRequest("A period begins where the last report ended, and does not end in the future.")
        report = DisclosureReport(
            tenant_id=actor.tenant_id,
            period_from=begins,
            period_until=period_until,
            statement=statement.strip(),
            n_searches=_count(actor, begins=begins, ends=period_until),
            decision_entry_id=admission.decision_id,
        )
        report.save(force_insert=True)
        report.refresh_from_db(fields=["filed_at"])
        ledger.record_event(
            Tag.DISCLOSURE_FILED,
            actor=ledger.ref_of(actor),
            resource=ledger.Resource("disclosure", report.id),
            tenant_id=actor.tenant_id,
            data={"until": period_until.isoformat(), "n_searches": report.n_searches},
        )
        admission.complete(resource=gate.ResourceRef("disclosure", report.id, actor.tenant_id))
    return report


@dataclass(frozen=True, slots=True)
class Deadline:
    """What is accounted for, and when the next report is due; None: nothing is, or the policy asks for none."""

    reported_until: datetime | None
    due_at: datetime | None
    is_overdue: bool


def deadline_of(actor: Actor) -> Deadline:
    """Return when DIS-001 wants the organisation's next report, under the policy in force.

    Raises:
        PolicyRefused: the policy does not allow administering.
    """
    with gate.authorised(_administer(actor, only_looks=True)) as admission, tenant_scope(actor.tenant_id):
        snapshot = policy_selectors.gate_snapshot(actor, targets=(), only_looks=True)
        reported = reported_until(actor.tenant_id)
        days = _days_asked(snapshot)
        admission.complete()
    due = reported + timedelta(days=days) if reported is not None and days is not None else None
    return Deadline(reported, due, is_overdue=due is not None and micros_of(due) <= snapshot.now)


def _days_asked(snapshot: policy_selectors.Snapshot) -> int | None:
    """The fewest days, grace included, of the settings of DIS-001 in force that concern the organisation's category."""
    concerned = [
        int(setting.parameters["every_days"]) + int(setting.parameters["grace_days"])
        for setting in snapshot.policy.rules
        if setting.id == "DIS-001"
        and setting.effective_from <= snapshot.now
        and (setting.effective_until is None or snapshot.now < setting.effective_until)
        and (not setting.selector["categories"] or snapshot.facts["tenant_category"] in setting.selector["categories"])
    ]
    return min(concerned, default=None)


def list_disclosures(*, actor: Actor, paginate: Callable[[QuerySet[DisclosureReport]], T]) -> T:
    """Return a page of the organisation's reports.

    Raises:
        PolicyRefused: the policy does not allow administering.
    """
    with gate.authorised(_administer(actor, only_looks=True)) as admission, tenant_scope(actor.tenant_id):
        page = paginate(DisclosureReport.objects.filter(tenant_id=actor.tenant_id))
        admission.complete()
    return page


def _count(actor: Actor, *, begins: datetime, ends: datetime) -> int:
    counted = SearchRecord.objects.filter(tenant_id=actor.tenant_id, at__gt=begins, at__lte=ends)
    return counted.aggregate(n=Sum("n_searches"))["n"] or 0


def _administer(actor: Actor, *, only_looks: bool = False) -> gate.AccessRequest:
    resource = gate.ResourceRef("disclosure", None, actor.tenant_id)
    return gate.AccessRequest(actor=actor, operation=Operation.ADMINISTER, resource=resource, only_looks=only_looks)
