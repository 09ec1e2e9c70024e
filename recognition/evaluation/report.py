"""An evaluation as plain data: what is stored, answered as JSON, and drawn. Aggregates only, no subject is named."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, is_dataclass
from typing import Any, Final

import numpy as np

from recognition.evaluation.calibration import Calibration
from recognition.evaluation.comparisons import det_curve, error_rates
from recognition.evaluation.curves import equal_error_rate_of
from recognition.evaluation.groups import differentials, group_rates
from recognition.evaluation.labelled import Labelled, require_crowd
from recognition.evaluation.scores import compare_all
from recognition.evaluation.searches import LEAST_OUTSIDERS, false_positive_experiment, search_rates

# Per cent. 80 and 99 are the floors of the shipped rules (THR-001, THR-002).
SIMILARITIES: Final = (50.0, 80.0, 90.0, 95.0, 99.0)
GALLERY_SIZES: Final = (10, 30, 100, 300, 1_000, 3_000, 10_000)

Report = dict[str, Any]


def comparisons_part(data: Labelled, *, calibration: Calibration, seed: int) -> Report:
    """Return error rates of comparisons, over all people and within each group.

    Raises:
        EvaluationDataInvalid: fewer than ten people.
    """
    require_crowd(data)
    rng = np.random.default_rng(seed)
    scores = [calibration.score(similarity) for similarity in SIMILARITIES]
    histogram = compare_all(data.vectors, identities=data.subjects)
    groups = group_rates(data, scores=scores, rng=rng)
    part: Report = plain(
        {
            "thresholds": [
                {"similarity": similarity, "claimed_fmr": calibration.fmr(rates.score), **asdict(rates)}
                for similarity, rates in zip(SIMILARITIES, error_rates(data, scores=scores, rng=rng), strict=True)
            ],
            "equal_error_rate": equal_error_rate_of(histogram),
            "det": [asdict(point) for point in det_curve(histogram)],
            "groups": [asdict(group) for group in groups],
            "differentials": [
                {"similarity": similarity, **asdict(found)}
                for similarity, found in zip(SIMILARITIES, differentials(groups), strict=False)
            ],
            "calibration": calibration_points(calibration),
        }
    )
    return part


def searches_part(data: Labelled, *, calibration: Calibration, seed: int) -> Report:
    """Return error rates of searches for every gallery size that leaves people outside; none where none does."""
    scores = [calibration.score(similarity) for similarity in SIMILARITIES]
    found = []
    for size in GALLERY_SIZES:
        if data.n_subjects - size < LEAST_OUTSIDERS:
            break
        rates = search_rates(
            data,
            gallery_size=size,
            scores=scores,
            fmrs=[calibration.fmr(score) for score in scores],
            rng=np.random.default_rng(seed),
        )
        found += [
            {"similarity": similarity, **asdict(each)} for similarity, each in zip(SIMILARITIES, rates, strict=True)
        ]
    part: Report = plain({"searches": found})
    return part


def experiment_part(
    gallery: Labelled, *, probes: Labelled, shared_subjects: int, calibration: Calibration, seed: int
) -> Report:
    """Return the false-positive experiment: people who are not in the gallery, searched for in it.

    Raises:
        IdentitiesOverlap, EvaluationDataInvalid: see `false_positive_experiment`.
    """
    require_crowd(gallery)
    require_crowd(probes)
    found = false_positive_experiment(
        gallery.vectors,
        probes=probes,
        shared_subjects=shared_subjects,
        scores=[calibration.score(similarity) for similarity in SIMILARITIES],
        rng=np.random.default_rng(seed),
    )
    part: Report = plain(
        {
            "experiment": {
                "gallery_size": len(gallery.vectors),
                "probes": len(probes.vectors),
                "probe_subjects": probes.n_subjects,
                "thresholds": [
                    {
                        "similarity": similarity,
                        "score": each.score,
                        "fpir": asdict(each.fpir),
                        "candidates": each.candidates,
                        "by_group": [{"name": name, **asdict(rate)} for name, rate in each.by_group],
                    }
                    for similarity, each in zip(SIMILARITIES, found, strict=True)
                ],
            }
        }
    )
    return part


def calibration_points(calibration: Calibration) -> list[Report]:
    """Return the map from score to per cent and FMR, at every per cent from 1 to 99."""
    points = []
    for similarity in range(1, 100):
        score = calibration.score(float(similarity))
        points.append(
            {
                "similarity": similarity,
                "score": score,
                "fmr": calibration.fmr(score),
                "extrapolated": calibration.is_extrapolated(score),
            }
        )
    return points


def plain(value: Any) -> Any:
    """Return what JSON can hold: no NaN (null instead), no tuple, no number of another library."""
    if isinstance(value, Mapping):
        return {str(name): plain(member) for name, member in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain(member) for member in value]
    if isinstance(value, float):
        return None if math.isnan(value) else float(value)
    return value
