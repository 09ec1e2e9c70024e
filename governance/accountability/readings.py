"""The facts that this app knows, read for a decision in the tenant's scope."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import Max, Min

from common.instants import micros_of
from governance.accountability import consents, searches
from governance.accountability.models import DisclosureReport, WatchlistTerms
from governance.models import Approval
from governance.ports import register_fact
from governance.questions import AccessRequest

Facts = Mapping[str, Any]


def register() -> None:
    """Register the readers of these facts."""
    register_fact("searches_today", searches_today)
    register_fact("searches_in_case", searches_in_case)
    register_fact("searches_of_subject", searches_of_subject)
    register_fact("disclosed_until", disclosed_until)
    register_fact("watchlists", watchlists)
    register_fact("consent_state", consent_state)


def searches_today(request: AccessRequest, facts: Facts) -> int:
    return searches.count_today(request.actor.tenant_id)


def searches_in_case(request: AccessRequest, facts: Facts) -> int | None:
    case_ref = request.actor.usage.case_ref
    return None if case_ref is None else searches.count_in_case(request.actor.tenant_id, case_ref=case_ref)


def searches_of_subject(request: AccessRequest, facts: Facts) -> int | None:
    if request.probe is None:
        return None
    return searches.count_of_probe(request.actor.tenant_id, probe=request.probe)


def disclosed_until(request: AccessRequest, facts: Facts) -> int | None:
    """None, where nothing was ever reported or approved, refuses."""
    reported = reported_until(request.actor.tenant_id)
    return None if reported is None else micros_of(reported)


def reported_until(tenant_id: uuid.UUID) -> datetime | None:
    """Return the end of what the tenant has reported, else its first approval; inside its scope."""
    reports = DisclosureReport.objects.filter(tenant_id=tenant_id).aggregate(until=Max("period_until"))
    approvals = Approval.objects.filter(tenant_id=tenant_id).aggregate(since=Min("valid_from"))
    reported: datetime | None = reports["until"] or approvals["since"]
    return reported


def consent_state(request: AccessRequest, facts: Facts) -> str:
    if not request.subject or request.gallery_id is None:
        return "unnamed"
    return consents.state_of(request.subject, tenant_id=request.actor.tenant_id, collection_id=request.gallery_id).value


def watchlists(request: AccessRequest, facts: Facts) -> list[dict[str, Any]]:
    if request.gallery_id is None:
        return []
    terms = WatchlistTerms.objects.filter(tenant_id=request.actor.tenant_id, collection_id=request.gallery_id)
    return [
        {
            "id": str(item.id),
            "operation": item.operation,
            "from": micros_of(item.effective_from),
            "until": micros_of(item.expires_at),
        }
        for item in terms.order_by("-expires_at")[:10]
    ]
