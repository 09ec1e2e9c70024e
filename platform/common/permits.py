"""Permit: the proof that an allowed decision has been durably recorded.

Every engine and gallery entry point takes one as a required argument, so that an operation which writes no row
(detect, compare) still cannot run without a decision in the audit log. Only `governance.audit.ledger` mints
permits; `tests/architecture/test_permits.py` refuses any other caller.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import InitVar, dataclass
from typing import Final

_MINT: Final = object()


class PermitMismatch(RuntimeError):
    """A permit was used for what it was not given for: a defect in the code, never a caller's mistake."""


@dataclass(frozen=True, slots=True)
class Permit:
    """What one committed decision allows.

    Attributes:
        decision_id: id of the decision entry in the audit log.
        tenant_id: the tenant the decision is about.
        operation: slug of `common.vocabulary.Operation`.
        epoch: policy epoch that the decision was taken under.
    """

    decision_id: uuid.UUID
    tenant_id: uuid.UUID
    operation: str
    epoch: int
    mint: InitVar[object] = None

    def __post_init__(self, mint: object) -> None:
        if mint is not _MINT:
            raise TypeError("Only the ledger mints a Permit, after the decision has committed.")


def mint_permit(*, decision_id: uuid.UUID, tenant_id: uuid.UUID, operation: str, epoch: int) -> Permit:
    """Make a permit. For `governance.audit.ledger` (and the tests' `permit` fixture) alone."""
    return Permit(decision_id, tenant_id, operation, epoch, mint=_MINT)


def require_permit(
    permit: object, *, tenant_id: uuid.UUID | None = None, operations: Collection[str] | None = None
) -> Permit:
    """Return the permit, when it is one and is for this.

    Args:
        permit: what was passed as a permit.
        tenant_id: whose data it must be for; None: no tenant's data is touched.
        operations: one of which it must be for; None: any.

    Raises:
        TypeError: something else was passed in its place.
        PermitMismatch: it was given for another tenant or another operation.
    """
    if not isinstance(permit, Permit):
        raise TypeError(f"A Permit is required, not {type(permit).__name__}.")
    if tenant_id is not None and permit.tenant_id != tenant_id:
        raise PermitMismatch("The permit is another tenant's.")
    if operations is not None and permit.operation not in operations:
        raise PermitMismatch(f"A permit to {permit.operation} is none for this.")
    return permit
