"""How a person with several faces is best matched: by the best of its templates, by their mean, or by the mean score.

make bench-persons DATA=/path/to/lfw-dev

Of each person of LFW some photographs are enrolled; the others are genuine probes, and those of everybody else
are impostors. A rule is good when it misses few genuine probes and keeps the false match rate that the calibration of
single faces promises at the same score. Decision 0015 rests on these figures.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import numpy.typing as npt

from benchmarks import lfw
from benchmarks.instance import bench_instance, benchmark_permit
from benchmarks.rows import Goal, Row, data_missing, write

Scores = npt.NDArray[np.float32]
ENROLLED = (1, 2, 5, 10, 20)
MOST_GENUINE = 10
PROMISED_FMR = 1e-4


def _mean(faces: Scores, probes: Scores) -> Scores:
    total = faces.sum(axis=0)
    return (total / np.linalg.norm(total)) @ probes.T


# Templates of a person (n, d) and probes (m, d) → scores (m,).
RULES: dict[str, Callable[[Scores, Scores], Scores]] = {
    "best of the templates": lambda faces, probes: (faces @ probes.T).max(axis=0),
    "mean of the scores": lambda faces, probes: (faces @ probes.T).mean(axis=0),
    "mean template": _mean,
}


def main() -> int:
    """Measure and write the rows."""
    _, folder = lfw.data_argument(__doc__)
    if folder is None:
        return data_missing(lfw.MISSING.replace("accuracy", "persons"))
    with bench_instance() as tenant:
        encoded = lfw.encode(folder, permit=benchmark_permit(tenant.actor))
    people = np.array([Path(path).parent.name for path in encoded.index])
    return write("persons", [row for n in ENROLLED for row in _rows(encoded, people=people, n_enrolled=n)])


def _rows(encoded: lfw.Encoded, *, people: Any, n_enrolled: int) -> list[Row]:
    from recognition.engines import registry
    from recognition.services.results import calibration_of_persons

    of_faces = registry.get().calibration
    of_persons = calibration_of_persons(of_faces)
    threshold, stricter = of_faces.score(80.0), of_persons.score(80.0)
    rng = np.random.default_rng(7)
    scores: dict[str, tuple[list[Scores], list[Scores]]] = {name: ([], []) for name in RULES}
    single: list[Scores] = []
    for person in _with_more_than(n_enrolled, people=people):
        own = rng.permutation(np.flatnonzero(people == person))
        faces = encoded.vectors[own[:n_enrolled]]
        genuine = encoded.vectors[own[n_enrolled:][:MOST_GENUINE]]
        impostors = encoded.vectors[people != person]
        single.append((faces @ impostors.T).ravel())
        for name, rule in RULES.items():
            scores[name][0].append(rule(faces, genuine))
            scores[name][1].append(rule(faces, impostors))
    baseline = _share(single, threshold)
    rows = []
    for name, (genuine_scores, impostor_scores) in scores.items():
        what = f"{name}, {n_enrolled} faces"
        n_genuine, n_impostors = (sum(map(len, kind)) for kind in (genuine_scores, impostor_scores))
        fmr = _share(impostor_scores, threshold)
        rows += [
            Row(
                name=f"{what}: false matches where a face has {PROMISED_FMR:g}",
                value=fmr,
                unit="share",
                n=n_impostors,
                baseline="single faces of the same people",
                ratio=fmr / baseline,
                data_digest=encoded.digest,
                # What the calibration of persons allows for (services.results).
                goal=Goal(at_most=3.0, of_ratio=True) if name == "mean template" else None,
            ),
            Row(
                name=f"{what}: missed at equal false matches of {PROMISED_FMR:g}",
                value=100 * float(np.mean(np.concatenate(genuine_scores) < _at_fmr(impostor_scores))),
                unit="%",
                n=n_genuine,
                data_digest=encoded.digest,
            ),
        ]
        if name == "mean template":
            missed = 100 * float(np.mean(np.concatenate(genuine_scores) < stricter))
            rows.append(
                Row(
                    name=f"{what}: missed at 80 % as served",
                    value=missed,
                    unit="%",
                    n=n_genuine,
                    data_digest=encoded.digest,
                )
            )
    return rows


def _with_more_than(count: int, *, people: Any) -> Any:
    names, counts = np.unique(people, return_counts=True)
    return names[counts > count]


def _share(scores: list[Scores], threshold: float) -> float:
    return float(np.mean(np.concatenate(scores) >= threshold))


def _at_fmr(scores: list[Scores]) -> float:
    return float(np.quantile(np.concatenate(scores), 1.0 - PROMISED_FMR))


if __name__ == "__main__":
    sys.exit(main())
