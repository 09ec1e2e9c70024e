"""The few general kinds of error that every layer raises; apps subclass them with a stable code of their own.

No Django here: engines, policies and the instance supervisor raise these too. `common.problems` turns them
into RFC 9457 answers, and a failed job stores the same object.
"""

from __future__ import annotations

from typing import Any, ClassVar


class PlatformError(Exception):
    """An error that the platform can explain to its caller.

    Attributes:
        code: stable kebab-case identifier, documented in `docs/reference/errors.md`.
        title: one short sentence, the same for every occurrence of the code.
        status: HTTP status.
        detail: what happened this time, in words that help the caller; never names, images or templates.
        extra: further members of the problem document (`rules`, `decision_id`, `errors`, …).
        retryable: whether the same request may succeed later.
    """

    code: ClassVar[str] = "internal-error"
    title: ClassVar[str] = "Something went wrong inside the platform"
    status: ClassVar[int] = 500
    retryable: ClassVar[bool] = False

    def __init__(self, detail: str = "", **extra: Any) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.extra = extra

    def as_problem(self) -> dict[str, Any]:
        """Return the members of an RFC 9457 problem document, without `instance`."""
        return {
            "type": f"/problems/{self.code}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            **self.extra,
        }


class InvalidRequest(PlatformError):
    code = "invalid-request"
    title = "The request is not valid"
    status = 400


class Unauthenticated(PlatformError):
    code = "unauthenticated"
    title = "Credentials are missing or not valid"
    status = 401


class Forbidden(PlatformError):
    code = "forbidden"
    title = "This is not allowed"
    status = 403


class NotFound(PlatformError):
    """Also for what exists but belongs to another tenant."""

    code = "not-found"
    title = "There is no such thing here"
    status = 404


class Conflict(PlatformError):
    code = "conflict"
    title = "The request conflicts with the present state"
    status = 409


class PreconditionFailed(PlatformError):
    """What `If-Match` names is not what there is: somebody changed it since it was read."""

    code = "precondition-failed"
    title = "The resource has changed since it was read"
    status = 412


class PayloadTooLarge(PlatformError):
    code = "payload-too-large"
    title = "The request is larger than allowed"
    status = 413


class UnsupportedMedia(PlatformError):
    code = "unsupported-media"
    title = "This media type is not supported"
    status = 415


class Unprocessable(PlatformError):
    code = "unprocessable"
    title = "The request is well formed but cannot be carried out"
    status = 422


class QuotaExceeded(PlatformError):
    code = "quota-exceeded"
    title = "A quota is used up"
    status = 429
    retryable = True


class Unavailable(PlatformError):
    code = "unavailable"
    title = "The platform cannot do this right now"
    status = 503
    retryable = True
