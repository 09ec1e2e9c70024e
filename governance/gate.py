"""The only door: may this kind of use happen at all?

    with gate.authorised(AccessRequest(...)) as admission:
        faces = engine.detect(image, permit=admission.permit)   # outside any transaction
        with tenant_scope(actor.tenant_id):
            ...                                                 # rows
            admission.complete(n_faces=len(faces))              # fence + outcome, last before the commit

The decision is committed before the block runs; `complete` crosses the fence and writes the outcome with the rows. A
refusal raises `PolicyRefused` with every rule that fired.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from common import context
from common.errors import PlatformError
from common.permits import Permit
from governance import fence, policies
from governance.accountability import searches
from governance.accountability.searches import Searched
from governance.audit import ledger
from governance.catalogue import CATALOGUE
from governance.errors import PolicyRefused
from governance.judging import Judgement, judge
from governance.questions import (
    DEFAULT_THRESHOLD,
    AccessRequest,
    ResourceRef,
    probe_of_face,
    probe_of_person,
    probe_of_picture,
)
from governance.rules.review import MASKING
from governance.rules.thresholds import INVESTIGATIVE_PURPOSES

__all__ = [
    "DEFAULT_THRESHOLD",
    "INVESTIGATIVE_PURPOSES",
    "AccessRequest",
    "Admission",
    "Decision",
    "ResourceRef",
    "Searched",
    "authorise",
    "authorised",
    "probe_of_face",
    "probe_of_person",
    "probe_of_picture",
]

logger = logging.getLogger(__name__)

# Revoked keys and removed members do not raise the epoch. What takes longer than this is judged anew on its way and at
# its end, so that nobody whose right has ended works on, or gets a result, a second later.
FRESH_SECONDS = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What the gate decided, with the facts it used. `id` is the audit entry's.

    Attributes:
        threshold: the effective similarity threshold in per cent.
        epoch, valid_until: under this epoch and until this instant (microseconds; None: no end in sight) the verdict
            cannot change, so the fence need not evaluate again.
    """

    id: uuid.UUID
    verdict: policies.Verdict
    policy: policies.Policy
    facts: dict[str, Any]
    epoch: int
    threshold: float
    valid_until: int | None
    permit: Permit | None

    @property
    def is_allowed(self) -> bool:
        """Whether a permit was minted."""
        return self.permit is not None


