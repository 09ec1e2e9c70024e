"""The rights of the people whose faces are used: complaints, consents, disclosure reports, certificates of purges."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from common.context import Actor
from common.errors import InvalidRequest
from common.pagination import rows_of
from dashboard.pages import member_page, show
from dashboard.rights_forms import AnswerForm, ComplaintForm, DisclosureForm, SubjectForm
from governance.accountability import certificates, complaints, disclosures
from recognition.services import consents


@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def complaint_list(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The organisation's complaints; the form writes down what a person told it."""
    form = ComplaintForm(request.POST or None)
    if form.is_valid():
        filed = complaints.file_for(actor, new=form.new)
        messages.success(request, "It is written down; its clocks run.")
        return redirect("dashboard:complaint", filed.id)
    content = {
        "form": form,
        "complaints": complaints.list_complaints(
            actor, paginate=lambda rows: rows_of(rows, request, newest_first=True)
        ),
        "now": timezone.now(),
    }
    return show(request, "complaints", content, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def complaint(request: HttpRequest, actor: Actor, complaint_id: uuid.UUID) -> HttpResponse:
    """One complaint; the form answers it."""
    found = complaints.get_complaint(actor, complaint_id=complaint_id)
    form = AnswerForm(request.POST or None)
    if form.is_valid():
        outcome = complaints.Outcome(form.cleaned_data["outcome"])
        complaints.answer(actor, complaint_id=complaint_id, outcome=outcome, text=form.cleaned_data["answer"])
        messages.success(request, "The answer is sent.")
        return redirect("dashboard:complaint", complaint_id)
    content = {"complaint": found, "form": form, "now": timezone.now()}
    return show(request, "complaint", content, status=422 if form.errors else 200)


@require_POST
@member_page
def acknowledge(request: HttpRequest, actor: Actor, complaint_id: uuid.UUID) -> HttpResponse:
    complaints.acknowledge(actor, complaint_id=complaint_id)
    messages.success(request, "The person is told that it is looked into.")
    return redirect("dashboard:complaint", complaint_id)


@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def consent(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    """What is on record of the people of a collection; the buttons ask about one, record or withdraw consent."""
    form = SubjectForm(request.POST or None)
    content: dict[str, Any] = {"name": name, "form": form}
    if form.is_valid():
        subject = form.cleaned_data["subject"]
        if "record" in request.POST:
            proof = form.cleaned_data["evidence_digest"]
            consents.record_consent(subject, collection_name=name, actor=actor, evidence_digest=proof)
            messages.success(request, f"The consent of {subject} is on record.")
            return redirect("dashboard:consents", name)
        if "withdraw" in request.POST:
            content["withdrawal"] = consents.withdraw_consent(subject, collection_name=name, actor=actor)
        else:
            content["known"] = consents.tell_about(subject, collection_name=name, actor=actor)
    content["consents"] = consents.list_consents(
        collection_name=name, actor=actor, paginate=lambda rows: rows_of(rows, request, newest_first=True)
    )
    return show(request, "consents", content, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def disclosure_list(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The organisation's disclosure reports and when the next is due; the form files one."""
    form = DisclosureForm(request.POST or None)
    if form.is_valid():
        until = form.period_until(now=timezone.now())
        try:
            disclosures.file_disclosure(period_until=until, statement=form.cleaned_data["statement"], actor=actor)
        except InvalidRequest as error:
            form.add_error("last_day", error.detail)
        else:
            messages.success(request, "The report is filed.")
            return redirect("dashboard:disclosures")
    content = {
        "form": form,
        "deadline": disclosures.deadline_of(actor),
        "disclosures": disclosures.list_disclosures(
            actor=actor, paginate=lambda rows: rows_of(rows, request, newest_first=True)
        ),
    }
    return show(request, "disclosures", content, status=422 if form.errors else 200)


@require_safe
@member_page
def purges(request: HttpRequest, actor: Actor) -> HttpResponse:
    found = certificates.list_certificates(actor=actor, paginate=lambda rows: rows_of(rows, request, newest_first=True))
    return show(request, "purges", {"purges": found})


@require_safe
@member_page
def purge(request: HttpRequest, actor: Actor, certificate_id: uuid.UUID) -> HttpResponse:
    """One certificate, with where the log proves it."""
    return show(request, "purge", {"proven": certificates.get_certificate(certificate_id, actor=actor)})
