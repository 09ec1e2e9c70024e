"""Error rates of searches: FPIR and FNIR by gallery size (ISO/IEC 19795-1), and the false-positive experiment.

The experiment is the ACLU's of 2018 as a measurement: pictures of people who are *not* in the gallery are searched
for, and every candidate is a false positive.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from recognition.evaluation.intervals import Rate, draw_subjects, rate_of
from recognition.evaluation.labelled import EvaluationDataInvalid, Labelled

_CHUNK: Final = 512
# Fewer people outside the gallery say next to nothing about false positives.
LEAST_OUTSIDERS: Final = 10


class IdentitiesOverlap(EvaluationDataInvalid):
    """Somebody is among the probes and in the gallery, so that a candidate might be right."""


@dataclass(frozen=True, slots=True)
class SearchRates:
    """What searching a gallery of this size with this threshold does.

    Attributes:
        fpir: share of searches for people outside the gallery with at least one candidate.
        fnir: share of searches for people inside it whose reference is not among the candidates.
        predicted_fpir: 1 - (1 - FMR)^N, as if comparisons were independent.
        rank_one: share of searches for people inside it with their reference as the best candidate, any score.
    """

    gallery_size: int
    score: float
    fpir: Rate
    fnir: Rate
    predicted_fpir: float
    rank_one: float


@dataclass(frozen=True, slots=True)
class FalsePositives:
    """What one threshold of the false-positive experiment gave.

    Attributes:
        fpir: share of the probes with at least one candidate, all of them false.
        candidates: how many there were in all.
        by_group: the same share for the probes of each group.
    """

    score: float
    fpir: Rate
    candidates: int
    by_group: tuple[tuple[str, Rate], ...]


def predicted_fpir(fmr: float, *, gallery_size: int) -> float:
    """Return 1 - (1 - FMR)^N: the FPIR of N independent comparisons."""
    return float(-np.expm1(gallery_size * np.log1p(-min(fmr, 1.0 - 1e-12))))


def search_rates(
    data: Labelled,
    *,
    gallery_size: int,
    scores: Sequence[float],
    fmrs: Sequence[float],
    rng: np.random.Generator,
    draws: int = 1_000,
) -> tuple[SearchRates, ...]:
    """Enrol one template each of so many subjects, and search for all other templates.

    Args:
        data: subjects with several templates are drawn first, since they alone give searches with an answer.
        gallery_size: subjects in the gallery.
        scores: thresholds on the raw score.
        fmrs: the false match rate of each threshold, for the prediction.
        rng: draws gallery and bootstrap samples.
        draws: bootstrap samples.

    Raises:
        EvaluationDataInvalid: fewer than ten subjects would be left outside the gallery.
    """
    if data.n_subjects - gallery_size < LEAST_OUTSIDERS:
        raise EvaluationDataInvalid(
            f"A gallery of {gallery_size:,} leaves {max(0, data.n_subjects - gallery_size)} of {data.n_subjects:,}"
            f" subjects outside; at least {LEAST_OUTSIDERS} are needed."
        )
    references, enrolled = _gallery(data, size=gallery_size, rng=rng)
    is_reference = np.zeros(len(data.vectors), bool)
    is_reference[references] = True
    probes = np.flatnonzero(~is_reference)
    inside = enrolled[data.subjects[probes]]
    best, mate = _best_scores(data, probes=probes, references=references)
    drawn = draw_subjects(data.n_subjects, rng=rng, draws=draws)
    mated, outside = probes[inside], probes[~inside]
    rank_one = float(np.mean(mate[inside] >= best[inside])) if inside.any() else float("nan")

    def rate(events: npt.NDArray[np.bool_], rows: npt.NDArray[np.int64]) -> Rate:
        return _share(events, subjects=data.subjects[rows], drawn=drawn)

    return tuple(
        SearchRates(
            gallery_size,
            score,
            fpir=rate(best[~inside] >= score, outside),
            fnir=rate(mate[inside] < score, mated),
            predicted_fpir=predicted_fpir(fmr, gallery_size=gallery_size),
            rank_one=rank_one,
        )
        for score, fmr in zip(scores, fmrs, strict=True)
    )


def false_positive_experiment(
    gallery: npt.NDArray[np.float32],
    *,
    probes: Labelled,
    shared_subjects: int,
    scores: Sequence[float],
    rng: np.random.Generator,
    draws: int = 1_000,
) -> tuple[FalsePositives, ...]:
    """Search a gallery for people who are not in it.

    Args:
        gallery: float32 (n, d), unit rows.
        probes: the people to search for, with their groups.
        shared_subjects: how many of them are known to be in the gallery.
        scores: thresholds on the raw score.
        rng: draws the bootstrap samples.
        draws: how many.

    Raises:
        IdentitiesOverlap: `shared_subjects` is not zero.
        EvaluationDataInvalid: there is nobody to search for, or nobody to find.
    """
    if shared_subjects:
        raise IdentitiesOverlap(f"{shared_subjects:,} of the people to search for are in the gallery.")
    if not len(gallery) or not len(probes.vectors):
        raise EvaluationDataInvalid("Gallery and probes must both hold faces.")
    scores = tuple(scores)
    best = np.empty(len(probes.vectors), np.float32)
    counts = np.zeros(len(scores), np.int64)
    for start in range(0, len(probes.vectors), _CHUNK):
        block = probes.vectors[start : start + _CHUNK] @ gallery.T
        best[start : start + _CHUNK] = block.max(axis=1)
        counts += [int((block >= score).sum()) for score in scores]
    drawn = draw_subjects(probes.n_subjects, rng=rng, draws=draws)
    members = {name: np.array([group == name for group in probes.groups]) for name in probes.group_names()}
    found = []
    for score, candidates in zip(scores, counts, strict=True):
        hit = best >= score
        by_group = tuple(
            (name, _share(hit[rows], subjects=probes.subjects[rows], drawn=drawn))
            for name, rows in ((name, chosen[probes.subjects]) for name, chosen in members.items())
        )
        total = _share(hit, subjects=probes.subjects, drawn=drawn)
        found.append(FalsePositives(score, total, int(candidates), by_group))
    return tuple(found)


def _gallery(
    data: Labelled, *, size: int, rng: np.random.Generator
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Return the rows of the references, one a subject, and which subjects are enrolled."""
    sizes = np.bincount(data.subjects, minlength=data.n_subjects)
    # Half of those with several templates stay outside, so that both kinds of search have their share of them.
    order = rng.permutation(data.n_subjects)
    several = order[sizes[order] > 1]
    single = order[sizes[order] <= 1]
    first = several[: max(1, len(several) // 2)]
    chosen = np.concatenate([first, single, several[len(first) :]])[:size]
    enrolled = np.zeros(data.n_subjects, bool)
    enrolled[chosen] = True
    _, first_row = np.unique(data.subjects, return_index=True)
    return first_row[chosen].astype(np.int64), enrolled


def _best_scores(
    data: Labelled, *, probes: npt.NDArray[np.int64], references: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Return each probe's best score, and the score of its own subject's reference (-2 where there is none)."""
    column = np.full(data.n_subjects, -1, np.int64)
    column[data.subjects[references]] = np.arange(len(references))
    best = np.empty(len(probes), np.float32)
    mate = np.full(len(probes), -2.0, np.float32)
    gallery = data.vectors[references].T
    for start in range(0, len(probes), _CHUNK):
        rows = probes[start : start + _CHUNK]
        block = data.vectors[rows] @ gallery
        best[start : start + _CHUNK] = block.max(axis=1)
        own = column[data.subjects[rows]]
        has = np.flatnonzero(own >= 0)
        mate[start + has] = block[has, own[has]]
    return best, mate


def _share(events: npt.NDArray[np.bool_], *, subjects: npt.NDArray[np.int64], drawn: npt.NDArray[np.int64]) -> Rate:
    n = drawn.shape[1]
    happened = np.bincount(subjects, weights=events, minlength=n).astype(np.float64)
    tried = np.bincount(subjects, minlength=n).astype(np.float64)
    return rate_of(
        int(events.sum()),
        trials=len(events),
        drawn_events=drawn @ happened,
        drawn_trials=drawn @ tried,
        independent=int((tried > 0).sum()),
    )