@dataclass(slots=True)
class Admission:
    """An allowed request on its way; `complete` ends it."""

    request: AccessRequest
    decision: Decision
    _is_complete: bool = field(default=False, init=False)
    _is_counted: bool = field(default=False, init=False)
    _judged_at: float = field(default_factory=time.monotonic, init=False)

    @property
    def decision_id(self) -> uuid.UUID:
        """Id of the decision, which operation rows refer to."""
        return self.decision.id

    @property
    def permit(self) -> Permit:
        """The proof that every engine and gallery entry point asks for."""
        if self.decision.permit is None:
            raise PolicyRefused(decision_id=self.decision.id, rules=_rules(self.decision.verdict))
        return self.decision.permit

    @property
    def threshold(self) -> float:
        """Effective similarity threshold in per cent."""
        return self.decision.threshold

    @property
    def obligations(self) -> tuple[str, ...]:
        """The rules that oblige: each that asks for it is among those that the request says it meets."""
        return self.decision.verdict.obligations

    @property
    def is_masked(self) -> bool:
        """Whether what is found must be reviewed before anybody is told of it (HUM-001)."""
        return MASKING in self.obligations

    @property
    def limits(self) -> policies.Limits:
        """What the operation must keep to."""
        return self.decision.verdict.limits

    @property
    def least_quality(self) -> float:
        """Quality score that probes and references must reach (QUAL-001)."""
        return self.limits.quality_floor_milli / 1000

    def still_holds(self) -> None:
        """Make sure, between the steps of long work and outside any transaction, that it is still allowed.

        Raises:
            PolicyRefused: it is not, any more.
        """
        if self._is_stale():
            self._judge_again()

    def complete(
        self,
        *,
        n_faces: int | None = None,
        n_candidates: int | None = None,
        top_score_bucket: int | None = None,
        removed: Mapping[str, int] | None = None,
        resource: ResourceRef | None = None,
        searched: Searched | None = None,
    ) -> None:
        """Cross the fence and write the outcome in the open transaction. The last statement before the commit.

        Args:
            n_faces: faces found, made, read or removed.
            n_candidates: candidates above the threshold; not recorded where the result is masked, nor the next: the
                requester reads the outcome, and that somebody was found is the identity.
            top_score_bucket: best similarity, rounded down to ten per cent; never the score itself.
            removed: how much of each kind a deletion took away.
            resource: what was made, when it did not exist at the decision.
            searched: how often something was searched for, and whom it was about; None: as the request says. It counts
                where a rule limits the number of searches.

        Raises:
            PolicyRefused: the policy changed meanwhile and no longer allows this, or others have used up what was
                left (QUO-001, QUO-002, SRV-001); the transaction must roll back.
        """
        if self._is_complete:
            raise RuntimeError("An admission is completed once.")
        self._count(searched or Searched(self.request.n_searches, (self.request.probe,) if self.request.probe else ()))
        epoch, now = fence.cross()
        is_past = _is_past(self.decision.valid_until, int(now.timestamp() * 1_000_000))
        if epoch != self.decision.epoch or is_past or self._is_stale():
            self._judge_again()
        data: dict[str, Any] = {"n_faces": n_faces}
        if not self.is_masked:
            data |= {"n_candidates": n_candidates, "top_score_bucket": top_score_bucket}
        data["removed"] = dict(removed) if removed is not None else None
        if resource is not None:
            data["resource"] = {"type": resource.kind, "id": str(resource.id)}
        data["epoch"] = epoch
        ledger.record_outcome(
            ledger.OutcomeRecord(
                decision_id=self.decision.id,
                tenant_id=self.request.actor.tenant_id,
                ts=now,
                status="succeeded",
                data={name: value for name, value in data.items() if value is not None},
            )
        )
        self._is_complete = True

    def require_room(self, gallery_size: int) -> None:
        """Go on only while the gallery, locked and grown to this size, is within its cap.

        Raises:
            PolicyRefused: GAL-001; the transaction must roll back.
        """
        cap = self.limits.gallery_cap
        if cap is not None and gallery_size > cap:
            self._refuse("GAL-001", finding={"size": f"{gallery_size:,}", "cap": f"{cap:,}"})

    def _count(self, searched: Searched) -> None:
        usage = self.request.actor.usage
        exceeded = searches.record(
            searched,
            limits=self.limits,
            tenant_id=self.request.actor.tenant_id,
            case_ref=usage.case_ref,
            decision_id=self.decision.id,
            is_masked=self.is_masked,
        )
        self._is_counted = True
        if exceeded is not None:
            self._refuse(exceeded.rule_id, finding={"limit": f"{exceeded.limit:,}"})

    def _is_stale(self) -> bool:
        return time.monotonic() - self._judged_at > FRESH_SECONDS

    def _judge_again(self) -> None:
        # What was counted already is among the counts that are read now.
        request = replace(self.request, n_searches=0) if self._is_counted else self.request
        verdict = judge(request, threshold=self.decision.threshold).verdict
        if verdict.effect != "allow":
            raise PolicyRefused(decision_id=self.decision.id, rules=_rules(verdict))
        if further := set(verdict.obligations) - set(self.obligations):
            # The work was done without them, so they were not met.
            rules = [{"id": rule_id, "reason": CATALOGUE[rule_id].reason} for rule_id in sorted(further)]
            raise PolicyRefused(decision_id=self.decision.id, rules=rules)
        self._judged_at = time.monotonic()

    def _refuse(self, rule_id: str, *, finding: Mapping[str, str]) -> None:
        reason = CATALOGUE[rule_id].reason.format_map(finding)
        raise PolicyRefused(decision_id=self.decision.id, rules=[{"id": rule_id, "reason": reason}])


