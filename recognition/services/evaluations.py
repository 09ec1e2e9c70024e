"""What is known of an engine version's errors, as the gate asks for it (THR-004)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from common.errors import PlatformError
from governance.questions import AccessRequest
from recognition.engines import registry
from recognition.engines.base import FaceEngine
from recognition.services import engines


def evaluations(request: AccessRequest, facts: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the summary that ships with the engine, its calibration: it knows no groups and no intervals.

    A version that none of the offered engines has was calibrated elsewhere, and nothing is known of it here.
    """
    if request.engine_version is None or _engine_of(request.engine_version) is None:
        return []
    return [{"origin": "shipped", "least_threshold_milli": 0, "group_ratio_milli": None, "interval_ratio_milli": None}]


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
