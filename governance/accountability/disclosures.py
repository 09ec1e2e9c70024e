"""Disclosure reports: an organisation accounts for its searches, which DIS-001 asks of law enforcement."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from django.db.models import QuerySet, Sum

from common.context import Actor, tenant_scope
from common.errors import InvalidRequest
from common.vocabulary import Operation
from governance import gate
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
