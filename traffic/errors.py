"""What can be wrong with a request's name, or with how many there are."""

from __future__ import annotations

from common.errors import Conflict, Forbidden, InvalidRequest


class IdempotencyKeyInvalid(InvalidRequest):
    code = "idempotency-key-invalid"
    title = "The idempotency key must be 1 to 255 printable ASCII characters without spaces"


class IdempotencyKeyReused(Conflict):
    """The key names another request: other path, body, or purpose."""

    code = "idempotency-key-reused"
    title = "This idempotency key belongs to another request"


class IdempotencyKeyInUse(Conflict):
    """The first request of this key is being worked on, or its process died a moment ago."""

    code = "idempotency-key-in-use"
    title = "The first request with this idempotency key has not been answered yet"
    retryable = True


class DaysInvalid(InvalidRequest):
    code = "days-invalid"
    title = "The days must be dates such as 2026-03-02, the first not after the last"


class AllowanceRaised(Forbidden):
    """Lowering takes one officer; raising is risky for everybody else, and takes two."""

    code = "allowance-raised"
    title = "More than now takes two officers: ask for the change in the administration"
