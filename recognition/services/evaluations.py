"""What is known of an engine version's errors, as the gate asks for it (THR-004)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from common.context import tenant_scope
from common.errors import PlatformError
from common.vocabulary import JobStatus
from governance.questions import AccessRequest
from recognition.engines import registry
from recognition.engines.base import FaceEngine
from recognition.models import EvaluationRun
from recognition.selectors import evaluations as selectors
from recognition.services import engines

# The newest reports say how it is now; older ones were of other pictures.
_NEWEST: Final = 5
_SHIPPED: Final[dict[str, Any]] = {
    "origin": "shipped",
    "least_threshold_milli": 0,
    "group_ratio_milli": None,
    "interval_ratio_milli": None,
}


def evaluations(request: AccessRequest, facts: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the tenant's own reports of the engine version, or else the summary that ships with the engine.

    A report that was of too few people to bound the rates of groups says nothing, and so replaces nothing: nobody loses
    the shipped summary by trying. That one, the calibration, knows no groups and no intervals. A version that none of
    the offered engines has was calibrated elsewhere, and nothing is known of it here.
    """
    version = request.engine_version
    if version is None or _engine_of(version) is None:
        return []
    own = _own(request, version=version, threshold_milli=int(facts.get("threshold_milli") or 0))
    return own or [_SHIPPED]


def _own(request: AccessRequest, *, version: str, threshold_milli: int) -> list[dict[str, Any]]:
    with tenant_scope(request.actor.tenant_id):
        runs = list(
            selectors.list_for(request.actor.tenant_id)
            .filter(engine_version=version, job__status=JobStatus.SUCCEEDED)
            .order_by("-id")[:_NEWEST]
        )
    found = (_summary(run, threshold_milli=threshold_milli) for run in runs)
    return [summary for summary in found if summary is not None]


def _summary(run: EvaluationRun, *, threshold_milli: int) -> dict[str, Any] | None:
    """Return what a report says at the threshold: at the highest one that was measured and is not above it."""
    thresholds, differentials = run.report.get("thresholds", []), run.report.get("differentials", [])
    at = [
        (row, differential)
        for row, differential in zip(thresholds, differentials, strict=False)
        if _milli(row["similarity"]) <= max(threshold_milli, _milli(thresholds[0]["similarity"]))
    ]
    if not at:
        return None
    row, differential = at[-1]
    low, high = row["fmr"]["low"], row["fmr"]["high"]
    if not low or differential["worst_fmr_ratio"] is None:
        return None
    return {
        "origin": "local",
        "least_threshold_milli": _milli(thresholds[0]["similarity"]),
        "group_ratio_milli": _milli(differential["worst_fmr_ratio"]),
        "interval_ratio_milli": _milli(high / low),
    }


def _milli(value: float) -> int:
    return round(value * 1000)


def scale(engine_version: str) -> Callable[[float], float] | None:
    """Return the map from a similarity in per cent to the FMR of one comparison."""
    engine = _engine_of(engine_version)
    if engine is None:
        return None
    calibration = engine.calibration
    return lambda similarity: calibration.fmr(calibration.score(similarity))


def _engine_of(version: str) -> FaceEngine | None:
    for name in engines.offered_names():
        try:
            engine = registry.get(name)
        except PlatformError:
            continue  # an engine that cannot work here has no version
        if engine.version == version:
            return engine
    return None
