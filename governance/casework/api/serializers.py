"""Requests and answers about cases and authorisations."""

from __future__ import annotations

from typing import Any, Final

from rest_framework import serializers

from common.serializers import StrictSerializer
from common.vocabulary import (
    JURISDICTION_PARENTS,
    AuthorisationKind,
    CustomerCategory,
    OffenceClass,
    Operation,
    Purpose,
)
from governance.casework import reviews
from governance.casework.break_glass import OPERATIONS as EMERGENCY_OPERATIONS
from governance.casework.cases import MOST_OFFICERS
from governance.casework.kept_probes import ErasureReason
from governance.casework.models import Authorisation, BreakGlassGrant, Case, ReviewCandidate, ReviewTask
from governance.rules.casework import IDENTIFYING

_PURPOSES: Final = [str(purpose) for purpose in Purpose]
_OFFENCES: Final = [str(offence) for offence in OffenceClass]
_KINDS: Final = [str(kind) for kind in AuthorisationKind]
_CATEGORIES: Final = [str(category) for category in CustomerCategory]
_ANY_OPERATIONS: Final = [str(operation) for operation in EMERGENCY_OPERATIONS]
_OPERATIONS: Final = [str(operation) for operation in Operation if operation in IDENTIFYING]


class OpenCaseRequest(StrictSerializer):
    reference = serializers.CharField(max_length=200, help_text="Your name for it, as `Custos-Case` carries it.")
    purpose = serializers.ChoiceField(choices=_PURPOSES, help_text="What its searches are for.")
    offence_class = serializers.ChoiceField(choices=_OFFENCES)
    rationale = serializers.CharField(max_length=4000, min_length=10, help_text="Why somebody is looked for.")
    officers = serializers.ListField(
        child=serializers.UUIDField(),
        max_length=MOST_OFFICERS,
        default=list,
        help_text="User ids of the members who may search in it. Keys may, too.",
    )


class EraseKeptProbesRequest(StrictSerializer):
    reason = serializers.ChoiceField(choices=[reason.value for reason in ErasureReason], help_text="Goes into the log.")


class ErasedResponse(serializers.Serializer[Any]):
    erased = serializers.IntegerField(help_text="Pictures that can be opened by nobody any more.")


class RecordAuthorisationRequest(StrictSerializer):
    kind = serializers.ChoiceField(
        choices=_KINDS, help_text="`exigent`: no court yet; to be ratified in 24 hours (real time) or 48. No key may."
    )
    authority = serializers.CharField(max_length=200, help_text="The court, or who declares the urgency.")
    operations = serializers.ListField(
        child=serializers.ChoiceField(choices=_OPERATIONS), min_length=1, max_length=len(_OPERATIONS)
    )
    valid_from = serializers.DateTimeField()
    valid_until = serializers.DateTimeField()
    document_reference = serializers.CharField(max_length=200, default="", allow_blank=True)
    document_digest = serializers.CharField(
        max_length=64, default="", allow_blank=True, help_text="SHA-256 of the court's document, hexadecimal."
    )


class RatifyAuthorisationRequest(StrictSerializer):
    document_reference = serializers.CharField(max_length=200, help_text="Number of the court's document.")
    document_digest = serializers.CharField(max_length=64, help_text="SHA-256 of the court's document, hexadecimal.")


class AuthorisationResponse(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=_KINDS)
    authority = serializers.CharField()
    operations = serializers.ListField(child=serializers.CharField())
    valid_from = serializers.DateTimeField()
    valid_until = serializers.DateTimeField()
    document_reference = serializers.CharField(allow_blank=True)
    document_digest = serializers.CharField(allow_blank=True)
    ratify_by = serializers.DateTimeField(allow_null=True, help_text="Deadline of an urgent use's ratification.")
    ratified_at = serializers.DateTimeField(allow_null=True)
    ratification_reference = serializers.CharField(allow_blank=True, help_text="Of the document that ratified it.")
    ratification_digest = serializers.CharField(allow_blank=True)
    revoked_at = serializers.DateTimeField(allow_null=True)
    purged_at = serializers.DateTimeField(
        allow_null=True, help_text="When what an unratified use brought was destroyed."
    )
    recorded_at = serializers.DateTimeField()


class BreakGlassRequest(StrictSerializer):
    reason = serializers.CharField(max_length=4000, help_text="Why it cannot wait: 20 characters or more.")
    operations = serializers.ListField(
        child=serializers.ChoiceField(choices=_ANY_OPERATIONS), min_length=1, max_length=len(_ANY_OPERATIONS)
    )
    end_user = serializers.ChoiceField(choices=_CATEGORIES, help_text="For whom.")
    jurisdiction = serializers.ChoiceField(choices=sorted(JURISDICTION_PARENTS), help_text="With its parts.")
    hours = serializers.IntegerField(min_value=1, max_value=24, help_text="How long at most, from now.")


