"""Error rates of comparisons: accuracy over folds, TMR at an FMR, equal error rate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recognition.evaluation.scores import ScoreHistogram

Scores = npt.NDArray[np.float32]
Labels = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class FoldedAccuracy:
    """Share of right answers; mean and standard deviation over the folds."""

    mean: float
    deviation: float


def folded_accuracy(scores: Scores, genuine: Labels, *, folds: int = 10) -> FoldedAccuracy:
    """Judge each fold at the threshold that was best on the others (the protocol of LFW, view 2).

    Args:
        scores: float32 (n,).
        genuine: bool (n,): whether the two images show one person.
        folds: pairs are dealt out in turn, genuine and impostor ones each, so that every fold is balanced.
    """
    fold_of = np.empty(len(scores), np.int64)
    for kind in (True, False):
        members = np.flatnonzero(genuine == kind)
        fold_of[members] = np.arange(len(members)) % folds
    accuracies = []
    for fold in range(folds):
        others, here = fold_of != fold, fold_of == fold
        threshold = best_threshold(scores[others], genuine[others])
        accuracies.append(np.mean((scores[here] >= threshold) == genuine[here]))
    return FoldedAccuracy(float(np.mean(accuracies)), float(np.std(accuracies)))


def best_threshold(scores: Scores, genuine: Labels) -> float:
    """Return the threshold that gives the most right answers."""
    order = np.argsort(scores, kind="stable")
    kinds = genuine[order]
    # With the threshold at position k, all below is refused: right are the impostors below and the genuine above.
    right = np.concatenate([[0], np.cumsum(~kinds)]) + np.concatenate([np.cumsum(kinds[::-1])[::-1], [0]])
    best = int(np.argmax(right))
    return float(scores[order[best]]) if best < len(scores) else float("inf")


def true_match_rate_at(scores: Scores, genuine: Labels, *, fmr: float) -> float:
    """Return the share of genuine pairs above the threshold that at most `fmr` of the impostor pairs reach."""
    impostors = np.sort(scores[~genuine])[::-1]
    allowed = int(len(impostors) * fmr)
    threshold = impostors[min(allowed, len(impostors) - 1)]
    return float(np.mean(scores[genuine] > threshold))


def equal_error_rate(scores: Scores, genuine: Labels) -> float:
    """Return the rate at which FMR and FNMR are nearest to each other (their mean there)."""
    thresholds = np.unique(scores)
    impostors, mates = np.sort(scores[~genuine]), np.sort(scores[genuine])
    fmr = 1.0 - np.searchsorted(impostors, thresholds, side="left") / len(impostors)
    fnmr = np.searchsorted(mates, thresholds, side="left") / len(mates)
    nearest = int(np.argmin(np.abs(fmr - fnmr)))
    return float((fmr[nearest] + fnmr[nearest]) / 2)


def equal_error_rate_of(histogram: ScoreHistogram) -> float:
    """Return the equal error rate of counted comparisons; NaN where one kind is missing."""
    impostor, genuine = histogram.impostor.sum(), histogram.genuine.sum()
    if not impostor or not genuine:
        return float("nan")
    fmr = np.cumsum(histogram.impostor[::-1])[::-1] / impostor
    fnmr = (np.cumsum(histogram.genuine) - histogram.genuine) / genuine
    nearest = int(np.argmin(np.abs(fmr - fnmr)))
    return float((fmr[nearest] + fnmr[nearest]) / 2)
