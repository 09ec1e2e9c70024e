"""What views ask of a request."""

from __future__ import annotations

from rest_framework.request import Request

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
