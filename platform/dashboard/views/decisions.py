"""Decisions: what was asked, what was answered, and by which rules. "Why was I refused?"."""

from __future__ import annotations

import uuid
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from common.context import Actor
from common.pagination import Rows, rows_of
from dashboard.explaining import explained, listed
from dashboard.pages import member_page, show
from governance import explanations
from governance.audit.models import AuditEntry

_SHOWN: Final = 50


@require_safe
@member_page
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    only_refusals = request.GET.get("show") != "all"
    found: Rows[AuditEntry] = explanations.list_decisions(
        actor=actor,
        paginate=lambda rows: rows_of(rows, request, limit=_SHOWN, newest_first=True),
        only_refusals=only_refusals,
    )
    content = {
        "decisions": [listed(entry) for entry in found.rows],
        "next_cursor": found.next_cursor,
        "only_refusals": only_refusals,
    }
    return show(request, "decisions", content)


@require_safe
@member_page
def detail(request: HttpRequest, actor: Actor, decision_id: uuid.UUID) -> HttpResponse:
    found = explanations.get_decision(decision_id, actor=actor)
    return show(request, "decision", {"decision": explained(found), "stopped_by": found.stopped_by})