def authorise(request: AccessRequest) -> Decision:
    """Decide, and commit the decision to the audit log before anything else happens.

    Raises:
        LedgerUnavailable: the decision could not be committed, so there is none (AUD-001).
        PolicyMissing: no policy is in force.
    """
    judgement = judge(request)
    entry_id, permit = ledger.record_decision(_record(request, judgement=judgement))
    context.bind_decision_id(entry_id)
    return Decision(
        id=entry_id,
        verdict=judgement.verdict,
        policy=judgement.snapshot.policy,
        facts=judgement.facts,
        epoch=judgement.snapshot.epoch,
        threshold=judgement.threshold,
        valid_until=judgement.valid_until,
        permit=permit,
    )


@contextmanager
def authorised(request: AccessRequest) -> Iterator[Admission]:
    """Run a block under an allowed decision; see the module's docstring.

    Raises:
        PolicyRefused: the policy does not allow it, at the start or at the fence.
        RuntimeError: the block ended without `complete`.
    """
    decision = authorise(request)
    admission = Admission(request, decision)
    try:
        if not decision.is_allowed:
            raise PolicyRefused(decision_id=decision.id, rules=_rules(decision.verdict))
        yield admission
        if not admission._is_complete:
            raise RuntimeError(f"The operation {request.operation} ended without completing its admission.")
    except BaseException as error:
        _record_failure(request, decision=decision, error=error)
        raise


def _record_failure(request: AccessRequest, *, decision: Decision, error: BaseException) -> None:
    """Commit how it ended. An error here must not hide the one that is being raised."""
    is_refusal = isinstance(error, PolicyRefused) and error.decision_id == decision.id
    status = ("halted" if decision.is_allowed else "refused") if is_refusal else "failed"
    data: dict[str, Any] = {"code": error.code if isinstance(error, PlatformError) else "internal-error"}
    if isinstance(error, PolicyRefused):
        data["rules"] = [rule["id"] for rule in error.rules]
    try:
        ledger.record_failed_outcome(
            ledger.OutcomeRecord(
                decision_id=decision.id,
                tenant_id=request.actor.tenant_id,
                ts=ledger.own_connection_now(),
                status=status,
                data=data,
            )
        )
    except PlatformError:
        # The decision stands without an outcome, which the verifier reports as unfinished: nothing was answered.
        logger.exception("the outcome of decision %s could not be recorded", decision.id)
        if is_refusal or isinstance(error, PlatformError):
            raise


def _record(request: AccessRequest, *, judgement: Judgement) -> ledger.DecisionRecord:
    actor, resource = request.actor, request.resource
    snapshot, verdict = judgement.snapshot, judgement.verdict
    return ledger.DecisionRecord(
        tenant_id=actor.tenant_id,
        ts=snapshot.time,
        actor=ledger.ref_of(actor),
        action=request.operation.value,
        resource=ledger.Resource(resource.kind, resource.id),
        case_ref=actor.usage.case_ref,
        decision={
            "effect": verdict.effect,
            "rules": [{"id": rule.id, "reason": rule.reason} for rule in verdict.fired],
            "allowed_by": list(verdict.allowed_by),
            "obligations": list(verdict.obligations),
            "limits": verdict.limits.stated(),
            "policy_version": snapshot.policy.version,
            "policy_digest": snapshot.policy.digest,
            "epoch": snapshot.epoch,
        },
        params={
            "threshold_milli": judgement.facts["threshold_milli"],
            "max_faces": request.max_faces,
            "model": request.engine_version,
            "gallery_size": request.gallery_size,
            "probe": request.probe and ledger.commitment(actor.tenant_id, request.probe, use=searches.SUBJECT_USE),
        },
        facts=judgement.facts,
    )


def _rules(verdict: policies.Verdict) -> list[dict[str, str]]:
    return [{"id": rule.id, "reason": rule.reason} for rule in verdict.fired]


def _is_past(instant: int | None, now: int) -> bool:
    return instant is not None and now >= instant
