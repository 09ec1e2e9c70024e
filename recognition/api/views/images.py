"""Images that faces were enrolled from: what is known of one, the picture itself, delete."""

from __future__ import annotations

import uuid
from typing import Any, Final

from django.http import HttpResponse
from rest_framework import status
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from common.documentation import documented
from recognition.api import examples
from recognition.api.limits import LimitedView
from recognition.api.serializers import images as shapes
from recognition.services import deletion, images
from tenants.api.requests import actor_of

_TAG = "images"
_MEDIA_TYPES: Final = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}


class ImageDetail(LimitedView):
    @documented(
        "get_image",
        summary="Read what is known of an image that faces were enrolled from",
        tag=_TAG,
        responses={200: shapes.ImageResponse},
        problems=(404,),
        example=examples.GET_IMAGE,
    )
    def get(self, request: Request, image_id: uuid.UUID) -> Response:
        return Response(shapes.image_of(images.get_image(image_id, actor=actor_of(request))))

    @documented(
        "delete_image",
        summary="Delete an image with every face that was enrolled from it and the picture, where it is kept",
        tag=_TAG,
        responses={204: None},
        problems=(404,),
        idempotent=True,
    )
    def delete(self, request: Request, image_id: uuid.UUID) -> Response:
        deletion.delete_image(image_id, actor=actor_of(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


class AsStored(DefaultContentNegotiation):
    """The picture has the format that it was sent in, whichever the caller would prefer."""

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        return renderers[0], renderers[0].media_type


class ImageContent(LimitedView):
    content_negotiation_class = AsStored

    @documented(
        "get_image_content",
        summary="Read a kept picture, as it was sent",
        tag=_TAG,
        responses={200: None},
        problems=(404, 422),
        files=tuple(_MEDIA_TYPES.values()),
    )
    def get(self, request: Request, image_id: uuid.UUID) -> HttpResponse:
        picture, data = images.read_image(image_id, actor=actor_of(request))
        # A face must not stay in a cache, shared or not, after it was deleted.
        headers = {"Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff"}
        return HttpResponse(data, content_type=_MEDIA_TYPES[picture.format], headers=headers)
