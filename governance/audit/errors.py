"""What can go wrong with the log."""

from __future__ import annotations

from common.errors import NotFound, Unavailable

RULE_NOT_COMMITTED = "AUD-001"


class LedgerUnavailable(Unavailable):
    """The entry could not be committed, so the operation does not take place (AUD-001)."""

    code = "ledger-unavailable"
    title = "The audit log cannot be written right now"

    def __init__(self, detail: str = "") -> None:
        super().__init__(
            detail or "The decision could not be recorded, so nothing was done.",
            rules=[{"id": RULE_NOT_COMMITTED, "reason": "The audit entry was not durably committed."}],
            retry_after=1,
        )


class NoCheckpointKey(Unavailable):
    code = "checkpoint-key-missing"
    title = "There is no key to sign checkpoints with"


class WitnessSilent(Unavailable):
    code = "witness-silent"
    title = "The witness does not answer"


class WitnessRefuses(Unavailable):
    """It has seen a longer or another log, or knows no key of ours: never to be passed over."""

    code = "witness-refuses"
    title = "The witness does not cosign this log"


class EvidenceErased(NotFound):
    code = "evidence-erased"
    title = "There is no such evidence, or its key was destroyed"
