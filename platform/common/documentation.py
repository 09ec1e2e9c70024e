"""What the OpenAPI schema says of each route: the shapes of success, and the problems that can come instead."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.serializers import Serializer

from common.problem_shapes import ProblemResponse
from common.problems import CONTENT_TYPE

Handler = TypeVar("Handler", bound=Callable[..., Any])

_JSON = "application/json"
_MULTIPART = "multipart/form-data"
# Any governed route may answer these.
_ALWAYS = (401, 403, 503)

PAGE = [
    OpenApiParameter("limit", int, description="Most items of the page, 1 to 1000; 100 when left out."),
    OpenApiParameter("cursor", str, description="`next_cursor` of the page before."),
]


def documented(
    operation_id: str,
    *,
    summary: str,
    tag: str,
    responses: dict[int, Any],
    problems: tuple[int, ...] = (),
    json: type[Serializer[Any]] | None = None,
    upload: type[Serializer[Any]] | None = None,
    parameters: list[OpenApiParameter] | None = None,
    examples: list[OpenApiExample] | None = None,
) -> Callable[[Handler], Handler]:
    """Return the `extend_schema` decorator of a route.

    Args:
        operation_id: stable name of the operation.
        summary: one sentence.
        tag: group in the documentation.
        responses: serializer by status of success; None where there is no body.
        problems: statuses of the problems that this route adds to 401, 403 and 503.
        json: serializer of a JSON request.
        upload: serializer of a multipart request.
        parameters: of the query.
        examples: of request or response.
    """
    bodies = {kind: body for kind, body in ((_JSON, json), (_MULTIPART, upload)) if body is not None}
    answers: dict[Any, Any] = dict(responses)
    for status in sorted({*problems, *_ALWAYS}):
        answers[(status, CONTENT_TYPE)] = ProblemResponse
    decorate: Callable[[Handler], Handler] = extend_schema(
        operation_id=operation_id,
        summary=summary,
        tags=[tag],
        request=bodies or None,
        responses=answers,
        parameters=parameters or [],
        examples=examples or [],
    )
    return decorate
