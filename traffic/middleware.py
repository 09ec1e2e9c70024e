"""Counts every answered request of an authenticated actor under the name of its operation."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from django.http import HttpRequest, HttpResponse

from common.context import Actor
from traffic import metering


class Metering:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        # DRF leaves the actor on Django's request, once it has authenticated one.
        actor: object = getattr(request, "user", None)
        operation = metering.operation_of(request) or operation_of_route(request)
        if isinstance(actor, Actor) and operation is not None:
            # Closed when its bytes have left: nobody waits for the count. Django itself has no public name for it.
            response._resource_closers.append(  # type: ignore[attr-defined]
                partial(
                    metering.count,
                    actor,
                    operation=operation,
                    status=metering.status_of(response),
                    images=metering.images_of(request),
                )
            )
        return response


def operation_of_route(request: HttpRequest) -> str | None:
    """Return the operationId of the handler that answered; None for what is not an operation of the API."""
    match = request.resolver_match
    view = getattr(match.func, "view_class", None) if match else None
    handler = getattr(view, (request.method or "").lower(), None)
    operation: str | None = getattr(handler, "operation_id", None)
    return operation
