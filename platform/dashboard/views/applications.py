"""How an organisation asks to be approved: its standing, its applications, drafts, answers and appeals."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST

from common.context import Actor
from common.errors import InvalidRequest
from common.pagination import rows_of
from dashboard.application_forms import ApplicationForm, OfficerForms, officers_in
from dashboard.pages import member_page, show
from governance.vetting import applications, evidence
from governance.vetting.errors import ApplicationIncomplete, EvidenceUnusable
from tenants.errors import RoleNotSufficient


@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    """How the organisation stands; to its managers also what it applied for. The button begins an application."""
    if request.method == "POST":
        begun = applications.begin_application(actor)
        messages.success(request, "The draft is begun. It is yours alone until you submit it.")
        return redirect("dashboard:application", begun.id)
    try:
        listed = applications.list_applications(actor, paginate=lambda rows: rows_of(rows, request, newest_first=True))
    except RoleNotSufficient:
        listed = None
    return show(request, "applications", {"applications": listed, "standing": applications.standing_of(actor)})


@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def detail(request: HttpRequest, actor: Actor, application_id: uuid.UUID) -> HttpResponse:
    """One application; while it can be changed, the form saves it, and hands it in where that button was pressed."""
    application = applications.get_application(actor, application_id=application_id)
    stated = application.content()
    form = ApplicationForm(request.POST or None, request.FILES or None, initial=stated)
    officers = OfficerForms(request.POST or None, initial=stated["case_officers"], prefix="officers")
    if request.method == "POST" and form.is_valid() and officers.is_valid():
        try:
            _save(actor, application_id, form=form, officers=officers)
            if "submit_it" in request.POST:
                applications.submit(actor, application_id=application_id)
        except EvidenceUnusable as error:
            form.add_error("evidence_file", error.detail)
        except (ApplicationIncomplete, InvalidRequest) as error:
            form.add_error(None, f"What you wrote is saved. {error.detail}")
        else:
            is_submitted = "submit_it" in request.POST
            messages.success(request, "It is with the officers now." if is_submitted else "The draft is saved.")
            return redirect("dashboard:application", application_id)
        application = applications.get_application(actor, application_id=application_id)
    is_wrong = request.method == "POST" and not (form.is_valid() and officers.is_valid())
    content = {
        "application": application,
        "standing": applications.standing_of(actor),
        "is_editable": application.state in application.EDITABLE,
        "form": form,
        "officers": officers,
    }
    return show(request, "application", content, status=422 if is_wrong else 200)


@require_POST
@member_page
def appeal(request: HttpRequest, actor: Actor, application_id: uuid.UUID) -> HttpResponse:
    applications.appeal(actor, application_id=application_id, reason=request.POST.get("reason", ""))
    messages.success(request, "Other officers will look at it again.")
    return redirect("dashboard:application", application_id)


@require_POST
@member_page
def remove_evidence(
    request: HttpRequest, actor: Actor, application_id: uuid.UUID, evidence_id: uuid.UUID
) -> HttpResponse:
    evidence.remove_evidence(actor, application_id=application_id, evidence_id=evidence_id)
    messages.success(request, "The document is destroyed.")
    return redirect("dashboard:application", application_id)


def _save(actor: Actor, application_id: uuid.UUID, *, form: ApplicationForm, officers: Any) -> None:
    values = {**form.statements, "case_officers": officers_in(officers)}
    applications.state(actor, application_id=application_id, values=values)
    if (document := form.document) is not None:
        title, data = document
        evidence.add_evidence(actor, application_id=application_id, title=title, data=data)
