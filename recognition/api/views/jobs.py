"""Jobs: list, read, cancel, and read what they did."""

from __future__ import annotations

import uuid

from django.urls import reverse
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from common.documentation import PAGE, documented
from common.pagination import page, page_of
from recognition.api import examples
from recognition.api.limits import LimitedView
from recognition.api.serializers import jobs as shapes
from recognition.models import Job
from recognition.services import jobs
from tenants.api.requests import actor_of

_TAG = "jobs"


def accepted(job: Job) -> Response:
    """Answer 202: the job, and where it is."""
    location = reverse("job", kwargs={"job_id": job.id})
    return Response(shapes.job_of(job), status=status.HTTP_202_ACCEPTED, headers={"Location": location})


class JobList(LimitedView):
    @documented(
        "list_jobs",
        summary="List the tenant's jobs, newest first",
        tag=_TAG,
        parameters=PAGE,
        responses={200: shapes.JobPage},
        example=examples.LIST_JOBS,
    )
    def get(self, request: Request) -> Response:
        found = jobs.list_jobs(
            actor=actor_of(request),
            paginate=lambda rows: page(rows, request, present=shapes.job_of, newest_first=True),
        )
        return Response(found)


class JobDetail(LimitedView):
    @documented(
        "get_job",
        summary="Read how far a job is, or how it ended",
        tag=_TAG,
        responses={200: shapes.JobResponse},
        problems=(404,),
        example=examples.GET_JOB,
    )
    def get(self, request: Request, job_id: uuid.UUID) -> Response:
        return Response(shapes.job_of(jobs.get_job(job_id, actor=actor_of(request))))


class JobCancellation(LimitedView):
    @documented(
        "cancel_job",
        summary="End a job; what it has done so far stays",
        tag=_TAG,
        responses={200: shapes.JobResponse},
        problems=(404, 409),
        example=examples.CANCEL_JOB,
        idempotent=True,
    )
    def post(self, request: Request, job_id: uuid.UUID) -> Response:
        return Response(shapes.job_of(jobs.cancel_job(job_id, actor=actor_of(request))))


class JobResults(LimitedView):
    @documented(
        "get_job_results",
        summary="Read what a job did with each image",
        tag=_TAG,
        parameters=PAGE,
        responses={200: shapes.JobResultPage},
        problems=(404, 409),
        example=examples.GET_JOB_RESULTS,
    )
    def get(self, request: Request, job_id: uuid.UUID) -> Response:
        found = jobs.read_results(
            job_id,
            actor=actor_of(request),
            paginate=lambda rows: page_of(rows, request, present=shapes.results_of),
        )
        return Response(found)
