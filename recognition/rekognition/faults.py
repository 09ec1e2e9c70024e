"""Errors as SDKs know them: a code, a message, a status. Whatever the platform raises is translated here, once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from common.errors import Conflict, Forbidden, InvalidRequest, NotFound, PlatformError, QuotaExceeded, Unprocessable
from common.problems import Throttled
from recognition.errors import (
    BucketObjectUnreadable,
    CollectionExists,
    FaceNotFound,
    ImageNotFound,
    ImageNotKept,
    PersonFull,
    TooManyTags,
)
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
    (ImageNotFound, "InvalidS3ObjectException"),
    (ImageNotKept, "InvalidS3ObjectException"),
    (BucketObjectUnreadable, "InvalidS3ObjectException"),
    (NotFound, "ResourceNotFoundException"),
    (ImageTooLarge, "ImageTooLargeException"),
    (ImageFormatUnsupported, "InvalidImageFormatException"),
    (ImageUnreadable, "InvalidImageFormatException"),
    (Throttled, "ThrottlingException"),
    # SDKs wait and try again, which is right while the first request is being worked on.
    (IdempotencyKeyInUse, "ThrottlingException"),
    (TooManyTags, "ServiceQuotaExceededException"),
    (PersonFull, "ServiceQuotaExceededException"),
    (IdempotencyKeyReused, "IdempotentParameterMismatchException"),
    (QuotaExceeded, "ProvisionedThroughputExceededException"),
    # Never LimitExceededException: SDKs would try again what policy refuses.
    (Forbidden, "AccessDeniedException"),
    (InvalidRequest, "InvalidParameterException"),
    (Unprocessable, "InvalidParameterException"),
    (Conflict, "ConflictException"),
)


# Where a search that must be reviewed by people (HUM-001) is asked for: an SDK could not show its answer.
_REVIEWED: Final = {
    "CompareFaces": "/v1/compare",
    "SearchFaces": "/v1/collections/{collection}/search",
    "SearchFacesByImage": "/v1/collections/{collection}/search",
    "SearchUsers": "/v1/collections/{collection}/search",
    "SearchUsersByImage": "/v1/collections/{collection}/search",
}
_REVIEW_RULE: Final = "HUM-001"


def fault_of(error: PlatformError, *, operation: str, known: frozenset[str]) -> Fault:
    """Translate an error of the platform.

    Args:
        error: what a use-case raised. A refusal of the policy tells every rule that fired.
        operation: that was called.
        known: the errors that the operation may answer, by the service's model; an SDK catches no others by name.
    """
    if error.status >= 500:
        return Fault(INTERNAL, f"{error.title}. {error.detail}", status=500)
    code = next((code for kind, code in _CODES if isinstance(error, kind)), "InvalidParameterException")
    if known and code not in known:
        code = "InvalidParameterException"
    return Fault(code, " ".join([error.detail, *_further(error, operation=operation)]))


def _further(error: PlatformError, *, operation: str) -> Iterator[str]:
    """Say of a refusal where it is explained, and where a review can be had."""
    if appeal := error.extra.get("appeal"):
        yield f"Explained at {appeal}."
    rules = {rule["id"] for rule in error.extra.get("rules", ())}
    if _REVIEW_RULE in rules and operation in _REVIEWED:
        yield f"By REST, POST {_REVIEWED[operation]} waits for the review."
