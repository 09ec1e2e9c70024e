"""Complaints that are the organisation's matter: written down, acknowledged, answered. No use of faces, so no gate."""

from __future__ import annotations

import uuid
from typing import Any, Final

from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.documentation import PAGE, Example, documented
from common.pagination import page
from common.serializers import StrictSerializer
from governance.accountability import complaints
from governance.accountability.complaints import LONGEST_TEXT, Kind, NewComplaint, Outcome
from governance.accountability.models import Complaint
from tenants.api.requests import actor_of, validated_body

_TAG = "complaints"
_NEW: Final[dict[str, Any]] = {
    "kind": "correction",
    "text": "The person in your album of May is not me.",
    "contact": "somebody@example.org",
}
_COMPLAINT: Final[dict[str, Any]] = {
    "id": "01971f93-1c2d-7e3f-8a4b-5c6d7e8f9a0b",
    **_NEW,
    "about": "",
    "state": "received",
    "received_at": "2026-03-02T09:15:27.104233Z",
    "acknowledge_by": "2026-03-09T09:15:27.104233Z",
    "answer_by": "2026-04-01T09:15:27.104233Z",
    "acknowledged_at": None,
    "answered_at": None,
    "outcome": "",
    "answer": "",
}
_ACKNOWLEDGED: Final = {**_COMPLAINT, "state": "acknowledged", "acknowledged_at": "2026-03-03T10:00:00Z"}
_VERDICT: Final = {"outcome": "upheld", "answer": "You are right. The face was deleted."}
_ANSWERED: Final = {**_ACKNOWLEDGED, **_VERDICT, "state": "answered", "answered_at": "2026-03-04T10:00:00Z"}


class ComplaintRequest(StrictSerializer):
    kind = serializers.ChoiceField(choices=Kind.values)
    text = serializers.CharField(max_length=LONGEST_TEXT, help_text="What the person says.")
    contact = serializers.EmailField(help_text="Where the answer goes.")


class AnswerRequest(StrictSerializer):
    outcome = serializers.ChoiceField(choices=Outcome.values)
    answer = serializers.CharField(max_length=LONGEST_TEXT, help_text="What came of it, and why; it is sent.")


class ComplaintResponse(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=Kind.values)
    about = serializers.CharField(allow_blank=True, help_text="The organisation, in the words of the person.")
    text = serializers.CharField(allow_blank=True)
    contact = serializers.EmailField(allow_blank=True)
    state = serializers.CharField(help_text="received, acknowledged, answered, or (its words are over) forgotten")
    received_at = serializers.DateTimeField()
    acknowledge_by = serializers.DateTimeField()
    answer_by = serializers.DateTimeField()
    acknowledged_at = serializers.DateTimeField(allow_null=True)
    answered_at = serializers.DateTimeField(allow_null=True)
    outcome = serializers.CharField(allow_blank=True)
    answer = serializers.CharField(allow_blank=True)


class ComplaintPage(serializers.Serializer[Any]):
    items = ComplaintResponse(many=True)
    next_cursor = serializers.CharField(allow_null=True)


def _values(complaint: Complaint) -> dict[str, Any]:
    return dict(ComplaintResponse(complaint).data)


def _shown(complaint: Complaint, *, code: int = status.HTTP_200_OK) -> Response:
    return Response(_values(complaint), status=code)


class ComplaintList(APIView):
    @documented(
        "list_complaints",
        governed=False,
        summary="List the complaints that are the organisation's matter, newest first",
        tag=_TAG,
        parameters=PAGE,
        responses={200: ComplaintPage},
        example=Example(answer={"items": [_COMPLAINT], "next_cursor": None}),
    )
    def get(self, request: Request) -> Response:
        found = complaints.list_complaints(
            actor_of(request), paginate=lambda rows: page(rows, request, present=_values, newest_first=True)
        )
        return Response(ComplaintPage(found).data)

    @documented(
        "file_complaint",
        governed=False,
        summary="Write down what a person told you; it is to be acknowledged in 7 days and answered in 30",
        tag=_TAG,
        json=ComplaintRequest,
        responses={201: ComplaintResponse},
        example=Example(_NEW, _COMPLAINT),
    )
    def post(self, request: Request) -> Response:
        body = validated_body(request, ComplaintRequest)
        new = NewComplaint(kind=Kind(body["kind"]), text=body["text"], contact=body["contact"])
        return _shown(complaints.file_for(actor_of(request), new=new), code=status.HTTP_201_CREATED)


class ComplaintDetail(APIView):
    @documented(
        "get_complaint",
        governed=False,
        summary="Read a complaint with its clocks",
        tag=_TAG,
        responses={200: ComplaintResponse},
        problems=(404,),
        example=Example(answer=_COMPLAINT),
    )
    def get(self, request: Request, complaint_id: uuid.UUID) -> Response:
        return _shown(complaints.get_complaint(actor_of(request), complaint_id=complaint_id))


class ComplaintAcknowledgement(APIView):
    @documented(
        "acknowledge_complaint",
        governed=False,
        summary="Tell the person that it is looked into",
        tag=_TAG,
        responses={200: ComplaintResponse},
        problems=(404, 409),
        example=Example(answer=_ACKNOWLEDGED),
    )
    def post(self, request: Request, complaint_id: uuid.UUID) -> Response:
        return _shown(complaints.acknowledge(actor_of(request), complaint_id=complaint_id))


class ComplaintAnswer(APIView):
    @documented(
        "answer_complaint",
        governed=False,
        summary="Tell the person what came of it",
        tag=_TAG,
        json=AnswerRequest,
        responses={200: ComplaintResponse},
        problems=(404, 409),
        example=Example(_VERDICT, _ANSWERED),
    )
    def post(self, request: Request, complaint_id: uuid.UUID) -> Response:
        body = validated_body(request, AnswerRequest)
        answered = complaints.answer(
            actor_of(request), complaint_id=complaint_id, outcome=Outcome(body["outcome"]), text=body["answer"]
        )
        return _shown(answered)
