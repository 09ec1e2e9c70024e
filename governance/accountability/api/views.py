"""Disclosure reports, filed by the organisation, and purge certificates; read by it (and by the platform's staff)."""

from __future__ import annotations

import uuid
from typing import Any, Final

from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.documentation import PAGE, Example, documented
from common.pagination import page
from governance.accountability import certificates, disclosures
from governance.accountability.models import DisclosureReport, PurgeCertificate
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


_CERTIFICATE: Final[dict[str, Any]] = {
    "id": "01971f92-1c2d-7e3f-8a4b-5c6d7e8f9a0b",
    "content": {
        "certificate": "01971f92-1c2d-7e3f-8a4b-5c6d7e8f9a0b",
        "tenant": "01971f70-1c2d-7e3f-8a4b-5c6d7e8f9a0b",
        "resource": {"type": "collection", "id": "01971f71-1c2d-7e3f-8a4b-5c6d7e8f9a0b"},
        "rule": "RET-001",
        "basis": {"kept_days": 365, "purpose_met_at": None},
        "removed": {"faces": 12, "templates": 12, "images": 9, "pictures": 0, "job_results": 0, "staged_files": 0},
        "decision": "01971f91-1c2d-7e3f-8a4b-5c6d7e8f9a0b",
        "purged_at": "2026-03-02T09:15:27.104233+00:00",
    },
    "sha256": "5f0c6e2b1d0f4a7c9e3b8a6d2c1f0e9d8c7b6a594837261504f3e2d1c0b9a897",
    "purged_at": "2026-03-02T09:15:27.104233Z",
}
_LEAF: Final[dict[str, Any]] = {
    "id": "01971f91-1c2d-7e3f-8a4b-5c6d7e8f9a0b",
    "leaf_hash": "9c5453265bf9525d71c8c1e5c7296a3d9cfa2737b5f6dcb35d7a8bd1b35d5d7f",
    "index": 17,
}
_PROVEN: Final[dict[str, Any]] = {
    **_CERTIFICATE,
    "is_true": True,
    "log": {"decision": _LEAF, "event": _LEAF, "outcome": _LEAF, "checkpoint": {"size": 20, "root": "9c54…"}},
}


class CertificateResponse(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    content = serializers.JSONField(help_text="What was purged, when and under which rule.")
    sha256 = serializers.CharField(source="digest", help_text="Of the content in canonical JSON (RFC 8785).")
    purged_at = serializers.DateTimeField()


class CertificatePage(serializers.Serializer[Any]):
    items = CertificateResponse(many=True)
    next_cursor = serializers.CharField(allow_null=True)


class ProvenCertificate(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    content = serializers.JSONField(help_text="What was purged, when and under which rule.")
    sha256 = serializers.CharField(help_text="Of the content in canonical JSON (RFC 8785).")
    purged_at = serializers.DateTimeField()
    is_true = serializers.BooleanField(help_text="Whether the event of the purge recorded this very digest.")
    log = serializers.JSONField(
        help_text="Decision, event and outcome of the purge, and the smallest signed tree that holds them."
    )


class CertificateList(APIView):
    @documented(
        "list_purges",
        summary="List the purges of what was past its time, each with its certificate, newest first",
        tag=_TAG,
        parameters=PAGE,
        responses={200: CertificatePage},
        example=Example(answer={"items": [_CERTIFICATE], "next_cursor": None}),
    )
    def get(self, request: Request) -> Response:
        found = certificates.list_certificates(
            actor=actor_of(request),
            paginate=lambda rows: page(rows, request, present=_certified, newest_first=True),
        )
        return Response(CertificatePage(found).data)


class CertificateDetail(APIView):
    @documented(
        "get_purge",
        summary="Read a purge certificate with its proof in the log",
        tag=_TAG,
        responses={200: ProvenCertificate},
        problems=(404,),
        example=Example(answer=_PROVEN),
    )
    def get(self, request: Request, certificate_id: uuid.UUID) -> Response:
        proven = certificates.get_certificate(certificate_id, actor=actor_of(request))
        return Response(ProvenCertificate(proven.as_values()).data)


def _certified(row: PurgeCertificate) -> dict[str, Any]:
    return {"id": row.id, "content": row.content, "digest": row.digest, "purged_at": row.purged_at}
