"""Cases and what courts allowed in them. Who may is decided by the services (`casework.authority`)."""

from __future__ import annotations

import uuid

from django.http import HttpResponse
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.documentation import PAGE, documented
from common.pagination import page
from common.vocabulary import AuthorisationKind, OffenceClass, Operation, Purpose
from governance.casework import authorisations, cases, disclosure, kept_probes, reviews
from governance.casework.api import examples
from governance.casework.api import serializers as shapes
from governance.casework.authorisations import NewAuthorisation
from governance.casework.kept_probes import ErasureReason
from tenants.api.requests import actor_of, validated_body

_TAG = "cases"
_REVIEWS = "reviews"


class CaseList(APIView):
    @documented(
        "list_cases",
        governed=False,
        summary="List the tenant's cases, newest first",
        tag=_TAG,
        parameters=PAGE,
        responses={200: shapes.CasePage},
        example=examples.LIST_CASES,
    )
    def get(self, request: Request) -> Response:
        found = cases.list_cases(
            actor_of(request),
            paginate=lambda rows: page(rows, request, present=shapes.case_of, newest_first=True),
        )
        return Response(shapes.CasePage(found).data)

    @documented(
        "open_case",
        governed=False,
        summary="Open a case that searches may name (Custos-Case)",
        tag=_TAG,
        json=shapes.OpenCaseRequest,
        responses={201: shapes.CaseResponse},
        problems=(409,),
        example=examples.OPEN_CASE,
    )
    def post(self, request: Request) -> Response:
        body = validated_body(request, shapes.OpenCaseRequest)
        case = cases.open_case(
            actor_of(request),
            reference=body["reference"],
            purpose=Purpose(body["purpose"]),
            offence_class=OffenceClass(body["offence_class"]),
            rationale=body["rationale"],
            officers=body["officers"],
        )
        return Response(shapes.CaseResponse(shapes.case_of(case)).data, status=status.HTTP_201_CREATED)


class CaseDetail(APIView):
    @documented(
        "get_case",
        governed=False,
        summary="Read a case with its authorisations",
        tag=_TAG,
        responses={200: shapes.CaseResponse},
        problems=(404,),
        example=examples.GET_CASE,
    )
    def get(self, request: Request, case_id: uuid.UUID) -> Response:
        case = cases.get_case(actor_of(request), case_id=case_id)
        return Response(shapes.CaseResponse(shapes.case_of(case)).data)


class CaseClosing(APIView):
    @documented(
        "close_case",
        governed=False,
        summary="Close a case: requests that name it are refused from now on",
        tag=_TAG,
        responses={200: shapes.CaseResponse},
        problems=(404, 409),
        example=examples.CLOSE_CASE,
    )
    def post(self, request: Request, case_id: uuid.UUID) -> Response:
        case = cases.close_case(actor_of(request), case_id=case_id)
        return Response(shapes.CaseResponse(shapes.case_of(case)).data)


class KeptProbesErasure(APIView):
    @documented(
        "erase_kept_probes",
        governed=False,
        summary="Destroy the key of a closed case's evidence: the pictures of its confirmed probes (RET-002)",
        tag=_TAG,
        json=shapes.EraseKeptProbesRequest,
        responses={200: shapes.ErasedResponse},
        problems=(404, 409),
        example=examples.ERASE_KEPT_PROBES,
    )
    def post(self, request: Request, case_id: uuid.UUID) -> Response:
        reason = ErasureReason(validated_body(request, shapes.EraseKeptProbesRequest)["reason"])
        erased = kept_probes.erase_kept(actor_of(request), case_id=case_id, reason=reason)
        return Response(shapes.ErasedResponse({"erased": erased}).data)


class CaseDisclosure(APIView):
    @documented(
        "get_disclosure_package",
        summary="Read the disclosure package of a case: a zip of JSON and a page",
        tag=_TAG,
        responses={200: None},
        files=("application/zip",),
        problems=(404,),
    )
    def get(self, request: Request, case_id: uuid.UUID) -> HttpResponse:
        package = disclosure.export_case(actor_of(request), case_id=case_id)
        headers = {"Content-Disposition": f'attachment; filename="{package.name}"'}
        return HttpResponse(package.data, content_type="application/zip", headers=headers)


class AuthorisationList(APIView):
    @documented(
        "record_authorisation",
        governed=False,
        summary="Record a warrant or order in a case, or declare an urgent use",
        tag=_TAG,
        json=shapes.RecordAuthorisationRequest,
        responses={201: shapes.AuthorisationResponse},
        problems=(404, 409),
        example=examples.RECORD_AUTHORISATION,
    )
    def post(self, request: Request, case_id: uuid.UUID) -> Response:
        body = validated_body(request, shapes.RecordAuthorisationRequest)
        document = NewAuthorisation(
            **{
                **body,
                "kind": AuthorisationKind(body["kind"]),
                "operations": {Operation(operation) for operation in body["operations"]},
            }
        )
        recorded = authorisations.record_authorisation(actor_of(request), case_id=case_id, document=document)
        answer = shapes.AuthorisationResponse(shapes.authorisation_of(recorded)).data
        return Response(answer, status=status.HTTP_201_CREATED)


class AuthorisationRatification(APIView):
    @documented(
        "ratify_authorisation",
        governed=False,
        summary="Record that a court has ratified an urgent use; by another person than who declared it, and no key",
        tag=_TAG,
        json=shapes.RatifyAuthorisationRequest,
        responses={200: shapes.AuthorisationResponse},
        problems=(404, 409),
        example=examples.RATIFY_AUTHORISATION,
    )
    def post(self, request: Request, case_id: uuid.UUID, authorisation_id: uuid.UUID) -> Response:
        body = validated_body(request, shapes.RatifyAuthorisationRequest)
        ratified = authorisations.ratify(actor_of(request), case_id=case_id, authorisation_id=authorisation_id, **body)
        return Response(shapes.AuthorisationResponse(shapes.authorisation_of(ratified)).data)


class AuthorisationWithdrawal(APIView):
    @documented(
        "revoke_authorisation",
        governed=False,
        summary="Withdraw an authorisation",
        tag=_TAG,
        responses={200: shapes.AuthorisationResponse},
        problems=(404, 409),
        example=examples.REVOKE_AUTHORISATION,
    )
    def post(self, request: Request, case_id: uuid.UUID, authorisation_id: uuid.UUID) -> Response:
        revoked = authorisations.revoke(actor_of(request), case_id=case_id, authorisation_id=authorisation_id)
        return Response(shapes.AuthorisationResponse(shapes.authorisation_of(revoked)).data)


class ReviewTaskList(APIView):
    @documented(
        "list_review_tasks",
        summary="List results under review, newest first",
        tag=_REVIEWS,
        parameters=PAGE,
        responses={200: shapes.ReviewTaskPage},
        example=examples.LIST_REVIEW_TASKS,
    )
    def get(self, request: Request) -> Response:
        found = reviews.list_tasks(
            actor_of(request),
            paginate=lambda rows: page(rows, request, present=shapes.review_of, newest_first=True),
        )
        return Response(shapes.ReviewTaskPage(found).data)


class ReviewTaskDetail(APIView):
    @documented(
        "get_review_task",
        summary="Read how a review stands; who the candidates are is not told here",
        tag=_REVIEWS,
        responses={200: shapes.ReviewTaskResponse},
        problems=(404,),
        example=examples.GET_REVIEW_TASK,
    )
    def get(self, request: Request, task_id: uuid.UUID) -> Response:
        task = reviews.get_task(actor_of(request), task_id=task_id)
        return Response(shapes.ReviewTaskResponse(shapes.review_of(task)).data)
