"""Requests and answers about collections."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from recognition.api.serializers.fields import Similarity, StrictSerializer
from recognition.models import COLLECTION_NAME, Collection

_LONGEST_RETENTION_DAYS = 36_500


class CreateCollectionRequest(StrictSerializer):
    name = serializers.RegexField(
        rf"\A(?!\.{{1,2}}\Z){COLLECTION_NAME}\Z", max_length=255, help_text="1 to 255 of A-Z a-z 0-9 _ . -"
    )
    engine = serializers.CharField(
        max_length=40,
        required=False,
        help_text="One that the instance offers, as `deepface:yunet+SFace`. Left out: its own.",
    )
    description = serializers.CharField(max_length=1000, default="", allow_blank=True)
    retention_days = serializers.IntegerField(
        min_value=1, max_value=_LONGEST_RETENTION_DAYS, required=False, allow_null=True, default=None
    )
    threshold = Similarity(
        required=False, allow_null=True, default=None, help_text="The lowest that a search of it may ask for."
    )
    store_images = serializers.BooleanField(
        default=False, help_text="Keep the pictures that faces are enrolled from, as they are sent."
    )


class UpdateCollectionRequest(StrictSerializer):
    """A field that is left out stays as it is."""

    description = serializers.CharField(max_length=1000, required=False, allow_blank=True)
    retention_days = serializers.IntegerField(
        min_value=1, max_value=_LONGEST_RETENTION_DAYS, required=False, allow_null=True
    )
    threshold = Similarity(required=False, allow_null=True, help_text="The lowest that a search of it may ask for.")
    store_images = serializers.BooleanField(
        required=False, help_text="Keep pictures from now on; false also deletes those that were kept."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs:
            raise serializers.ValidationError("Send at least one field to change.", code="required")
        return attrs


class CollectionResponse(serializers.Serializer[Any]):
    name = serializers.CharField()
    description = serializers.CharField()
    engine = serializers.CharField()
    engine_version = serializers.CharField()
    retention_days = serializers.IntegerField(allow_null=True)
    kept_days = serializers.IntegerField(
        help_text="After how many days faces are past their time, by `retention_days`, schedules and law; 0: at once."
    )
    purpose_met_at = serializers.DateTimeField(allow_null=True)
    threshold = serializers.FloatField(allow_null=True, help_text="The lowest that a search of it may ask for.")
    store_images = serializers.BooleanField()
    face_count = serializers.IntegerField()
    person_count = serializers.IntegerField()
    created_at = serializers.DateTimeField()


class CollectionPage(serializers.Serializer[Any]):
    items = CollectionResponse(many=True)
    next_cursor = serializers.CharField(allow_null=True)


def collection_of(collection: Collection) -> dict[str, Any]:
    """Return the members of `CollectionResponse`."""
    return {
        "name": collection.name,
        "description": collection.description,
        "engine": collection.engine,
        "engine_version": collection.engine_version,
        "retention_days": collection.retention_days,
        "kept_days": collection.kept_days,
        "purpose_met_at": collection.purpose_met_at,
        "threshold": collection.threshold,
        "store_images": collection.store_images,
        "face_count": collection.face_count,
        "person_count": collection.person_count,
        "created_at": collection.created_at,
    }
