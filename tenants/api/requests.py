"""What views ask of a request."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.serializers import Serializer

from common.context import Actor
from common.errors import Unauthenticated


def actor_of(request: Request) -> Actor:
    """Return the authenticated actor.

    Raises:
        Unauthenticated: the request carries no accepted credentials.
    """
    if not isinstance(request.user, Actor):
        raise Unauthenticated("Send an API key (Authorization: Bearer custos_…), or sign in.")
    return request.user


def validated_body(request: Request, shape: type[Serializer[Any]]) -> dict[str, Any]:
    """Return the body as the serializer has validated it.

    Raises:
        rest_framework.exceptions.ValidationError: a field is wrong, missing or unknown.
    """
    serializer = shape(data=request.data)
    serializer.is_valid(raise_exception=True)
    values: dict[str, Any] = serializer.validated_data
    return values
