"""Reading a request body: JSON or multipart, by one serializer each, into validated values."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.serializers import Serializer

from tenants.api.requests import actor_of
from traffic import metering


def body_of(
    request: Request, *, json: type[Serializer[Any]], upload: type[Serializer[Any]] | None = None
) -> dict[str, Any]:
    """Return the validated body; the images in it are counted.

    Raises:
        rest_framework.exceptions.ValidationError: a field is wrong, missing or unknown.
        QuotaExceeded: more images than the quota leaves.
    """
    is_upload = upload is not None and (request.content_type or "").startswith("multipart/")
    serializer = (upload if is_upload and upload is not None else json)(data=request.data)
    serializer.is_valid(raise_exception=True)
    values: dict[str, Any] = serializer.validated_data
    if sent := _images_in(values):
        metering.note_images(request._request, actor=actor_of(request), count=sent)
    return values


def _images_in(values: dict[str, Any]) -> int:
    return len(values.get("images", ())) + sum(isinstance(value, bytes) for value in values.values())
