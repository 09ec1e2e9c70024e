"""Fields and bases that requests share: images in JSON and in multipart, and the refusal of unknown fields."""

from __future__ import annotations

import base64
import binascii
import math
from typing import Any, ClassVar, Final

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from common.serializers import StrictSerializer as StrictSerializer
from recognition.images import ImageTooLarge
from recognition.models import PERSON_NAME
from recognition.services.images import ImageReference

_BYTES: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {"bytes": {"type": "string", "format": "byte", "description": "The file in base64."}},
    "required": ["bytes"],
    "additionalProperties": False,
}
_REFERENCE: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {"image_id": {"type": "string", "format": "uuid", "description": "Of an image that is kept."}},
    "required": ["image_id"],
    "additionalProperties": False,
}


@extend_schema_field({"oneOf": [_BYTES, _REFERENCE]})
class EncodedImage(serializers.Field[Any, Any, Any, Any]):
    """`{"bytes": "<base64>"}` → bytes; `{"image_id": "<uuid>"}` → `ImageReference`."""

    default_error_messages: ClassVar = {
        # DRF formats messages: braces are doubled
        "form": 'An image is {{"bytes": "<base64>"}}, or {{"image_id": "<id>"}} for one that is kept.',
        "base64": "The bytes are not valid base64.",
    }

    def to_internal_value(self, data: Any) -> bytes | ImageReference:
        if not isinstance(data, dict) or len(data) != 1:
            self.fail("form")
        ((name, value),) = data.items()
        if name not in ("bytes", "image_id") or not isinstance(value, str):
            self.fail("form")
        if name == "image_id":
            return ImageReference(serializers.UUIDField().run_validation(value))
        return decoded(value, field=self)

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
