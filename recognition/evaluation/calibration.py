"""What a similarity score means: its false match rate, and a per cent scale that people can set a threshold on.

An engine's raw score (cosine) says nothing by itself. A calibration is measured on impostor pairs: at which score does
one comparison of two different people in ten thousand still match? The per cent scale hangs on two such anchors,
80 % ≙ FMR 1e-4 and 99 % ≙ FMR 1e-6, so a threshold means the same for every engine.
"""

from __future__ import annotations

import hashlib
import json
import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from pathlib import Path

# Per cent against decades of FMR; from the last measured decade to a score of 1.0 the last per cent is shared out.
_PERCENT_AT_DECADES = ((0.0, 0.0), (4.0, 80.0), (6.0, 99.0))
_SHORTEST_TAIL_DECADES = 0.5
_NEARLY_NO_DECADES = 1e-9  # anchors rise strictly


class CalibrationInvalid(ValueError):
    """The anchors do not describe a falling false match rate."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where the anchors come from."""

    data: str
    impostor_comparisons: int
    genuine_comparisons: int
    command: str
    note: str


@dataclass(frozen=True, slots=True)
class Calibration:
    """A monotone map between score, false match rate and per cent.

    Attributes:
        anchors: (score, decades) pairs, both strictly rising from (-1, 0) to score 1; `decades` is -log10 of the FMR,
            linear in between.
        supported_score: the highest score whose FMR was measured; what lies above is extrapolated.
        provenance: where the anchors come from.
    """

    anchors: tuple[tuple[float, float], ...]
    supported_score: float
    provenance: Provenance

    def __post_init__(self) -> None:
        scores, decades = zip(*self.anchors, strict=True)
        rising = all(a < b for values in (scores, decades) for a, b in pairwise(values))
        if not rising or (scores[0], decades[0], scores[-1]) != (-1.0, 0.0, 1.0):
            raise CalibrationInvalid("Anchors must rise strictly, from (-1, 0) to a score of 1.")
        if decades[-1] < _PERCENT_AT_DECADES[-1][0] + _SHORTEST_TAIL_DECADES:
            raise CalibrationInvalid("Anchors must reach beyond a false match rate of 1e-6.")

    def similarity(self, score: float) -> float:
        """Return the per cent of a raw score: 0…100, rising with it."""
        return _interpolate(self._decades(score), points=self._percent_scale())

    def score(self, similarity: float) -> float:
        """Return the raw score of a per cent: the inverse of `similarity`.

        Raises:
            ValueError: not within 0…100.
        """
        if not 0.0 <= similarity <= 100.0:
            raise ValueError("A similarity is a per cent, 0 to 100.")
        decades = _interpolate(similarity, points=_swapped(self._percent_scale()))
        return _interpolate(decades, points=_swapped(self.anchors))

    def fmr(self, score: float) -> float:
        """Return the share of impostor comparisons that reach this score."""
        return float(10.0 ** -self._decades(score))

    def fmr_text(self, fmr: float) -> str:
        """Say a false match rate in words; beyond the measured data it says so."""
        measured = max(fmr, self.supported_fmr)
        text = f"about 1 false match per {_round_to_two_digits(1.0 / measured):,} comparisons"
        return text if fmr >= self.supported_fmr else f"less than {text} (beyond the measured data)"

    def with_more_false_matches(self, times: float) -> Calibration:
        """Return the map of scores whose false match rate is so many times as high, up to the same share of all."""
        shift = math.log10(times)
        no_better_than_chance = _interpolate(shift, points=_swapped(self.anchors))
        beyond = ((score, decades - shift) for score, decades in self.anchors if score > no_better_than_chance)
        start = ((-1.0, 0.0), (no_better_than_chance, _NEARLY_NO_DECADES))
        return replace(self, anchors=(*start, *beyond))

    def is_extrapolated(self, score: float) -> bool:
        """Say whether the FMR of this score lies beyond the measured data."""
        return score > self.supported_score

    @property
    def supported_fmr(self) -> float:
        """The lowest false match rate that was measured."""
        return self.fmr(self.supported_score)

    @property
    def digest(self) -> str:
        """SHA-256 of what decides the map; part of the engine's version."""
        content = json.dumps([self.anchors, self.supported_score, _PERCENT_AT_DECADES], separators=(",", ":"))
        return hashlib.sha256(content.encode()).hexdigest()

    def _decades(self, score: float) -> float:
        return _interpolate(score, points=self.anchors)

    def _percent_scale(self) -> tuple[tuple[float, float], ...]:
        return (*_PERCENT_AT_DECADES, (self.anchors[-1][1], 100.0))

    def save(self, path: Path) -> None:
        """Write it as JSON."""
        path.write_text(json.dumps(asdict(self), indent=2) + "\n")

    @classmethod
    def load(cls, path: Path) -> Calibration:
        """Read what `save` wrote.

        Raises:
            CalibrationInvalid: the anchors do not describe a falling false match rate.
        """
        content = json.loads(path.read_text())
        anchors = tuple((float(score), float(decades)) for score, decades in content["anchors"])
        return cls(anchors, float(content["supported_score"]), Provenance(**content["provenance"]))


def fit(scores_at: Sequence[tuple[float, float]], *, provenance: Provenance) -> Calibration:
    """Make a calibration from measured false match rates.

    Args:
        scores_at: (decades, score) pairs, rising: this score was reached by 10^-decades of the impostor comparisons.
        provenance: where they were measured.

    Raises:
        CalibrationInvalid: they do not rise.
    """
    (decades_before, score_before), (last_decades, last_score) = scores_at[-2:]
    slope = (last_decades - decades_before) / (last_score - score_before)
    # Beyond the data the last slope goes on: an assumption, and every answer there says so.
    end = (1.0, round(last_decades + slope * (1.0 - last_score), 3))
    measured = [(score, decades) for decades, score in scores_at]
    return Calibration(((-1.0, 0.0), *measured, end), last_score, provenance)


def _interpolate(value: float, *, points: Sequence[tuple[float, float]]) -> float:
    if math.isnan(value):
        raise ValueError("A score must be a number.")
    if value <= points[0][0]:
        return points[0][1]
    if value >= points[-1][0]:
        return points[-1][1]
    right = bisect_right(points, value, key=lambda point: point[0])
    (x0, y0), (x1, y1) = points[right - 1], points[right]
    # Rounding may carry the last bit past the anchor; a higher score must never come out lower.
    return min(y1, max(y0, y0 + (y1 - y0) * (value - x0) / (x1 - x0)))


def _swapped(points: Sequence[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    return tuple((y, x) for x, y in points)


def _round_to_two_digits(value: float) -> int:
    step = int(10 ** max(0, math.floor(math.log10(value)) - 1))
    return max(1, round(value / step) * step)
