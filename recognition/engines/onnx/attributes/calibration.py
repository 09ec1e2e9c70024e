"""From a model's raw number to a probability: logistic calibration (Platt, 1999), measured, kept in `calibration.json`.

`make bench-train-attributes DATA=…` and `bench-train-drawn` fit and write it, together with the heads of `appearance`.
"""

from __future__ import annotations

import json
import math
from functools import cache
from pathlib import Path
from typing import Final

from recognition.engines.attributes import Presence

PATH: Final = Path(__file__).with_name("calibration.json")


def presence(name: str, raw: float) -> Presence:
    """Return yes or no with its confidence, for an attribute's raw number."""
    share = probability(name, raw)
    return Presence(share >= 0.5, 100.0 * max(share, 1.0 - share))


def probability(name: str, raw: float) -> float:
    """Return the probability that the attribute is there, 0…1."""
    slope, offset = coefficients()[name]
    return 1.0 / (1.0 + math.exp(-max(-40.0, min(40.0, slope * raw + offset))))


@cache
def coefficients() -> dict[str, tuple[float, float]]:
    """Return slope and offset of each attribute."""
    return {name: (float(slope), float(offset)) for name, (slope, offset) in json.loads(PATH.read_text()).items()}
