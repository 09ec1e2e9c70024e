"""Requests and answers of one-to-many searches."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from recognition.api.serializers.faces import BatchImage, BoxResponse, ImagesUpload, MatchResponse, box_of, match_of
from recognition.api.serializers.fields import EncodedImage, PersonName, Similarity, StrictSerializer, UploadedImage
from recognition.services import searches
from recognition.services.identification import (
    DEFAULT_LIMIT,
    MOST_CANDIDATES,
    MOST_CANDIDATES_EACH,
    Identification,
    Search,
)


class _SearchOptions(StrictSerializer):
    threshold = Similarity(
        required=False,
        allow_null=True,
        default=None,
        help_text="Left out: the lowest that policy and collection allow, at least 80. A lower one is refused.",
    )
    limit = serializers.IntegerField(
        min_value=1,
        max_value=MOST_CANDIDATES,
        default=DEFAULT_LIMIT,
        help_text=f"Most candidates of a face; with `every_face` at most {MOST_CANDIDATES_EACH}.",
    )
    every_face = serializers.BooleanField(
        default=False, help_text="Search for every face of the image, not only for the largest."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["every_face"] and attrs["limit"] > MOST_CANDIDATES_EACH:
            raise serializers.ValidationError({"limit": [f"With every_face, at most {MOST_CANDIDATES_EACH}."]})
        return attrs


class SearchRequest(_SearchOptions):
    image = EncodedImage(required=False)
    face_id = serializers.UUIDField(required=False, help_text="A face of this collection, instead of an image.")
    person_id = PersonName(required=False, help_text="A person of this collection, instead of an image.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs = super().validate(attrs)
        if len({"image", "face_id", "person_id"} & attrs.keys()) != 1:
            raise serializers.ValidationError("Send an image, a face_id or a person_id.")
        if "image" not in attrs and attrs.pop("every_face"):
            raise serializers.ValidationError({"every_face": ["This goes with an image only."]})
        return attrs


class SearchUpload(_SearchOptions):
    image = UploadedImage()


class _BatchOptions(_SearchOptions):
    limit = serializers.IntegerField(min_value=1, max_value=searches.MOST_CANDIDATES, default=DEFAULT_LIMIT)


class SearchBatchRequest(_BatchOptions):
    images = BatchImage(many=True, allow_empty=False)


class SearchBatchUpload(ImagesUpload, _BatchOptions):
    pass


class ProbeResponse(serializers.Serializer[Any]):
    box = BoxResponse(allow_null=True, help_text="Null when the probe is an enrolled face or a person.")
    confidence = serializers.FloatField(allow_null=True)


class CandidateResponse(MatchResponse):
    rank = serializers.IntegerField(help_text="From 1, best first.")


class SearchOfProbe(serializers.Serializer[Any]):
    probe = ProbeResponse()
    candidates = CandidateResponse(many=True)


class SearchResponse(serializers.Serializer[Any]):
    searches = SearchOfProbe(many=True)
    gallery_size = serializers.IntegerField()
    expected_false_candidates = serializers.FloatField(
        help_text="How many candidates above the threshold chance alone would give in this gallery, over all probes."
    )
    engine_version = serializers.CharField()
    threshold = serializers.FloatField(help_text="The similarity threshold that was used.")
    notice = serializers.CharField()


def identification_of(found: Identification) -> dict[str, Any]:
    """Return the members of `SearchResponse`."""
    return {
        "searches": [search_of(search) for search in found.searches],
        "gallery_size": found.gallery_size,
        "expected_false_candidates": found.expected_false_candidates,
        "engine_version": found.engine_version,
        "threshold": found.threshold,
        "notice": found.notice,
    }


def search_of(search: Search) -> dict[str, Any]:
    """Return the members of `SearchOfProbe`."""
    probe = search.probe
    return {
        "probe": {"box": box_of(probe.box) if probe else None, "confidence": probe.confidence if probe else None},
        "candidates": [{"rank": rank, **match_of(match)} for rank, match in enumerate(search.candidates, start=1)],
    }
