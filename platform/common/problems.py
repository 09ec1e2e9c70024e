"""The one place where errors become RFC 9457 problem documents."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from typing import Any, Final

from django.core.exceptions import PermissionDenied, RequestDataTooBig, TooManyFilesSent
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, JsonResponse
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.views import set_rollback

from common import context
from common.errors import (
    Forbidden,
    InvalidRequest,
    NotFound,
    PayloadTooLarge,
    PlatformError,
    Unauthenticated,
    Unavailable,
    UnsupportedMedia,
)

logger = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"
_MOST_SAID: Final = 3


class ValidationFailed(InvalidRequest):
    """One or more fields of the request are not valid; the detail says the first of them in words."""

    code = "validation-failed"
    title = "One or more fields of the request are not valid"

    def __init__(self, errors: Sequence[dict[str, str]]) -> None:
        said = [": ".join(filter(None, (error["pointer"], error["detail"]))) for error in errors[:_MOST_SAID]]
        super().__init__(" ".join(said), errors=errors)


class MethodNotAllowed(PlatformError):
    code = "method-not-allowed"
    title = "This method is not offered here"
    status = status.HTTP_405_METHOD_NOT_ALLOWED


class NotAcceptable(PlatformError):
    code = "not-acceptable"
    title = "The answer cannot be given in the form asked for"
    status = status.HTTP_406_NOT_ACCEPTABLE


class Throttled(PlatformError):
    code = "throttled"
    title = "Too many requests"
    status = status.HTTP_429_TOO_MANY_REQUESTS
    retryable = True


class DatabaseUnavailable(Unavailable):
    """The database did not answer; nothing was acknowledged."""

    code = "database-unavailable"
    title = "The database does not answer right now"


def document(error: PlatformError) -> dict[str, Any]:
    """Return the problem document of an error, bound to the current request."""
    return {**error.as_problem(), "instance": f"urn:custos:request:{context.current_request_id()}"}


def handle(exception: Exception, _: dict[str, Any]) -> Response | None:
    """DRF's exception handler: every error the platform knows becomes a problem; others stay bugs (500)."""
    error = as_platform_error(exception)
    if error is None:
        return None
    set_rollback()
    if error.status >= status.HTTP_500_INTERNAL_SERVER_ERROR:
        logger.warning("request %s: %s: %s", context.current_request_id(), error.code, error.detail)
    headers = {}
    if (retry_after := error.extra.get("retry_after")) is not None:
        headers["Retry-After"] = str(retry_after)
    if isinstance(error, Unauthenticated):
        headers["WWW-Authenticate"] = 'Bearer realm="custos"'
    response = Response(document(error), status=error.status, headers=headers, content_type=CONTENT_TYPE)
    response["Cache-Control"] = "no-store"
    return response


def as_platform_error(exception: Exception) -> PlatformError | None:
    """Translate DRF's, Django's and the database driver's errors; None for what is a bug."""
    match exception:
        case PlatformError():
            return exception
        case exceptions.ValidationError():
            return ValidationFailed(list(_field_errors(exception.detail)))
        case DjangoValidationError():
            return ValidationFailed([{"pointer": "", "code": "invalid", "detail": m} for m in exception.messages])
        case RequestDataTooBig() | TooManyFilesSent():
            return PayloadTooLarge("The request is larger than this server accepts.")
        case Http404() | exceptions.NotFound():
            return NotFound()
        case PermissionDenied() | exceptions.PermissionDenied():
            return Forbidden(str(getattr(exception, "detail", "") or exception))
        case OperationalError() | InterfaceError():
            return DatabaseUnavailable(retry_after=1)
        case exceptions.APIException():
            return _of_rest_framework(exception)
        case _:
            return None


def _of_rest_framework(exception: exceptions.APIException) -> PlatformError:
    detail = _encodable(str(exception.detail))
    match exception:
        case exceptions.NotAuthenticated():
            return Unauthenticated("Send an API key as `Authorization: Bearer …`, or sign in to the pages.")
        case exceptions.AuthenticationFailed():
            return Unauthenticated(detail)
        case exceptions.MethodNotAllowed():
            return MethodNotAllowed(detail)
        case exceptions.NotAcceptable():
            return NotAcceptable(detail)
        case exceptions.UnsupportedMediaType():
            return UnsupportedMedia(detail)
        case exceptions.Throttled():
            return Throttled(detail, retry_after=int(getattr(exception, "wait", None) or 0) + 1)
        case _:
            return InvalidRequest(detail)


def _field_errors(detail: Any, pointer: str = "") -> Iterator[dict[str, str]]:
    """Flatten DRF's nested errors into RFC 6901 pointers."""
    if isinstance(detail, dict):
        for name, nested in detail.items():
            step = "" if name == "non_field_errors" else f"/{name}"
            yield from _field_errors(nested, pointer + step)
    elif isinstance(detail, list):
        for index, nested in enumerate(detail):
            is_leaf = not isinstance(nested, (dict, list))
            yield from _field_errors(nested, pointer if is_leaf else f"{pointer}/{index}")
    else:
        code = getattr(detail, "code", "invalid")
        yield {"pointer": _encodable(pointer), "code": code, "detail": _encodable(str(detail))}


def _encodable(text: str) -> str:
    """Return a text that quotes the request, with half surrogate pairs, which no UTF-8 has, written as escapes."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _plain(error: PlatformError) -> JsonResponse:
    return JsonResponse(document(error), status=error.status, content_type=CONTENT_TYPE)


def not_found(request: HttpRequest, exception: Exception) -> JsonResponse:
    """Answer for URLs that no route serves (Django's handler404)."""
    return _plain(NotFound("No route serves this path."))


def bad_request(request: HttpRequest, exception: Exception) -> JsonResponse:
    """Answer for requests that Django itself refuses (handler400)."""
    return _plain(InvalidRequest())


def server_error(request: HttpRequest) -> JsonResponse:
    """Answer for a bug (handler500): the request id is all that leaves; the log has the rest."""
    return _plain(PlatformError())
