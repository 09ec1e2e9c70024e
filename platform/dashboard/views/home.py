"""The front page for visitors, and what a member sees first."""

from __future__ import annotations

from typing import Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from common.context import Actor
from common.pagination import rows_of
from dashboard.pages import member_page, show
from governance.casework import break_glass
from governance.vetting import applications
from recognition.services import collections, jobs

_SHOWN: Final = 5


@require_safe
def front(request: HttpRequest) -> HttpResponse:
    """Say what this server is; members go on to their overview."""
    if request.user.is_authenticated and not request.user.is_staff:
        return redirect("dashboard:overview")
    return show(request, "front", {})


@require_safe
@member_page
def overview(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The newest of what there is; who is not approved yet is shown the way to it instead of a refusal."""
    standing = applications.standing_of(actor)
    if standing.approved_until is None:
        return show(request, "overview", {"standing": standing})
    content = {
        "emergencies": break_glass.list_waiting(actor),
        "standing": standing,
        "collections": collections.list_collections(
            actor=actor, paginate=lambda rows: rows_of(rows, request, limit=_SHOWN, newest_first=True)
        ),
        "jobs": jobs.list_jobs(
            actor=actor, paginate=lambda rows: rows_of(rows, request, limit=_SHOWN, newest_first=True)
        ),
    }
    return show(request, "overview", content)
