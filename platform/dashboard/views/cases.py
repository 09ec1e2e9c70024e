"""Cases: open, read, close; what courts allowed in them; the disclosure package."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from common.context import Actor
from common.pagination import rows_of
from common.vocabulary import OffenceClass, Purpose
from dashboard.case_forms import AuthorisationForm, CaseForm, ErasureForm, RatificationForm
from dashboard.pages import member_page, show
from governance.casework import authorisations, break_glass, cases, disclosure, kept_probes
from governance.casework.errors import AuthorisationInvalid, CaseExists, UrgencyNotRatified


@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The list, with the form for who may open cases."""
    people = cases.possible_officers(actor)
    form = CaseForm(request.POST or None, people=people or ())
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            case = cases.open_case(
                actor,
                reference=values["reference"],
                purpose=Purpose(values["purpose"]),
                offence_class=OffenceClass(values["offence_class"]),
                rationale=values["rationale"],
                officers=form.officer_ids,
            )
        except CaseExists as error:
            form.add_error("reference", error.detail)
        else:
            messages.success(request, "The case is open: searches may name it.")
            return redirect("dashboard:case", case.id)
    found = cases.list_cases(actor, paginate=lambda rows: rows_of(rows, request, newest_first=True))
    content = {
        "emergencies": break_glass.list_waiting(actor),
        "cases": found,
        "form": form if people is not None else None,
    }
    return show(request, "cases", content, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def detail(request: HttpRequest, actor: Actor, case_id: uuid.UUID) -> HttpResponse:
    """One case; the form records what a court allowed."""
    case = cases.get_case(actor, case_id=case_id)
    form = AuthorisationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            authorisations.record_authorisation(actor, case_id=case_id, document=form.document)
        except (AuthorisationInvalid, UrgencyNotRatified) as error:
            form.add_error(None, f"{error.title}. {error.detail}")
        else:
            messages.success(request, "The authorisation is recorded.")
            return redirect("dashboard:case", case_id)
    content: dict[str, Any] = {
        "case": case,
        "kept": kept_probes.tell_kept(actor, case=case),
        "form": form if case.is_open else None,
    }
    return show(request, "case", content, status=422 if form.errors else 200)


@require_POST
@member_page
def close(request: HttpRequest, actor: Actor, case_id: uuid.UUID) -> HttpResponse:
    cases.close_case(actor, case_id=case_id)
    messages.success(request, "The case is closed: requests that name it are refused from now on.")
    return redirect("dashboard:case", case_id)


@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def erase(request: HttpRequest, actor: Actor, case_id: uuid.UUID) -> HttpResponse:
    """Destroy the key of a closed case's evidence; the page says what goes and what stays."""
    case = cases.get_case(actor, case_id=case_id)
    form = ErasureForm(request.POST or None)
    if form.is_valid():
        n_erased = kept_probes.erase_kept(actor, case_id=case_id, reason=form.erasure_reason)
        messages.success(request, f"Erased: nobody can open what was kept of the case (pictures: {n_erased}).")
        return redirect("dashboard:case", case_id)
    content = {"case": case, "kept": kept_probes.tell_kept(actor, case=case), "form": form}
    return show(request, "case_erase", content, status=422 if form.errors else 200)


@require_POST
@member_page
def ratify(request: HttpRequest, actor: Actor, case_id: uuid.UUID, authorisation_id: uuid.UUID) -> HttpResponse:
    form = RatificationForm(request.POST)
    if not form.is_valid():
        raise AuthorisationInvalid("A court's document has a number and the SHA-256 of its file.")
    authorisations.ratify(actor, case_id=case_id, authorisation_id=authorisation_id, **form.cleaned_data)
    messages.success(request, "The court's ratification is recorded.")
    return redirect("dashboard:case", case_id)


@require_POST
@member_page
def withdraw(request: HttpRequest, actor: Actor, case_id: uuid.UUID, authorisation_id: uuid.UUID) -> HttpResponse:
    authorisations.revoke(actor, case_id=case_id, authorisation_id=authorisation_id)
    messages.success(request, "The authorisation is withdrawn.")
    return redirect("dashboard:case", case_id)


@require_safe
@member_page
def disclose(request: HttpRequest, actor: Actor, case_id: uuid.UUID) -> HttpResponse:
    """The disclosure package, to be saved."""
    package = disclosure.export_case(actor, case_id=case_id)
    headers = {"Content-Disposition": f'attachment; filename="{package.name}"'}
    return HttpResponse(package.data, content_type="application/zip", headers=headers)
