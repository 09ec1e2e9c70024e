"""Similarity scores of many templates against each other, split into genuine and impostor comparisons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

BINS: Final = 20_000
_CHUNK: Final = 1024

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class ScoreHistogram:
    """How often each score occurred.

    Attributes:
        genuine: int64 (BINS,): comparisons of one person's images, by score from -1 to 1.
        impostor: likewise, of two people's.
    """

    genuine: Counts
    impostor: Counts

    def impostor_score_at(self, fmr: float) -> float:
        """Return the lowest score that at most this share of the impostor comparisons reaches.

        Raises:
            ValueError: there are too few impostor comparisons for so low a rate.
        """
        total = int(self.impostor.sum())
        if total * fmr < 1:
            raise ValueError(f"{total:,} impostor comparisons say nothing about a false match rate of {fmr:g}.")
        reaching = np.cumsum(self.impostor[::-1])[::-1]
        index = int(np.flatnonzero(reaching <= total * fmr)[0])
        return -1.0 + 2.0 * index / BINS

    def true_match_rate(self, score: float) -> float:
        """Return the share of the genuine comparisons that reach this score."""
        index = max(0, min(BINS, round((score + 1.0) * BINS / 2.0)))
        return float(self.genuine[index:].sum() / self.genuine.sum())


def compare_all(vectors: npt.NDArray[np.float32], *, identities: npt.NDArray[np.int64]) -> ScoreHistogram:
    """Compare every template with every other one, once.

    Args:
        vectors: float32 (n, d), rows of unit length.
        identities: int64 (n,): who is on each.
    """
    genuine, impostor = np.zeros(BINS, np.int64), np.zeros(BINS, np.int64)
    for start in range(0, len(vectors), _CHUNK):
        rows = slice(start, start + _CHUNK)
        scores = vectors[rows] @ vectors[start:].T
        bins = np.clip(((scores + 1.0) * (BINS / 2)).astype(np.int64), 0, BINS - 1)
        later = np.triu(np.ones(scores.shape, bool), k=1)
        same = identities[rows, None] == identities[None, start:]
        genuine += np.bincount(bins[later & same], minlength=BINS)
        impostor += np.bincount(bins[later & ~same], minlength=BINS)
    return ScoreHistogram(genuine, impostor)