class BreakGlassResponse(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    reason = serializers.CharField()
    operations = serializers.ListField(child=serializers.CharField())
    end_user = serializers.ChoiceField(choices=_CATEGORIES)
    jurisdiction = serializers.CharField()
    opened_by_id = serializers.UUIDField()
    opened_at = serializers.DateTimeField()
    confirm_by = serializers.DateTimeField(help_text="It ends then unless a second person confirms it before.")
    confirmed_by_id = serializers.UUIDField(allow_null=True)
    confirmed_at = serializers.DateTimeField(allow_null=True)
    expires_at = serializers.DateTimeField()
    closed_at = serializers.DateTimeField(allow_null=True, help_text="When it was ended early.")
    review_by = serializers.DateTimeField(help_text="The organisation is suspended then unless it is reviewed before.")
    reviewed_at = serializers.DateTimeField(allow_null=True)
    finding = serializers.ChoiceField(choices=["", *BreakGlassGrant.Finding.values])


class CaseResponse(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    reference = serializers.CharField()
    purpose = serializers.CharField()
    offence_class = serializers.ChoiceField(choices=_OFFENCES)
    rationale = serializers.CharField()
    officers = serializers.ListField(child=serializers.UUIDField())
    opened_at = serializers.DateTimeField()
    closed_at = serializers.DateTimeField(allow_null=True)
    authorisations = AuthorisationResponse(many=True)
    break_glass = BreakGlassResponse(many=True, help_text="Emergencies declared in the case.")


class CasePage(serializers.Serializer[Any]):
    items = CaseResponse(many=True)
    next_cursor = serializers.CharField(allow_null=True)


def case_of(case: Case) -> dict[str, Any]:
    """Return the members of `CaseResponse`; officers and authorisations are prefetched."""
    return {
        "id": case.id,
        "reference": case.reference,
        "purpose": case.purpose,
        "offence_class": case.offence_class,
        "rationale": case.rationale,
        "officers": [officer.user_id for officer in case.officers.all()],
        "opened_at": case.opened_at,
        "closed_at": case.closed_at,
        "authorisations": list(map(authorisation_of, case.authorisations.all())),
        "break_glass": list(map(emergency_of, case.emergencies.all())),
    }


def authorisation_of(authorisation: Authorisation) -> dict[str, Any]:
    """Return the members of `AuthorisationResponse`."""
    return {str(name): getattr(authorisation, str(name)) for name in AuthorisationResponse().get_fields()}


def emergency_of(grant: BreakGlassGrant) -> dict[str, Any]:
    """Return the members of `BreakGlassResponse`."""
    return {str(name): getattr(grant, str(name)) for name in BreakGlassResponse().get_fields()}


class ReviewCandidateResponse(serializers.Serializer[Any]):
    id = serializers.UUIDField(help_text="Means nothing outside this review.")
    rank = serializers.IntegerField(help_text="From 1, best first.")
    band = serializers.CharField(help_text="How alike the faces are, coarsely and in words.")
    state = serializers.ChoiceField(choices=ReviewCandidate.State.values)


class ReviewProbeResponse(serializers.Serializer[Any]):
    number = serializers.IntegerField(help_text="From 1, as the faces were found.")
    candidates = ReviewCandidateResponse(many=True, help_text="Those that both reviewers released; empty before.")


class ReviewTaskResponse(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=ReviewTask.Status.values)
    operation = serializers.CharField()
    case = serializers.CharField(allow_null=True, help_text="Reference of the case.")
    job_id = serializers.UUIDField(allow_null=True)
    gallery_size = serializers.IntegerField(allow_null=True)
    expected_false_candidates = serializers.FloatField(allow_null=True)
    engine_version = serializers.CharField()
    threshold_words = serializers.CharField(help_text="The false match rate at the threshold.")
    notices = serializers.ListField(child=serializers.CharField(), help_text="What the rules say with such a result.")
    probes = ReviewProbeResponse(many=True)
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(help_text="When it ends without a verdict.")
    closed_at = serializers.DateTimeField(allow_null=True)


class ReviewTaskPage(serializers.Serializer[Any]):
    items = ReviewTaskResponse(many=True)
    next_cursor = serializers.CharField(allow_null=True)


class UnderReviewResponse(serializers.Serializer[Any]):
    review_task = ReviewTaskResponse()


def review_of(task: ReviewTask) -> dict[str, Any]:
    """Return the members of `ReviewTaskResponse`: of candidates only the released, so that nothing tells what was found
    before two reviewers have looked, nor ever where they did not.
    """
    copied = ("id", "status", "operation", "job_id", "gallery_size", "expected_false_candidates", "engine_version")
    return {
        **{name: getattr(task, name) for name in copied},
        "case": task.case.reference if task.case else None,
        "threshold_words": task.threshold_words,
        "notices": reviews.notices_of(task),
        "probes": [
            {
                "number": probe.number,
                "candidates": [
                    {"id": row.id, "rank": row.rank, "band": row.band, "state": row.state}
                    for row in probe.candidates.all()
                    if row.state == ReviewCandidate.State.RELEASED
                ],
            }
            for probe in task.probes.all()
        ],
        "created_at": task.created_at,
        "expires_at": task.expires_at,
        "closed_at": task.closed_at,
    }
