"""From a question to a verdict: the facts, the threshold where none is stated, and the policy's answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from common.context import tenant_scope
from common.vocabulary import Operation
from governance import policies, ports, selectors
from governance.questions import AccessRequest

_NEEDS_THRESHOLD: Final = frozenset(
    {Operation.COMPARE, Operation.SEARCH, Operation.WATCHLIST_REALTIME, Operation.CLUSTER}
)
_PARTS: Final = 10**15
_MOST_MILLI: Final = 100_000


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict with what it rests on; `threshold` is the effective one in per cent."""

    snapshot: selectors.Snapshot
    threshold: float
    facts: dict[str, Any]
    verdict: policies.Verdict

    @property
    def valid_until(self) -> int | None:
        """The first instant, in microseconds, at which time alone may change the verdict; None: no end in sight."""
        boundaries = [*self.snapshot.boundaries, policies.next_boundary(self.snapshot.policy, self.facts)]
        return min((instant for instant in boundaries if instant is not None), default=None)


def judge(request: AccessRequest, *, threshold: float | None = None) -> Judgement:
    """Read the facts in the tenant's scope and evaluate them.

    Args:
        request: the question.
        threshold: the effective one of an earlier judgement; None: the request's, or else the lowest allowed.

    Raises:
        PolicyMissing: no policy is in force.
    """
    with tenant_scope(request.actor.tenant_id):
        concerned = (request.actor.id, request.resource.id, request.collection_id)
        targets = tuple(target for target in concerned if target is not None)
        snapshot = selectors.gate_snapshot(request.actor, targets=targets, only_looks=request.only_looks)
        if threshold is None:
            threshold = _threshold(request, snapshot=snapshot)
        facts = _facts(request, snapshot=snapshot, threshold=threshold)
        wanted = policies.demanded(snapshot.policy, facts)
        if "fmr_femto" in wanted:
            facts["fmr_femto"] = _rate(request.false_match_rate, threshold=threshold)
        facts |= ports.read_facts(wanted, request=request, facts=facts)
    return Judgement(snapshot, threshold, facts, policies.evaluate(snapshot.policy, facts))


def _facts(request: AccessRequest, *, snapshot: selectors.Snapshot, threshold: float) -> dict[str, Any]:
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
        "gallery_growth": request.gallery_growth,
        "searches_asked": request.n_searches,
        "attributes": sorted(request.attributes),
        "circumstances": sorted(usage.circumstances),
        "obligations_met": sorted(request.meets),
    }
    if request.of_origin:
        purposes = [usage.purpose] if usage.purpose else []
        facts |= {"key_purposes": purposes, "key_end_users": [], "key_jurisdictions": []}
    # What cannot concern this use is not recorded with it: entries stay small, and nobody reads of others' moratoria.
    return facts | policies.in_reach(facts)


def _milli(threshold: float) -> int:
    """Return per cent in thousandths, rounded down: what is under a floor must not be rounded up to it.

    By the decimal digits of the number: as a binary fraction, 80.1 times 1000 lies below 80,100.
    """
    return int(Decimal(str(threshold)) * 1000)


def _rate(false_match_rate: Callable[[float], float] | None, *, threshold: float) -> int | None:
    """Return the FMR times 10^15, to the nearest: finer than any that matters, and 1 is still an exact JSON number."""
    return None if false_match_rate is None else round(false_match_rate(threshold) * _PARTS)


def _threshold(request: AccessRequest, *, snapshot: selectors.Snapshot) -> float:
    """The request's threshold as it is (a low one is refused, not clamped); left out, the lowest that is allowed."""
    if request.threshold is not None or request.operation not in _NEEDS_THRESHOLD:
        return request.threshold or 0.0
    usual = request.usual_threshold
    limits = policies.limits_of(snapshot.policy, _facts(request, snapshot=snapshot, threshold=usual))
    least = max(usual, limits.threshold_floor_milli / 1000, request.least_threshold or 0.0)
    if request.false_match_rate is None or limits.fmr_ceiling_femto is None:
        return least
    return _lowest_with(request.false_match_rate, ceiling=limits.fmr_ceiling_femto, least=least)


def _lowest_with(false_match_rate: Callable[[float], float], *, ceiling: int, least: float) -> float:
    """Return the lowest threshold, from `least` on, whose false match rate is within the ceiling.

    By bisection over thousandths of a per cent: a higher similarity never has a higher rate. Where none is within it,
    the least is returned, and the rule says so.
    """

    def is_within(milli: int) -> bool:
        return round(false_match_rate(milli / 1000) * _PARTS) <= ceiling

    if round(false_match_rate(least) * _PARTS) <= ceiling or not is_within(_MOST_MILLI):
        return least
    low, high = _milli(least), _MOST_MILLI
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if is_within(middle) else (middle, high)
    return high / 1000
