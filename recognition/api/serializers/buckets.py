"""Requests and answers about the buckets that a tenant registers."""

from __future__ import annotations

from typing import Any, Final

from rest_framework import serializers

from common.serializers import StrictSerializer
from recognition.models import BUCKET_NAME, BUCKET_REGION, PRINTABLE, Bucket

_NAME: Final = rf"\A{BUCKET_NAME}\Z"
_PRINTABLE: Final = rf"\A{PRINTABLE}\Z"


class RegisterBucketRequest(StrictSerializer):
    name = serializers.RegexField(
        _NAME, max_length=255, help_text="As `S3Object` names it; it goes before a collection."
    )
    endpoint = serializers.CharField(max_length=300, help_text="The service, as the operator of this server lists it.")
    bucket = serializers.RegexField(
        _NAME, max_length=255, required=False, help_text="As the service names it. Left out: `name`."
    )
    region = serializers.RegexField(rf"\A{BUCKET_REGION}\Z", max_length=64)
    prefix = serializers.CharField(
        max_length=500, required=False, default="", allow_blank=True, help_text="Goes before the name of every object."
    )
    access_key_id = serializers.RegexField(_PRINTABLE, max_length=128)
    secret_access_key = serializers.RegexField(
        _PRINTABLE,
        max_length=256,
        write_only=True,
        help_text="It needs to read objects, and nothing else. Never shown.",
    )


class BucketResponse(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    endpoint = serializers.CharField()
    bucket = serializers.CharField()
    region = serializers.CharField()
    prefix = serializers.CharField(allow_blank=True)
    access_key_id = serializers.CharField()
    created_at = serializers.DateTimeField()


class BucketPage(serializers.Serializer[Any]):
    items = BucketResponse(many=True)
    next_cursor = serializers.CharField(allow_null=True)


def bucket_of(bucket: Bucket) -> dict[str, Any]:
    """Return the members of `BucketResponse`."""
    answer: dict[str, Any] = dict(BucketResponse(bucket).data)
    return answer
