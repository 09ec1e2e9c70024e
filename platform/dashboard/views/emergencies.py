"""Breaking the glass in a case, confirming that as the second person, and ending it."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST

from common.context import Actor
from dashboard.case_forms import EmergencyForm
from dashboard.pages import member_page, show
from governance.casework import break_glass, cases
from governance.casework.errors import BreakGlassInvalid, BreakGlassUnreviewed


@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def declare(request: HttpRequest, actor: Actor, case_id: uuid.UUID) -> HttpResponse:
    case = cases.get_case(actor, case_id=case_id)
    form = EmergencyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            break_glass.break_glass(actor, case_id=case_id, emergency=form.emergency)
        except (BreakGlassInvalid, BreakGlassUnreviewed) as error:
            form.add_error(None, f"{error.title}. {error.detail}")
        else:
            messages.success(request, "The glass is broken. Somebody else has to confirm it within 15 minutes.")
            return redirect("dashboard:case", case_id)
    return show(request, "break_glass", {"case": case, "form": form}, status=422 if form.errors else 200)


@require_POST
@member_page
def confirm(request: HttpRequest, actor: Actor, case_id: uuid.UUID, grant_id: uuid.UUID) -> HttpResponse:
    break_glass.confirm(actor, case_id=case_id, grant_id=grant_id)
    messages.success(request, "Confirmed: it holds until its end.")
    return redirect("dashboard:case", case_id)


@require_POST
@member_page
def close(request: HttpRequest, actor: Actor, case_id: uuid.UUID, grant_id: uuid.UUID) -> HttpResponse:
    break_glass.close(actor, case_id=case_id, grant_id=grant_id)
    messages.success(request, "Emergency access is ended. Its review is still owed.")
    return redirect("dashboard:case", case_id)
