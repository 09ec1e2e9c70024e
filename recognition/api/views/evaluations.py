"""Evaluations: ask for one, list them, read one, and its plots."""

from __future__ import annotations

import uuid

from rest_framework.request import Request
from rest_framework.response import Response

from common.documentation import PAGE, documented
from common.pagination import page
from recognition.api import examples
from recognition.api.limits import LimitedView
from recognition.api.requests import body_of
from recognition.api.serializers import evaluations as shapes
from recognition.api.serializers.jobs import JobResponse
from recognition.api.views.jobs import accepted
from recognition.services import evaluation_runs
from tenants.api.requests import actor_of

_TAG = "evaluations"


class EvaluationList(LimitedView):
    @documented(
        "list_evaluations",
        summary="List the tenant's evaluations, newest first",
        tag=_TAG,
        parameters=PAGE,
        responses={200: shapes.EvaluationPage},
        example=examples.LIST_EVALUATIONS,
    )
    def get(self, request: Request) -> Response:
        found = evaluation_runs.list_evaluations(
            actor=actor_of(request),
            paginate=lambda rows: page(rows, request, present=shapes.summary_of, newest_first=True),
        )
        return Response(found)

    @documented(
        "create_evaluation",
        summary="Measure the error rates of an engine on a collection's labelled faces, as a job",
        tag=_TAG,
        json=shapes.EvaluationRequest,
        responses={202: JobResponse},
        problems=(404, 409),
        example=examples.CREATE_EVALUATION,
        idempotent=True,
    )
    def post(self, request: Request) -> Response:
        body = body_of(request, json=shapes.EvaluationRequest)
        job = evaluation_runs.submit_evaluation(
            collection_name=body["collection"],
            actor=actor_of(request),
            probe_collection_name=body["probe_collection"],
            groups=body["groups"],
        )
        return accepted(job)


class EvaluationDetail(LimitedView):
    @documented(
        "get_evaluation",
        summary="Read an evaluation with its report, as far as it has come",
        tag=_TAG,
        responses={200: shapes.EvaluationResponse},
        problems=(404, 409),
        example=examples.GET_EVALUATION,
    )
    def get(self, request: Request, evaluation_id: uuid.UUID) -> Response:
        return Response(shapes.evaluation_of(evaluation_runs.read_evaluation(evaluation_id, actor=actor_of(request))))
