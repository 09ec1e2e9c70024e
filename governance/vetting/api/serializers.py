"""Requests and answers about applications."""

from __future__ import annotations

from typing import Any, Final

from rest_framework import serializers

from common.serializers import StrictSerializer
from common.vocabulary import JURISDICTION_PARENTS, Attestation, CustomerCategory, Operation, Purpose
from governance.vetting.content import MOST_OFFICERS
from governance.vetting.evidence import MOST_BYTES
from governance.vetting.models import Evidence, VettingApplication

_BASE64: Final = MOST_BYTES * 4 // 3 + 4


def _any_of(slugs: Any) -> serializers.ListField:
    known = sorted(str(slug) for slug in slugs)
    return serializers.ListField(child=serializers.ChoiceField(choices=known), max_length=len(known))


class CaseOfficer(StrictSerializer):
    name = serializers.CharField(max_length=200)
    training = serializers.CharField(max_length=200, help_text="What was taken.")
    trained_on = serializers.DateField(help_text="When.")


class _Statements(StrictSerializer):
    legal_name = serializers.CharField(max_length=255, allow_blank=True)
    registration = serializers.CharField(max_length=255, allow_blank=True, help_text="Register and number.")
    address = serializers.CharField(max_length=2000, allow_blank=True)
    contact = serializers.EmailField(max_length=254, allow_blank=True)
    jurisdictions = _any_of(JURISDICTION_PARENTS)
    purposes = _any_of(Purpose)
    operations = _any_of(Operation)
    end_users = _any_of(CustomerCategory)
    attestations = _any_of(Attestation)
    rationale = serializers.CharField(max_length=10_000, allow_blank=True, help_text="What it is for, and why.")
    case_officers = serializers.ListField(child=CaseOfficer(), max_length=MOST_OFFICERS)


class StateRequest(_Statements):
    """Statements that are left out stay as they are."""

    def get_fields(self) -> dict[str, Any]:
        """Return the fields, none of them required; `partial` would reach into the members of a case officer, too."""
        fields = super().get_fields()
        for field in fields.values():
            field.required = False
        return fields


class AppealRequest(StrictSerializer):
    reason = serializers.CharField(max_length=4000)


class AddEvidenceRequest(StrictSerializer):
    title = serializers.CharField(max_length=200)
    bytes = serializers.CharField(
        max_length=_BASE64, trim_whitespace=False, help_text="A PDF, PNG or JPEG of at most 10 MB, in base64."
    )


class EvidenceResponse(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    title = serializers.CharField()
    media_type = serializers.CharField()
    n_bytes = serializers.IntegerField()
    sha256 = serializers.CharField(source="digest")
    created_at = serializers.DateTimeField()


class ApplicationSummary(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    state = serializers.ChoiceField(choices=[str(state) for state in VettingApplication.State])
    legal_name = serializers.CharField(allow_blank=True)
    created_at = serializers.DateTimeField()
    submitted_at = serializers.DateTimeField(allow_null=True)
    decided_at = serializers.DateTimeField(allow_null=True)


class ApplicationPage(serializers.Serializer[Any]):
    items = ApplicationSummary(many=True)
    next_cursor = serializers.CharField(allow_null=True)


class ApplicationResponse(ApplicationSummary):
    registration = serializers.CharField(allow_blank=True)
    address = serializers.CharField(allow_blank=True)
    contact = serializers.CharField(allow_blank=True)
    jurisdictions = serializers.ListField(child=serializers.CharField())
    purposes = serializers.ListField(child=serializers.CharField())
    operations = serializers.ListField(child=serializers.CharField())
    end_users = serializers.ListField(child=serializers.CharField())
    attestations = serializers.ListField(child=serializers.CharField())
    rationale = serializers.CharField(allow_blank=True)
    case_officers = CaseOfficer(many=True)
    message = serializers.CharField(allow_blank=True, help_text="What the officers last told you.")
    appeal = serializers.CharField(allow_blank=True)
    evidence = EvidenceResponse(many=True)


def summary_of(application: VettingApplication) -> dict[str, Any]:
    """Return the members of `ApplicationSummary`."""
    names = ("id", "state", "legal_name", "created_at", "submitted_at", "decided_at")
    return {name: getattr(application, name) for name in names}


def application_of(application: VettingApplication) -> dict[str, Any]:
    """Return the members of `ApplicationResponse`; it was read with its documents."""
    documents: list[Evidence] = application.documents  # type: ignore[attr-defined]
    return {
        **summary_of(application),
        **application.content(),
        "message": application.message,
        "appeal": application.appeal,
        "evidence": documents,
    }
