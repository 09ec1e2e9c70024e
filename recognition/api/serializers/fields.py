"""Fields and bases that requests share: images in JSON and in multipart, and the refusal of unknown fields."""

from __future__ import annotations

import base64
import binascii
import math
from typing import Any, ClassVar

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from common.serializers import StrictSerializer as StrictSerializer
from recognition.errors import ImageReferencesNotOffered
from recognition.images import ImageTooLarge
from recognition.models import PERSON_NAME


@extend_schema_field(
    {
        "type": "object",
        "properties": {"bytes": {"type": "string", "format": "byte", "description": "The file in base64."}},
        "required": ["bytes"],
        "additionalProperties": False,
    }
)
class EncodedImage(serializers.Field[bytes, Any, Any, Any]):
    """`{"bytes": "<base64>"}` → bytes."""

    default_error_messages: ClassVar = {
        "form": 'An image is {{"bytes": "<base64>"}}.',  # DRF formats messages: braces are doubled
        "base64": "The bytes are not valid base64.",
    }

    def to_internal_value(self, data: Any) -> bytes:
        if isinstance(data, dict) and "image_id" in data:
            raise ImageReferencesNotOffered(
                "Pictures are kept only by collections that say so, and none may yet. Send the picture itself."
            )
        if not isinstance(data, dict) or set(data) != {"bytes"} or not isinstance(data["bytes"], str):
            self.fail("form")
        return decoded(data["bytes"], field=self)

    def to_representation(self, value: bytes) -> Any:
        raise NotImplementedError("Images are never answered.")


def decoded(text: str, *, field: serializers.Field[Any, Any, Any, Any]) -> bytes:
    """Return the bytes that base64 stands for, within the limit of an image.

    Raises:
        ImageTooLarge: more bytes than an image may have.
        rest_framework.exceptions.ValidationError: it is not base64.
    """
    try:
        return _within_limit(base64.b64decode(text.encode("ascii"), validate=True))
    except (binascii.Error, UnicodeEncodeError):
        field.fail("base64")


class UploadedImage(serializers.FileField):
    """A multipart file → bytes. Its name and declared type are not asked: the content decides."""

    def to_internal_value(self, data: Any) -> bytes:  # type: ignore[override]
        if not isinstance(data, UploadedFile):
            self.fail("invalid")
        if data.size is not None and data.size > settings.CUSTOS_MAX_IMAGE_BYTES:
            raise _too_large(data.size)
        return _within_limit(data.read())


class PersonName(serializers.RegexField):
    """The tenant's own id for a person."""

    def __init__(self, **options: Any) -> None:
        super().__init__(rf"\A(?!\.{{1,2}}\Z){PERSON_NAME}\Z", max_length=128, **options)


class Similarity(serializers.FloatField):
    """A similarity in per cent, 0 to 100."""

    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=0.0, max_value=100.0, **options)

    def to_internal_value(self, data: Any) -> float:
        value = super().to_internal_value(data)
        if not math.isfinite(value):
            self.fail("invalid")
        return value


def _within_limit(data: bytes) -> bytes:
    if len(data) > settings.CUSTOS_MAX_IMAGE_BYTES:
        raise _too_large(len(data))
    return data


def _too_large(size: int) -> ImageTooLarge:
    return ImageTooLarge(f"The image has {size:,} bytes; at most {settings.CUSTOS_MAX_IMAGE_BYTES:,} are accepted.")
