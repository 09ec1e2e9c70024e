"""How large a request body may be, by what it announces: refused before a byte of it is read."""

from __future__ import annotations

from typing import Any, Final

from django.conf import settings
from rest_framework.request import Request

from recognition.errors import RequestBodyTooLarge
from traffic.api.idempotency import IdempotentView

_SLACK_BYTES: Final = 1024 * 1024  # fields, part headers, JSON around the image
# Uploads go to disk part by part. JSON is in memory whole: as bytes, as text, as strings, and decoded.
BATCH_BODY_BYTES: Final = 256 * 1024 * 1024
JSON_BATCH_BODY_BYTES: Final[int] = settings.DATA_UPLOAD_MAX_MEMORY_SIZE


def body_of_images(count: int) -> int:
    """Return the bytes that a body with so many images may have; base64 makes 4 of 3."""
    return count * settings.CUSTOS_MAX_IMAGE_BYTES * 4 // 3 + _SLACK_BYTES


class LimitedView(IdempotentView):
    """A view that refuses a larger body than it can need, and honours idempotency keys.

    A body of unannounced length (chunked) is empty to Django, so the announcement can be relied on.
    """

    advice = ""

    @property
    def most_body_bytes(self) -> int:
        return _SLACK_BYTES

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Check the length, then authentication and permissions.

        Raises:
            RequestBodyTooLarge: more is announced than this route accepts.
        """
        announced = request.META.get("CONTENT_LENGTH") or "0"
        if int(announced) > self.most_body_bytes:
            raise RequestBodyTooLarge(
                f"The body has {int(announced):,} bytes; at most {self.most_body_bytes:,} are accepted.{self.advice}"
            )
        super().initial(request, *args, **kwargs)


class OneImageView(LimitedView):
    @property
    def most_body_bytes(self) -> int:
        return body_of_images(1)


class TwoImagesView(LimitedView):
    @property
    def most_body_bytes(self) -> int:
        return body_of_images(2)


class BatchView(LimitedView):
    advice = f" As multipart/form-data, {BATCH_BODY_BYTES:,} are."

    @property
    def most_body_bytes(self) -> int:
        is_upload = (self.request.content_type or "").startswith("multipart/")
        return BATCH_BODY_BYTES if is_upload else JSON_BATCH_BODY_BYTES
