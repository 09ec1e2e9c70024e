"""Applications to be vetted, of the tenant that asks. Officers work in the administration, never here."""

from __future__ import annotations

import base64
import binascii
import uuid

from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.documentation import PAGE, documented
from common.pagination import page
from governance.vetting import applications, evidence
from governance.vetting.api import examples
from governance.vetting.api import serializers as shapes
from governance.vetting.errors import EvidenceUnusable
from governance.vetting.models import VettingApplication
from tenants.api.requests import actor_of, validated_body

_TAG = "vetting"


def _shown(application: VettingApplication, *, code: int = status.HTTP_200_OK) -> Response:
    return Response(shapes.ApplicationResponse(shapes.application_of(application)).data, status=code)


class ApplicationList(APIView):
    @documented(
        "list_applications",
        governed=False,
        summary="List the tenant's applications to be vetted, newest first",
        tag=_TAG,
        parameters=PAGE,
        responses={200: shapes.ApplicationPage},
        example=examples.LIST_APPLICATIONS,
    )
    def get(self, request: Request) -> Response:
        found = applications.list_applications(
            actor_of(request),
            paginate=lambda rows: page(rows, request, present=shapes.summary_of, newest_first=True),
        )
        return Response(shapes.ApplicationPage(found).data)

    @documented(
        "begin_application",
        governed=False,
        summary="Begin an application, filled in with what was stated the last time",
        tag=_TAG,
        responses={201: shapes.ApplicationResponse},
        problems=(409,),
        example=examples.BEGIN_APPLICATION,
    )
    def post(self, request: Request) -> Response:
        return _shown(applications.begin_application(actor_of(request)), code=status.HTTP_201_CREATED)


class ApplicationDetail(APIView):
    @documented(
        "get_application",
        governed=False,
        summary="Read an application, what the officers told, and the list of its evidence",
        tag=_TAG,
        responses={200: shapes.ApplicationResponse},
        problems=(404,),
        example=examples.GET_APPLICATION,
    )
    def get(self, request: Request, application_id: uuid.UUID) -> Response:
        return _shown(applications.get_application(actor_of(request), application_id=application_id))

    @documented(
        "state_application",
        governed=False,
        summary="Change statements of an application that is not with the officers",
        tag=_TAG,
        json=shapes.StateRequest,
        responses={200: shapes.ApplicationResponse},
        problems=(404, 409),
        example=examples.STATE_APPLICATION,
    )
    def patch(self, request: Request, application_id: uuid.UUID) -> Response:
        body = validated_body(request, shapes.StateRequest)
        for officer in body.get("case_officers", ()):
            officer["trained_on"] = officer["trained_on"].isoformat()
        return _shown(applications.state(actor_of(request), application_id=application_id, values=body))


class ApplicationSubmission(APIView):
    @documented(
        "submit_application",
        governed=False,
        summary="Hand a complete application to the officers; it cannot be changed from then on",
        tag=_TAG,
        responses={200: shapes.ApplicationResponse},
        problems=(404, 409, 422),
        example=examples.SUBMIT_APPLICATION,
    )
    def post(self, request: Request, application_id: uuid.UUID) -> Response:
        return _shown(applications.submit(actor_of(request), application_id=application_id))


class ApplicationAppeal(APIView):
    @documented(
        "appeal_application",
        governed=False,
        summary="Appeal against a refusal; two other officers look at it",
        tag=_TAG,
        json=shapes.AppealRequest,
        responses={200: shapes.ApplicationResponse},
        problems=(404, 409),
        example=examples.APPEAL_APPLICATION,
    )
    def post(self, request: Request, application_id: uuid.UUID) -> Response:
        body = validated_body(request, shapes.AppealRequest)
        appealed = applications.appeal(actor_of(request), application_id=application_id, reason=body["reason"])
        return _shown(appealed)


class EvidenceList(APIView):
    @documented(
        "add_evidence",
        governed=False,
        summary="Put a document to an application; only officers can open it",
        tag=_TAG,
        json=shapes.AddEvidenceRequest,
        responses={201: shapes.EvidenceResponse},
        problems=(404, 409),
        example=examples.ADD_EVIDENCE,
    )
    def post(self, request: Request, application_id: uuid.UUID) -> Response:
        body = validated_body(request, shapes.AddEvidenceRequest)
        try:
            data = base64.b64decode(body["bytes"], validate=True)
        except (binascii.Error, ValueError) as error:
            raise EvidenceUnusable("The bytes are no base64.") from error
        added = evidence.add_evidence(actor_of(request), application_id=application_id, title=body["title"], data=data)
        return Response(shapes.EvidenceResponse(added).data, status=status.HTTP_201_CREATED)


class EvidenceDetail(APIView):
    @documented(
        "remove_evidence",
        governed=False,
        summary="Take a document back while the application can be changed; it is destroyed",
        tag=_TAG,
        responses={204: None},
        problems=(404, 409),
    )
    def delete(self, request: Request, application_id: uuid.UUID, evidence_id: uuid.UUID) -> Response:
        evidence.remove_evidence(actor_of(request), application_id=application_id, evidence_id=evidence_id)
        return Response(status=status.HTTP_204_NO_CONTENT)
