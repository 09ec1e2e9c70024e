"""Errors as SDKs know them: a code, a message, a status. Whatever the platform raises is translated here, once."""

from __future__ import annotations

from typing import Final

from common.errors import Conflict, Forbidden, InvalidRequest, NotFound, PlatformError, QuotaExceeded, Unprocessable
from common.problems import Throttled
from recognition.errors import CollectionExists, FaceNotFound, TooManyTags
from recognition.images import ImageFormatUnsupported, ImageTooLarge, ImageUnreadable
from traffic.errors import IdempotencyKeyInUse, IdempotencyKeyReused

INTERNAL: Final = "InternalServerError"


class Fault(Exception):
    """An error of the protocol.

    Attributes:
        code: name of the error's shape in the service's model, or of those that every AWS service knows.
        status: HTTP status; 400 for everything that is the caller's.
    """

    def __init__(self, code: str, message: str, *, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


def invalid(message: str) -> Fault:
    """Return the fault of a parameter that is not what it must be."""
    return Fault("InvalidParameterException", message)


# The first class that fits; narrower ones come first.
_CODES: Final[tuple[tuple[type[PlatformError], str], ...]] = (
    (CollectionExists, "ResourceAlreadyExistsException"),
    (FaceNotFound, "InvalidParameterException"),
    (NotFound, "ResourceNotFoundException"),
    (ImageTooLarge, "ImageTooLargeException"),
    (ImageFormatUnsupported, "InvalidImageFormatException"),
    (ImageUnreadable, "InvalidImageFormatException"),
    (Throttled, "ThrottlingException"),
    # SDKs wait and try again, which is right while the first request is being worked on.
    (IdempotencyKeyInUse, "ThrottlingException"),
    (TooManyTags, "ServiceQuotaExceededException"),
    (IdempotencyKeyReused, "IdempotentParameterMismatchException"),
    (QuotaExceeded, "ProvisionedThroughputExceededException"),
    # Never LimitExceededException: SDKs would try again what policy refuses.
    (Forbidden, "AccessDeniedException"),
    (InvalidRequest, "InvalidParameterException"),
    (Unprocessable, "InvalidParameterException"),
    (Conflict, "ConflictException"),
)


def fault_of(error: PlatformError, *, known: frozenset[str]) -> Fault:
    """Translate an error of the platform.

    Args:
        error: what a use-case raised. A refusal of the policy tells every rule that fired.
        known: the errors that the operation may answer, by the service's model; an SDK catches no others by name.
    """
    if error.status >= 500:
        return Fault(INTERNAL, f"{error.title}. {_with_decision(error)}", status=500)
    code = next((code for kind, code in _CODES if isinstance(error, kind)), "InvalidParameterException")
    if known and code not in known:
        code = "InvalidParameterException"
    return Fault(code, _with_decision(error))


def _with_decision(error: PlatformError) -> str:
    """Return what happened; a refusal also says where it is explained."""
    appeal = error.extra.get("appeal")
    return f"{error.detail} Explained at {appeal}." if appeal else error.detail
