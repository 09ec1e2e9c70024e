"""Jobs: how far they are, what they did, and ending them."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HTMX_STOP_POLLING

from common.context import Actor
from common.pagination import rows_of
from dashboard.pages import member_page, show
from recognition.services import jobs


@require_safe
@member_page
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    found = jobs.list_jobs(actor=actor, paginate=lambda rows: rows_of(rows, request, newest_first=True))
    return show(request, "jobs", {"jobs": found})


@require_safe
@member_page
def detail(request: HttpRequest, actor: Actor, job_id: uuid.UUID) -> HttpResponse:
    """The page, and to htmx its progress alone; the last of those tells htmx to stop asking."""
    job = jobs.get_job(job_id, actor=actor)
    status = HTMX_STOP_POLLING if getattr(request, "htmx", False) and not job.is_open else 200
    content = {"job": job, "worked_on": job.done + job.failed}
    return show(request, "job", content, partial="job_progress", status=status)


@require_safe
@member_page
def results(request: HttpRequest, actor: Actor, job_id: uuid.UUID) -> HttpResponse:
    items = jobs.read_results(job_id, actor=actor, paginate=lambda rows: rows_of(rows, request))
    return show(request, "job_results", {"job_id": job_id, "items": items})


@require_POST
@member_page
def cancel(request: HttpRequest, actor: Actor, job_id: uuid.UUID) -> HttpResponse:
    jobs.cancel_job(job_id, actor=actor)
    messages.success(request, "The job is cancelled. What it has enrolled so far stays.")
    return redirect("dashboard:job", job_id)
