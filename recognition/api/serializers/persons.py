"""Requests and answers about persons."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from common.vocabulary import JoinReason, PersonStatus
from recognition.api.serializers.faces import FaceSeen, LikenessResponse, face_of, likeness_of
from recognition.api.serializers.fields import EncodedImage, PersonName, Similarity, StrictSerializer, UploadedImage
from recognition.engines.base import DetectedFace
from recognition.models import MOST_FACES_OF_A_PERSON, Person
from recognition.services.identification import DEFAULT_LIMIT
from recognition.services.joining import USUAL_THRESHOLD, Joining, Unchanged
from recognition.services.person_search import MOST_CANDIDATES, PersonSearch
from recognition.services.results import FaceView, PersonMatch

_FORM = "1 to 128 of A-Z a-z 0-9 _ . - :"


class CreatePersonRequest(StrictSerializer):
    person_id = PersonName(help_text=f"Your own id for the person: {_FORM}")
    display_name = serializers.CharField(max_length=255, default="", allow_blank=True)


class UpdatePersonRequest(StrictSerializer):
    display_name = serializers.CharField(max_length=255, allow_blank=True)


class PersonResponse(serializers.Serializer[Any]):
    person_id = serializers.CharField()
    display_name = serializers.CharField(allow_blank=True)
    status = serializers.ChoiceField(
        choices=[status.value for status in PersonStatus], help_text="`created` without a face, `active` with one."
    )
    face_count = serializers.IntegerField()
    created_at = serializers.DateTimeField()


class PersonPage(serializers.Serializer[Any]):
    items = PersonResponse(many=True)
    next_cursor = serializers.CharField(allow_null=True)


class _FaceIds(StrictSerializer):
    ids = serializers.ListField(
        child=serializers.UUIDField(), allow_empty=False, max_length=MOST_FACES_OF_A_PERSON, help_text="Faces."
    )


class AssociateFacesRequest(_FaceIds):
    threshold = Similarity(
        required=False,
        allow_null=True,
        default=None,
        help_text=f"How alike a face must be to the person, once the person has one. Left out: {USUAL_THRESHOLD:g}, or"
        " the lowest that the policy allows. A lower one is refused.",
    )


class DisassociateFacesRequest(_FaceIds):
    pass


class FailedFace(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    reasons = serializers.ListField(child=serializers.ChoiceField(choices=[reason.value for reason in JoinReason]))
    similarity = serializers.FloatField(required=False, help_text="Per cent, where it was too low.")
    person_id = serializers.CharField(required=False, help_text="The other person whose face it is.")


class AssociateFacesResponse(serializers.Serializer[Any]):
    associated = serializers.ListField(child=serializers.UUIDField())
    failed = FailedFace(many=True)
    person = PersonResponse()


class DisassociateFacesResponse(serializers.Serializer[Any]):
    disassociated = serializers.ListField(child=serializers.UUIDField())
    failed = FailedFace(many=True)
    person = PersonResponse()


class _SearchOptions(StrictSerializer):
    threshold = Similarity(
        required=False,
        allow_null=True,
        default=None,
        help_text="Left out: the lowest that policy and collection allow, at least 80. A lower one is refused.",
    )
    limit = serializers.IntegerField(min_value=1, max_value=MOST_CANDIDATES, default=DEFAULT_LIMIT)


class SearchPersonsRequest(_SearchOptions):
    image = EncodedImage(required=False, help_text="Its largest face is searched for.")
    face_id = serializers.UUIDField(required=False, help_text="A face of this collection, instead of an image.")
    person_id = PersonName(required=False, help_text="A person of this collection, instead of an image.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if len({"image", "face_id", "person_id"} & attrs.keys()) != 1:
            raise serializers.ValidationError("Send an image, a face_id or a person_id.")
        return attrs


class SearchPersonsUpload(_SearchOptions):
    image = UploadedImage()


class PersonCandidate(LikenessResponse):
    rank = serializers.IntegerField(help_text="From 1, best first.")
    person = PersonResponse()


class SearchPersonsResponse(serializers.Serializer[Any]):
    probe = FaceSeen(allow_null=True, help_text="Null when the probe is an enrolled face or a person.")
    others = FaceSeen(many=True, help_text="The image's other faces, which were not searched for.")
    candidates = PersonCandidate(many=True)
    gallery_size = serializers.IntegerField(help_text="Persons with a face.")
    expected_false_candidates = serializers.FloatField(
        help_text="How many candidates above the threshold chance alone would give among these persons."
    )
    engine_version = serializers.CharField()
    threshold = serializers.FloatField(help_text="The similarity threshold that was used.")
    notice = serializers.CharField()


def person_of(person: Person) -> dict[str, Any]:
    """Return the members of `PersonResponse`."""
    return {
        "person_id": person.name,
        "display_name": person.display_name,
        "status": person.status.value,
        "face_count": person.face_count,
        "created_at": person.created_at,
    }


def association_of(joining: Joining) -> dict[str, Any]:
    """Return the members of `AssociateFacesResponse`."""
    return {"associated": joining.changed, **_rest_of(joining)}


def disassociation_of(joining: Joining) -> dict[str, Any]:
    """Return the members of `DisassociateFacesResponse`."""
    return {"disassociated": joining.changed, **_rest_of(joining)}


def _rest_of(joining: Joining) -> dict[str, Any]:
    return {"failed": [_failed_of(face) for face in joining.unchanged], "person": person_of(joining.person)}


def _failed_of(face: Unchanged) -> dict[str, Any]:
    told = {"similarity": face.similarity, "person_id": face.person}
    return {
        "id": face.face_id,
        "reasons": [face.reason.value],
        **{name: value for name, value in told.items() if value is not None},
    }


def person_search_of(found: PersonSearch) -> dict[str, Any]:
    """Return the members of `SearchPersonsResponse`."""
    return {
        "probe": _seen(found.probe) if found.probe else None,
        "others": [_seen(face) for face in found.others],
        "candidates": [_candidate_of(match, rank=rank) for rank, match in enumerate(found.candidates, start=1)],
        "gallery_size": found.gallery_size,
        "expected_false_candidates": found.expected_false_candidates,
        "engine_version": found.engine_version,
        "threshold": found.threshold,
        "notice": found.notice,
    }


def _seen(face: DetectedFace) -> dict[str, Any]:
    return face_of(FaceView(face))


def _candidate_of(match: PersonMatch, *, rank: int) -> dict[str, Any]:
    return {"rank": rank, **likeness_of(match), "person": person_of(match.person)}
