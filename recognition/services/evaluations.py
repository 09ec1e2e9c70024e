"""What is known of an engine version's errors, as the gate asks for it (THR-004)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from common.errors import PlatformError
from governance.questions import AccessRequest
from recognition.engines import registry
from recognition.services import engines


def evaluations(request: AccessRequest, facts: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the summary that ships with the engine, its calibration: it knows no groups and no intervals.

    A version that none of the offered engines has was calibrated elsewhere, and nothing is known of it here.
    """
    if request.engine_version is None or not any(
        _is_version(request.engine_version, name=name) for name in engines.offered_names()
    ):
        return []
    return [{"origin": "shipped", "least_threshold_milli": 0, "group_ratio_milli": None, "interval_ratio_milli": None}]


def _is_version(version: str, *, name: str) -> bool:
    try:
        return registry.get(name).version == version
    except PlatformError:
        return False  # an engine that cannot work here has no version
