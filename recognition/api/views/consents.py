"""Consent of the people in a collection: record it, take it back with all their faces, say what is known of them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.documentation import documented
from governance.accountability.consents import ConsentState
from recognition.api import examples
from recognition.api.requests import body_of
from recognition.api.serializers.fields import StrictSerializer
from recognition.services import consents
from tenants.api.requests import actor_of

_TAG = "consents"


class SubjectRequest(StrictSerializer):
    subject = serializers.CharField(max_length=255, help_text="The person, as enrolments name them (`external_id`).")


class RecordConsentRequest(SubjectRequest):
    evidence_digest = serializers.RegexField(
        r"^[0-9a-f]{64}$", required=False, help_text="SHA-256 of what proves it; the proof stays with you."
    )


class ConsentResponse(serializers.Serializer[Any]):
    subject = serializers.CharField()
    recorded_at = serializers.DateTimeField()


class WithdrawalResponse(serializers.Serializer[Any]):
    subject = serializers.CharField()
    withdrawn_at = serializers.DateTimeField()
    deleted_faces = serializers.IntegerField()
    is_held = serializers.BooleanField(
        help_text="A legal hold keeps the faces; they are not used, and destroyed before it is over."
    )
    certificate = serializers.UUIDField(help_text="The decision whose outcome in the log says how many faces went.")


class KnowledgeResponse(serializers.Serializer[Any]):
    subject = serializers.CharField()
    consent = serializers.ChoiceField(choices=[state.value for state in ConsentState])
    recorded_at = serializers.DateTimeField(allow_null=True)
    withdrawn_at = serializers.DateTimeField(allow_null=True)
    faces = serializers.IntegerField()
    searches = serializers.IntegerField(
        help_text="Counted searches for the person, or that found them best. Of reviewed ones, if released."
    )


class ConsentList(APIView):
    @documented(
        "record_consent",
        summary="Record that a person agreed to be enrolled",
        tag=_TAG,
        json=RecordConsentRequest,
        responses={201: ConsentResponse},
        problems=(404,),
        example=examples.RECORD_CONSENT,
    )
    def post(self, request: Request, collection: str) -> Response:
        body = body_of(request, json=RecordConsentRequest)
        recorded_at = consents.record_consent(
            body["subject"],
            collection_name=collection,
            actor=actor_of(request),
            evidence_digest=body.get("evidence_digest", ""),
        )
        answer = ConsentResponse({"subject": body["subject"], "recorded_at": recorded_at})
        return Response(answer.data, status=status.HTTP_201_CREATED)


class ConsentWithdrawal(APIView):
    @documented(
        "withdraw_consent",
        summary="Take a person's consent back, and delete every face of theirs",
        tag=_TAG,
        json=SubjectRequest,
        responses={200: WithdrawalResponse},
        problems=(404,),
        example=examples.WITHDRAW_CONSENT,
    )
    def post(self, request: Request, collection: str) -> Response:
        subject = body_of(request, json=SubjectRequest)["subject"]
        done = consents.withdraw_consent(subject, collection_name=collection, actor=actor_of(request))
        answer = {
            "subject": done.subject,
            "withdrawn_at": done.withdrawn_at,
            "deleted_faces": done.deleted,
            "is_held": done.is_held,
            "certificate": done.certificate,
        }
        return Response(WithdrawalResponse(answer).data)


class ConsentReport(APIView):
    @documented(
        "report_consent",
        summary="Say what is known of a person, and how often they were searched for",
        tag=_TAG,
        json=SubjectRequest,
        responses={200: KnowledgeResponse},
        problems=(404,),
        example=examples.REPORT_CONSENT,
    )
    def post(self, request: Request, collection: str) -> Response:
        subject = body_of(request, json=SubjectRequest)["subject"]
        known = consents.tell_about(subject, collection_name=collection, actor=actor_of(request))
        return Response(KnowledgeResponse(known).data)
