"""Results under review: the queue, one review with what was released of it, and the review itself."""

from __future__ import annotations

import uuid
from typing import Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from common.context import Actor
from common.pagination import rows_of
from dashboard.case_forms import TrainingForm, VerdictForm
from dashboard.pages import member_page, show
from governance.casework import reviews, training, verdicts
from recognition.services import reviews as released
from tenants.services import members

_SHOWN: Final = 50


@require_safe
@member_page
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    only_pending = request.GET.get("show") != "all"
    found = reviews.list_tasks(
        actor,
        paginate=lambda rows: rows_of(rows, request, limit=_SHOWN, newest_first=not only_pending),
        only_pending=only_pending,
    )
    return show(request, "reviews", {"reviews": found, "only_pending": only_pending})


@require_safe
@member_page
def detail(request: HttpRequest, actor: Actor, task_id: uuid.UUID) -> HttpResponse:
    """How it stands; once it has ended, who was released."""
    task = reviews.get_task(actor, task_id=task_id)
    result = None if task.is_pending else released.read_result(task_id, actor=actor)
    content = {"task": task, "notices": reviews.notices_of(task), "searches": result.searches if result else ()}
    return show(request, "review", content)


@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def judge(request: HttpRequest, actor: Actor, task_id: uuid.UUID) -> HttpResponse:
    """The pictures side by side, and the verdict."""
    sheet = verdicts.show_sheet(actor, task_id=task_id)
    form = VerdictForm(request.POST or None, sheet=sheet)
    if form.is_valid():
        verdicts.give_verdict(actor, task_id=task_id, judgements=form.judgements, reasons=form.cleaned_data["reasons"])
        messages.success(request, "Your verdict is recorded.")
        return redirect("dashboard:reviews")
    content = {"form": form, "task": sheet.task, "notices": reviews.notices_of(sheet.task)}
    return show(request, "review_judge", content, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def trained(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Who is trained to review, and the form that attests it."""
    attestations = training.list_current(actor)
    people = members.list_members(actor, paginate=lambda rows: [(row.user_id, row.user.username) for row in rows])
    form = TrainingForm(request.POST or None, people=[person for person in people if person[0] != actor.id])
    if form.is_valid():
        values = form.cleaned_data
        training.attest(actor, user_id=values["user_id"], course=values["course"], expires_at=form.expires_at)
        messages.success(request, "The training is attested.")
        return redirect("dashboard:training")
    content = {"attestations": attestations, "form": form}
    return show(request, "training", content, status=422 if form.errors else 200)


@require_POST
@member_page
def revoke_training(request: HttpRequest, actor: Actor, attestation_id: uuid.UUID) -> HttpResponse:
    training.revoke(actor, attestation_id=attestation_id)
    messages.success(request, "The attestation is taken back.")
    return redirect("dashboard:training")
