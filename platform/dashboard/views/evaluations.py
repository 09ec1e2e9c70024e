"""Evaluations: ask for one, and look at what it says."""

from __future__ import annotations

import uuid
from typing import Final, cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from common.context import Actor
from common.pagination import rows_of
from dashboard.evaluation_forms import EvaluationForm
from dashboard.pages import member_page, show
from recognition.errors import CollectionNotFound, EvaluationNotFound
from recognition.evaluation import plots
from recognition.services import evaluation_runs

_MEDIA_TYPES: Final = {"svg": "image/svg+xml", "png": "image/png"}


@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    form = EvaluationForm(request.POST or None, request.FILES or None)
    if form.is_valid():
        try:
            job = evaluation_runs.submit_evaluation(
                collection_name=form.cleaned_data["collection"],
                actor=actor,
                probe_collection_name=form.cleaned_data["probe_collection"] or None,
                groups=form.cleaned_data["groups"],
            )
        except CollectionNotFound as error:
            form.add_error(None, error.detail)
        else:
            return redirect("dashboard:job", job.id)
    found = evaluation_runs.list_evaluations(
        actor=actor, paginate=lambda rows: rows_of(rows, request, newest_first=True)
    )
    return show(request, "evaluations", {"form": form, "runs": found}, status=422 if form.errors else 200)


@require_safe
@member_page
def detail(request: HttpRequest, actor: Actor, job_id: uuid.UUID) -> HttpResponse:
    run = evaluation_runs.read_evaluation(job_id, actor=actor)
    return show(request, "evaluation", {"run": run, "report": run.report, "plots": plots.names_for(run.report)})


@require_safe
@member_page
def plot(request: HttpRequest, actor: Actor, job_id: uuid.UUID, name: str, file_format: str) -> HttpResponse:
    """One curve, as a picture of its own."""
    run = evaluation_runs.read_evaluation(job_id, actor=actor)
    if file_format not in _MEDIA_TYPES or name not in plots.names_for(run.report):
        raise EvaluationNotFound
    content = plots.draw(name, report=run.report, file_format=cast("plots.Format", file_format))
    return HttpResponse(content, content_type=_MEDIA_TYPES[file_format])


@require_safe
@member_page
def card(request: HttpRequest, actor: Actor, job_id: uuid.UUID) -> HttpResponse:
    """The service card: one page to keep or print, with its curves inside it."""
    run = evaluation_runs.read_evaluation(job_id, actor=actor)
    drawn = [(name, plots.draw(name, report=run.report).decode()) for name in plots.names_for(run.report)]
    response = render(request, "dashboard/service_card.html", {"run": run, "report": run.report, "drawn": drawn})
    response.headers["Content-Disposition"] = f'attachment; filename="service-card-{job_id}.html"'
    return response
