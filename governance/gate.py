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
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from common import context
from common.context import Actor, tenant_scope
from common.errors import PlatformError
from common.permits import Permit
from common.vocabulary import Operation
from governance import fence, policies, selectors
from governance.audit import ledger
from governance.errors import PolicyRefused

logger = logging.getLogger(__name__)

DEFAULT_THRESHOLD = 80.0  # per cent; Rekognition's default for SearchFaces and CompareFaces
# Revoked keys and removed members do not raise the epoch. What takes longer than this is judged anew on its way and at
# its end, so that nobody whose right has ended works on, or gets a result, a second later.
FRESH_SECONDS = 0.5
_NEEDS_THRESHOLD = frozenset({Operation.COMPARE, Operation.SEARCH, Operation.WATCHLIST_REALTIME})


@dataclass(frozen=True, slots=True)
class ResourceRef:
    """What the request is about, as governance sees it: a kind and an id."""

    kind: str
    id: uuid.UUID | None
    tenant_id: uuid.UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessRequest:
    """A question to the gate.

    Attributes:
        result_of: for READ_RESULT, the operation that made the result: reading is judged like making.
        threshold: similarity in per cent; None lets the gate choose the lowest that is allowed, at least 80.
        least_threshold: what the resource itself asks for at least, where the gate chooses.
        gallery_size: references in the gallery, for the record and for size-aware floors.
        engine_version: version of the engine that will be used; None when the operation uses none.
        collection_id: the collection whose content it is, where the resource is another thing: its suspension counts.
        only_looks: an ADMINISTER that shows what there is and changes nothing, which every role of a member may.
    """

    actor: Actor
    operation: Operation
    resource: ResourceRef
    result_of: Operation | None = None
    threshold: float | None = None
    least_threshold: float | None = None
    gallery_size: int | None = None
    engine_version: str | None = None
    max_faces: int | None = None
    collection_id: uuid.UUID | None = None
    only_looks: bool = False


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

    def still_holds(self) -> None:
        """Make sure, between the steps of long work and outside any transaction, that it is still allowed.

        Raises:
            PolicyRefused: it is not, any more.
        """
        if self._is_stale():
            with tenant_scope(self.request.actor.tenant_id):
                self._judge_again()

    def complete(
        self,
        *,
        n_faces: int | None = None,
        n_candidates: int | None = None,
        top_score_bucket: int | None = None,
        resource: ResourceRef | None = None,
    ) -> None:
        """Cross the fence and write the outcome in the open transaction. The last statement before the commit.

        Args:
            n_faces: faces found, made, read or removed.
            n_candidates: candidates above the threshold.
            top_score_bucket: best similarity, rounded down to ten per cent; never the score itself.
            resource: what was made, when it did not exist at the decision.

        Raises:
            PolicyRefused: the policy changed meanwhile and no longer allows this; the transaction must roll back.
        """
        if self._is_complete:
            raise RuntimeError("An admission is completed once.")
        epoch, now = fence.cross()
        is_past = _is_past(self.decision.valid_until, int(now.timestamp() * 1_000_000))
        if epoch != self.decision.epoch or is_past or self._is_stale():
            self._judge_again()
        data: dict[str, Any] = {"n_faces": n_faces, "n_candidates": n_candidates, "top_score_bucket": top_score_bucket}
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

    def _is_stale(self) -> bool:
        return time.monotonic() - self._judged_at > FRESH_SECONDS

    def _judge_again(self) -> None:
        snapshot = _snapshot(self.request)
        facts = _facts(self.request, snapshot, threshold=self.decision.threshold)
        verdict = policies.evaluate(snapshot.policy, facts)
        if verdict.effect != "allow":
            raise PolicyRefused(decision_id=self.decision.id, rules=_rules(verdict))
        self._judged_at = time.monotonic()


def authorise(request: AccessRequest) -> Decision:
    """Decide, and commit the decision to the audit log before anything else happens.

    Raises:
        LedgerUnavailable: the decision could not be committed, so there is none (AUD-001).
        PolicyMissing: no policy is in force.
    """
    actor = request.actor
    with tenant_scope(actor.tenant_id):
        snapshot = _snapshot(request)
    threshold = _threshold(request, snapshot)
    facts = _facts(request, snapshot, threshold=threshold)
    verdict = policies.evaluate(snapshot.policy, facts)
    boundaries = [*snapshot.boundaries, policies.next_boundary(snapshot.policy, facts)]
    entry_id, permit = ledger.record_decision(_record(request, snapshot=snapshot, facts=facts, verdict=verdict))
    context.bind_decision_id(entry_id)
    return Decision(
        id=entry_id,
        verdict=verdict,
        policy=snapshot.policy,
        facts=facts,
        epoch=snapshot.epoch,
        threshold=threshold,
        valid_until=min((instant for instant in boundaries if instant is not None), default=None),
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


def _snapshot(request: AccessRequest) -> selectors.Snapshot:
    concerned = (request.actor.id, request.resource.id, request.collection_id)
    targets = tuple(target for target in concerned if target is not None)
    return selectors.gate_snapshot(request.actor, targets=targets, only_looks=request.only_looks)


def _facts(request: AccessRequest, snapshot: selectors.Snapshot, *, threshold: float) -> dict[str, Any]:
    usage = request.actor.usage
    needs_threshold = request.operation in _NEEDS_THRESHOLD
    facts = {
        **snapshot.facts,
        "operation": request.operation.value,
        "result_of": request.result_of.value if request.result_of else None,
        "purpose": usage.purpose,
        "on_behalf_of": usage.on_behalf_of,
        "jurisdiction": usage.jurisdiction,
        "engine_version": request.engine_version,
        "threshold_milli": _milli(threshold) if needs_threshold else None,
        "gallery_size": request.gallery_size,
    }
    # What cannot concern this use is not recorded with it: entries stay small, and nobody reads of others' moratoria.
    return facts | policies.in_reach(facts)


def _milli(threshold: float) -> int:
    """Return per cent in thousandths, rounded down: what is under a floor must not be rounded up to it.

    By the decimal digits of the number: as a binary fraction, 80.1 times 1000 lies below 80,100.
    """
    return int(Decimal(str(threshold)) * 1000)


def _threshold(request: AccessRequest, snapshot: selectors.Snapshot) -> float:
    """The request's threshold as it is (a low one is refused, not clamped); left out, the lowest that is allowed."""
    if request.threshold is not None or request.operation not in _NEEDS_THRESHOLD:
        return request.threshold or 0.0
    facts = _facts(request, snapshot, threshold=DEFAULT_THRESHOLD)
    floor = policies.threshold_floor_milli(snapshot.policy, facts) / 1000
    return max(DEFAULT_THRESHOLD, floor, request.least_threshold or 0.0)


def _record(
    request: AccessRequest, *, snapshot: selectors.Snapshot, facts: dict[str, Any], verdict: policies.Verdict
) -> ledger.DecisionRecord:
    actor, resource = request.actor, request.resource
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
            "policy_version": snapshot.policy.version,
            "policy_digest": snapshot.policy.digest,
            "epoch": snapshot.epoch,
        },
        params={
            "threshold_milli": facts["threshold_milli"],
            "max_faces": request.max_faces,
            "model": request.engine_version,
            "gallery_size": request.gallery_size,
        },
        facts=facts,
    )


def _rules(verdict: policies.Verdict) -> list[dict[str, str]]:
    return [{"id": rule.id, "reason": rule.reason} for rule in verdict.fired]


def _is_past(instant: int | None, now: int) -> bool:
    return instant is not None and now >= instant
