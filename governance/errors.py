"""What governance answers when something may not be."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from common.errors import Conflict, Forbidden, InvalidRequest, NotFound, QuotaExceeded, Unavailable, Unprocessable


class PolicyRefused(Forbidden):
    """The gate said no. Carries every rule that fired, so that the refusal explains itself."""

    code = "policy-refused"
    title = "The policy does not allow this use"

    def __init__(self, *, decision_id: uuid.UUID, rules: Sequence[dict[str, str]]) -> None:
        super().__init__(
            " ".join(f"{rule['id']}: {rule['reason']}" for rule in rules),
            decision_id=str(decision_id),
            rules=list(rules),
            appeal=f"/v1/decisions/{decision_id}",
        )
        self.decision_id = decision_id
        self.rules = tuple(rules)


class PolicyMissing(Unavailable):
    """No policy version is in force: nothing is allowed until one is published."""

    code = "policy-missing"
    title = "No policy is in force"


class PolicyNotSigned(Unavailable):
    """What is in the database as the policy in force was not published by this platform: nothing is allowed by it."""

    code = "policy-not-signed"
    title = "The policy in force bears no valid signature"


class DecisionNotFound(NotFound):
    code = "decision-not-found"
    title = "There is no such decision of this tenant"


class CheckpointNotFound(NotFound):
    code = "checkpoint-not-found"
    title = "The audit log has no checkpoint yet"


class TileNotFound(NotFound):
    code = "tile-not-found"
    title = "The audit log's tree has no such tile of that width"


class EntryNotFound(NotFound):
    code = "audit-entry-not-found"
    title = "There is no such entry of this tenant"


class EntryNotSequenced(Conflict):
    code = "audit-entry-not-sequenced"
    title = "The entry is not in the tree yet"
    retryable = True


class SizesInvalid(InvalidRequest):
    code = "log-sizes-invalid"
    title = "The sizes must be two sizes of the log, the smaller one first"


class ReceiptUnreadable(Unprocessable):
    code = "receipt-unreadable"
    title = "This is no receipt that this log gave"


class ExportTooLarge(Unprocessable):
    code = "audit-export-too-large"
    title = "The tenant has too many entries for one answer: ask the operator for the export"


class NotPermittedForRole(Forbidden):
    """The person's staff role does not allow this act, or the same person acted twice."""

    code = "staff-role-not-permitted"
    title = "This member of staff may not do that"


class TooManyInForce(Conflict):
    """Their facts would not fit into the audit entry of a decision (`governance.room`)."""

    code = "too-many-in-force"
    title = "Too many are in force at once"


class ConsentWithdrawn(Conflict):
    """The person took their consent back while the picture was looked at (CON-002)."""

    code = "consent-withdrawn"
    title = "The person has withdrawn consent"


class AlreadyEnded(Conflict):
    code = "already-ended"
    title = "This has ended already"


class ChangeNotFound(NotFound):
    code = "change-not-found"
    title = "There is no such change request"


class ChangeKindUnknown(Forbidden):
    """Nobody registered it; what nobody can explain, nobody can sign."""

    code = "change-kind-unknown"
    title = "This kind of change is not known here"


class ChangeDecided(Conflict):
    code = "change-decided"
    title = "This change has been decided already"


class ChangeExpired(Conflict):
    code = "change-expired"
    title = "Nobody signed this change in time; it has to be proposed anew"


class ChangeAltered(Conflict):
    """The stored payload no longer has the digest that was proposed."""

    code = "change-altered"
    title = "The change is not what was proposed"


class ConflictOfInterest(Forbidden):
    code = "conflict-of-interest"
    title = "Who has an interest in the outcome may not sign it"


class StaffNotFound(NotFound):
    code = "staff-not-found"
    title = "There is no such active member of staff"


class OversightSuffices(Conflict):
    """Two of the oversight are active: they sign for whoever is to be let in again, and no operator does."""

    code = "oversight-suffices"
    title = "Two active oversight members can sign for it"


class UnderLegalHold(Conflict):
    """A court or law wants it kept (GDPR, Article 17(3)(e)); a collection is not used meanwhile."""

    code = "under-legal-hold"
    title = "This is under a legal hold: nothing of it is deleted until two people lift it"


class CertificateNotFound(NotFound):
    code = "certificate-not-found"
    title = "There is no such purge certificate"


class ComplaintNotFound(NotFound):
    code = "complaint-not-found"
    title = "There is no such complaint"


class ComplaintState(Conflict):
    code = "complaint-state"
    title = "The complaint does not stand where this could be done"


class TooManyComplaints(QuotaExceeded):
    code = "too-many-complaints"
    title = "So many complaints come from this address that the next one has to wait an hour"


class ReportNotFound(NotFound):
    code = "report-not-found"
    title = "There is no such published report"
