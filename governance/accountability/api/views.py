"""Disclosure reports: filed by the organisation, read by the organisation (and by the platform's staff)."""

from __future__ import annotations

from typing import Any, Final

from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.documentation import PAGE, Example, documented
from common.pagination import page
from governance.accountability import disclosures
from governance.accountability.models import DisclosureReport
from tenants.api.requests import actor_of

_TAG = "disclosures"
_NEW: Final[dict[str, Any]] = {
    "period_until": "2026-03-01T00:00:00Z",
    "statement": "We searched for missing children in twelve cases; four were found.",
}
_REPORT: Final[dict[str, Any]] = {
    "id": "01971f90-1c2d-7e3f-8a4b-5c6d7e8f9a0b",
    "period_from": "2025-09-01T00:00:00Z",
    **_NEW,
    "searches": 31,
    "filed_at": "2026-03-02T09:15:27.104233Z",
}


class DisclosureRequest(serializers.Serializer[Any]):
    period_until = serializers.DateTimeField(help_text="End of the period; it begins where the last report ended.")
    statement = serializers.CharField(max_length=20_000, help_text="The account, without names.")


class DisclosureResponse(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    period_from = serializers.DateTimeField()
    period_until = serializers.DateTimeField()
    statement = serializers.CharField()
    searches = serializers.IntegerField(help_text="How many the platform counted in the period.")
    filed_at = serializers.DateTimeField()


class DisclosurePage(serializers.Serializer[Any]):
    items = DisclosureResponse(many=True)
    next_cursor = serializers.CharField(allow_null=True)


def _shown(report: DisclosureReport) -> dict[str, Any]:
    return {
        "id": report.id,
        "period_from": report.period_from,
        "period_until": report.period_until,
        "statement": report.statement,
        "searches": report.n_searches,
        "filed_at": report.filed_at,
    }


class DisclosureList(APIView):
    @documented(
        "list_disclosures",
        summary="List the organisation's disclosure reports, newest first",
        tag=_TAG,
        parameters=PAGE,
        responses={200: DisclosurePage},
        example=Example(answer={"items": [_REPORT], "next_cursor": None}),
    )
    def get(self, request: Request) -> Response:
        found = disclosures.list_disclosures(
            actor=actor_of(request),
            paginate=lambda rows: page(rows, request, present=_shown, newest_first=True),
        )
        return Response(DisclosurePage(found).data)

    @documented(
        "file_disclosure",
        summary="Account for the searches of a period (DIS-001)",
        tag=_TAG,
        json=DisclosureRequest,
        responses={201: DisclosureResponse},
        example=Example(request=_NEW, answer=_REPORT),
    )
    def post(self, request: Request) -> Response:
        serializer = DisclosureRequest(data=request.data)
        serializer.is_valid(raise_exception=True)
        body = serializer.validated_data
        report = disclosures.file_disclosure(
            period_until=body["period_until"], statement=body["statement"], actor=actor_of(request)
        )
        return Response(DisclosureResponse(_shown(report)).data, status=status.HTTP_201_CREATED)
