"""Reading a request body: JSON or multipart, by one serializer each, into validated values."""

from __future__ import annotations

import uuid
from typing import Any

from rest_framework.request import Request
from rest_framework.serializers import Serializer

from recognition.services import images
from recognition.services.images import ImageReference, KeptPicture
from tenants.api.requests import actor_of, validated_body
from traffic import metering


def body_of(
    request: Request, *, json: type[Serializer[Any]], upload: type[Serializer[Any]] | None = None
) -> dict[str, Any]:
    """Return the validated body; the images in it are counted, and those that it names by id are looked up.

    Raises:
        rest_framework.exceptions.ValidationError: a field is wrong, missing or unknown.
        QuotaExceeded: more images than the quota leaves.
        ImageNotFound, ImageNotKept, PolicyRefused: an image that it names cannot be used.
    """
    is_upload = upload is not None and (request.content_type or "").startswith("multipart/")
    values = validated_body(request, upload if is_upload and upload is not None else json)
    if sent := _images_in(values):
        metering.note_images(request._request, actor=actor_of(request), count=sent)
    return _looked_up(values, request=request)


def _images_in(values: dict[str, Any]) -> int:
    single = sum(isinstance(value, bytes | ImageReference) for value in values.values())
    return len(values.get("images", ())) + single


def _looked_up(values: dict[str, Any], *, request: Request) -> dict[str, Any]:
    """Put bytes in the place of a reference; in a batch a picture that is read when its turn comes."""
    batch: list[dict[str, Any]] = values.get("images", [])
    stated = [*values.values(), *(image["data"] for image in batch)]
    named = {value.id for value in stated if isinstance(value, ImageReference)}
    if not named:
        return values
    kept: dict[uuid.UUID, KeptPicture] = images.references(named, actor=actor_of(request))
    for image in batch:
        if isinstance(image["data"], ImageReference):
            image["data"] = kept[image["data"].id]
    for name, value in values.items():
        if isinstance(value, ImageReference):
            values[name] = kept[value.id].read()
    return values
