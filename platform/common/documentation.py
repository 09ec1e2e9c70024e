"""What the OpenAPI schema says of each route: the shapes of success, and the problems that can come instead."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.serializers import Serializer

from common.problem_shapes import ProblemResponse
from common.problems import CONTENT_TYPE
from common.vocabulary import Circumstance

Handler = TypeVar("Handler", bound=Callable[..., Any])

_JSON = "application/json"
_MULTIPART = "multipart/form-data"
# Any governed route may answer these.
_ALWAYS = (400, 401, 403, 406, 429, 503)
_WITH_BODY = (413, 415)
_RETRYABLE = [409, 429, 503]
_LONGEST_HEADER = 200
LONGEST_IDEMPOTENCY_KEY: Final = 255

PAGE = [
    OpenApiParameter(
        "limit",
        {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100},
        description="Most items of the page.",
    ),
    OpenApiParameter("cursor", str, description="`next_cursor` of the page before."),
]

_CIRCUMSTANCE = "|".join(Circumstance)
_GOVERNANCE = [
    OpenApiParameter(
        name,
        {"type": "string", "maxLength": _LONGEST_HEADER, "pattern": r"^[ -~]*$"},
        OpenApiParameter.HEADER,
        description=sentence,
    )
    for name, sentence in (
        ("Custos-Purpose", "Why; one of the key's purposes. Left out: the key's default."),
        ("Custos-On-Behalf-Of", "For whom, as a category of customer. Left out: the key's default."),
        ("Custos-Jurisdiction", "Whose law applies (ISO 3166). Left out: the key's default."),
        ("Custos-Case", "Reference of the case; only a keyed digest of it is recorded."),
    )
] + [
    OpenApiParameter(
        "Custos-Circumstances",
        {"type": "string", "pattern": f"^({_CIRCUMSTANCE})( ?, ?({_CIRCUMSTANCE}))*$"},
        OpenApiParameter.HEADER,
        description="What the request states against itself, slugs separated by commas; each may refuse it.",
    )
]
_IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "minLength": 1, "maxLength": LONGEST_IDEMPOTENCY_KEY, "pattern": r"^[!-~]+$"},
    OpenApiParameter.HEADER,
    description="A name of yours for this request. Sent again within 24 hours, the first answer is given again and"
    " nothing is done twice; another request under the same name is refused (409).",
)
_IF_MATCH = OpenApiParameter(
    "If-Match",
    {"type": "string"},
    OpenApiParameter.HEADER,
    description="`ETag` of what you have read: refused (412) when it has changed since.",
)


def _answer_header(name: str, statuses: list[int], sentence: str, kind: Any = str) -> OpenApiParameter:
    return OpenApiParameter(name, kind, OpenApiParameter.HEADER, description=sentence, response=statuses)


def _decision_headers(statuses: list[int]) -> list[OpenApiParameter]:
    return [
        _answer_header("Custos-Decision", statuses, "The decision that the answer rests on.", kind=OpenApiTypes.UUID),
        _answer_header(
            "Custos-Receipt", statuses, "The audit log's signed promise that it holds this decision. Keep it."
        ),
    ]


@dataclass(frozen=True, slots=True)
class Example:
    """What a caller sends and what comes back. The tests send it, and compare the shape of the answer.

    Attributes:
        request: the JSON body, or None.
        answer: the JSON body of the first success, or None.
    """

    request: Any = None
    answer: Any = None


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
    example: Example | None = None,
    examples: list[OpenApiExample] | None = None,
    idempotent: bool = False,
    conditional: bool = False,
    tagged: bool = False,
    governed: bool = True,
    files: tuple[str, ...] = (),
) -> Callable[[Handler], Handler]:
    """Return the `extend_schema` decorator of a route.

    Args:
        operation_id: stable name of the operation; usage is counted under it.
        summary: one sentence.
        tag: group in the documentation.
        responses: serializer by status of success; None where there is no body.
        problems: statuses of the problems that this route adds to those that every route may answer.
        json: serializer of a JSON request.
        upload: serializer of a multipart request.
        parameters: of the query.
        example: of a JSON request and its answer.
        examples: further ones.
        idempotent: whether it accepts `Idempotency-Key`.
        conditional: whether it accepts `If-Match`.
        tagged: whether its answers carry an `ETag`.
        governed: whether it asks the gate, so that governance headers narrow it and its answers name a decision.
        files: media types of its successes, where these are no JSON.
    """
    bodies = {kind: body for kind, body in ((_JSON, json), (_MULTIPART, upload)) if body is not None}
    successes = list(responses)
    statuses = {*problems, *_ALWAYS}
    statuses |= set(_WITH_BODY) if bodies else set()
    statuses |= {409} if idempotent else set()
    statuses |= {412} if conditional else set()
    answers: dict[Any, Any] = {status: shape or OpenApiResponse() for status, shape in responses.items()}
    if files:
        answers = {(status, kind): OpenApiTypes.BINARY for status in successes for kind in files}
    for status in sorted(statuses):
        answers[(status, CONTENT_TYPE)] = ProblemResponse
    every = [*successes, *sorted(statuses)]
    described = [
        *(parameters or []),
        *(_GOVERNANCE if governed else []),
        *([_IDEMPOTENCY_KEY] if idempotent else []),
        *([_IF_MATCH] if conditional else []),
        _answer_header("X-Request-Id", every, "Name of this request, for support."),
        *(_decision_headers([*successes, 403]) if governed else []),
        _answer_header("Retry-After", [s for s in _RETRYABLE if s in statuses], "Seconds.", kind=int),
        *([_answer_header("ETag", successes, "Of the present state, for `If-Match`.")] if tagged else []),
        *([_answer_header("Location", [202], "Where the job is.")] if 202 in successes else []),
        *(
            [_answer_header("Idempotency-Replayed", successes, "`true`: the first answer, again.")]
            if idempotent
            else []
        ),
    ]
    decorate: Callable[[Handler], Handler] = extend_schema(
        operation_id=operation_id,
        summary=summary,
        description=f"{summary}.",
        tags=[tag],
        request=bodies or None,
        responses=answers,
        parameters=[*described],
        examples=[*_examples(example, status=successes[0]), *(examples or [])],
    )

    def with_name(handler: Handler) -> Handler:
        decorated = decorate(handler)
        decorated.operation_id = operation_id  # type: ignore[attr-defined]
        decorated.idempotent = idempotent  # type: ignore[attr-defined]
        return decorated

    return with_name


def _examples(example: Example | None, *, status: int) -> list[OpenApiExample]:
    if example is None:
        return []
    asked = OpenApiExample("request", example.request, request_only=True, media_type=_JSON)
    answered = OpenApiExample("answer", example.answer, response_only=True, status_codes=[str(status)])
    return [*([asked] if example.request is not None else []), *([answered] if example.answer is not None else [])]
