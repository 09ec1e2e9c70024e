"""Error rates of comparisons: FMR and FNMR at thresholds with subject-bootstrap intervals, and the DET curve.

FMR, FNMR: ISO/IEC 19795-1. Every template is compared with every other one, once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from recognition.evaluation.intervals import Rate, draw_subjects, rate_of
from recognition.evaluation.labelled import Labelled
from recognition.evaluation.scores import BINS, ScoreHistogram

_CHUNK: Final = 1024
_Pairs = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]
_CURVE_POINTS: Final = 200


@dataclass(frozen=True, slots=True)
class ErrorRates:
    """What a threshold on the raw score does."""

    score: float
    fmr: Rate
    fnmr: Rate


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """One point of a DET curve."""

    score: float
    fmr: float
    fnmr: float


def det_curve(histogram: ScoreHistogram, *, points: int = _CURVE_POINTS) -> tuple[CurvePoint, ...]:
    """Return FMR against FNMR from the lowest to the highest score, at most so many points where either moves."""
    impostor, genuine = int(histogram.impostor.sum()), int(histogram.genuine.sum())
    if not impostor or not genuine:
        return ()
    fmr = np.cumsum(histogram.impostor[::-1])[::-1] / impostor
    fnmr = np.concatenate([[0], np.cumsum(histogram.genuine)[:-1]]) / genuine
    moves = np.flatnonzero((np.diff(fmr, prepend=2.0) != 0) | (np.diff(fnmr, prepend=-1.0) != 0))
    # As many points in each decade of the FMR: that is what the eye reads off a logarithmic axis.
    wanted = np.linspace(0, np.log10(impostor), points)
    nearest = moves[np.searchsorted(-np.log10(np.maximum(fmr[moves], 0.5 / impostor)), wanted).clip(0, len(moves) - 1)]
    return tuple(
        CurvePoint(-1.0 + 2.0 * int(index) / BINS, float(fmr[index]), float(fnmr[index]))
        for index in np.unique(nearest)
    )


def error_rates(
    data: Labelled, *, scores: Sequence[float], rng: np.random.Generator, draws: int = 1_000
) -> tuple[ErrorRates, ...]:
    """Return FMR and FNMR with intervals at each of these thresholds.

    Args:
        data: at least one subject.
        scores: thresholds on the raw score; a comparison that reaches one matches.
        rng: draws the bootstrap samples.
        draws: how many.
    """
    drawn = draw_subjects(data.n_subjects, rng=rng, draws=draws)
    sizes = np.bincount(data.subjects, minlength=data.n_subjects).astype(np.float64)
    genuine_each = sizes * (sizes - 1) / 2
    weighted = drawn @ sizes
    drawn_impostor = (weighted**2 - (drawn.astype(np.float64) ** 2) @ sizes**2) / 2
    impostor = int((sizes.sum() ** 2 - (sizes**2).sum()) / 2)
    genuine = int(genuine_each.sum())
    found = []
    for score, (matches, false_matches) in zip(scores, _matches(data, scores=scores), strict=True):
        missed = genuine_each - matches
        first, second, counts = false_matches
        # A sample at a time: the pairs of all samples at once would not fit into memory.
        drawn_false = np.array([float((sample[first] * sample[second]) @ counts) for sample in drawn])
        found.append(
            ErrorRates(
                score,
                fmr=rate_of(
                    int(counts.sum()),
                    trials=impostor,
                    drawn_events=drawn_false,
                    drawn_trials=drawn_impostor,
                    independent=data.n_subjects // 2,
                ),
                fnmr=rate_of(
                    int(missed.sum()),
                    trials=genuine,
                    drawn_events=drawn @ missed,
                    drawn_trials=drawn @ genuine_each,
                    independent=int((genuine_each > 0).sum()),
                ),
            )
        )
    return tuple(found)


def _matches(data: Labelled, *, scores: Sequence[float]) -> list[tuple[npt.NDArray[np.float64], _Pairs]]:
    """Return for each threshold the genuine matches of each subject, and the false matches of each pair of subjects."""
    n = data.n_subjects
    matches = [np.zeros(n) for _ in scores]
    codes: list[list[npt.NDArray[np.int64]]] = [[] for _ in scores]
    for start in range(0, len(data.vectors), _CHUNK):
        block = data.vectors[start : start + _CHUNK] @ data.vectors[start:].T
        rows, columns = np.nonzero(np.triu(block >= min(scores), k=1))
        values = block[rows, columns]
        first, second = data.subjects[start + rows], data.subjects[start + columns]
        for number, score in enumerate(scores):
            reached = values >= score
            same = reached & (first == second)
            matches[number] += np.bincount(first[same], minlength=n)
            other = reached & (first != second)
            codes[number].append(first[other] * n + second[other])
    return [(found, _pairs(parts, n=n)) for found, parts in zip(matches, codes, strict=True)]


def _pairs(codes: list[npt.NDArray[np.int64]], *, n: int) -> _Pairs:
    """Return first and second subject of each pair with false matches, and how many: almost no pair has any."""
    pairs, counts = np.unique(np.concatenate(codes or [np.array([], np.int64)]), return_counts=True)
    return pairs // n, pairs % n, counts
