"""Does the per cent scale keep its promise on people it was not fitted to, and how unevenly do errors fall on groups?

    make bench-evaluation DATA=/path/to/lfw-dev

The scale is fitted anew on half of the people and held against the other half, through the project's own evaluation.
Then the shipped scale is evaluated on all of them: by group, and by size of the gallery.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from benchmarks import lfw
from benchmarks.instance import bench_instance, benchmark_permit
from benchmarks.rows import Goal, Row, data_missing, write

PROMISED = (80.0, 99.0)
WITHIN = 3.0
FITTED = (0.5, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6)
GALLERY = 1_000
SEED = 1


def main() -> int:
    """Measure and write the rows."""
    _, folder = lfw.data_argument(__doc__)
    if folder is None:
        return data_missing(lfw.MISSING.replace("accuracy", "evaluation"))
    with bench_instance() as tenant:
        encoded = lfw.encode(folder, permit=benchmark_permit(tenant.actor))
    return write("evaluation", _rows(encoded, folder=folder))


def _rows(encoded: lfw.Encoded, *, folder: Path) -> list[Row]:
    from recognition.engines.onnx.engine import CALIBRATION_PATH
    from recognition.evaluation import report
    from recognition.evaluation.calibration import Calibration

    people = lfw.labelled(encoded, folder=folder)
    shipped = Calibration.load(CALIBRATION_PATH)
    comparisons = report.comparisons_part(people, calibration=shipped, seed=SEED)
    searches = report.searches_part(people, calibration=shipped, seed=SEED)["searches"]
    rows = _held_out(people, digest=encoded.digest)
    for similarity, differential in zip(report.SIMILARITIES, comparisons["differentials"], strict=True):
        if similarity in PROMISED:
            rows.append(
                Row(
                    name=f"{similarity:g} %: worst group's FMR ({differential['worst_fmr_group']}) over the mean",
                    value=differential["worst_fmr_ratio"],
                    unit="times",
                    n=people.n_subjects,
                    data_digest=encoded.digest,
                )
            )
    for found in searches:
        if found["gallery_size"] == GALLERY and found["similarity"] in PROMISED:
            rows.append(
                Row(
                    name=f"{found['similarity']:g} %: FPIR among {GALLERY:,} people",
                    value=100 * found["fpir"]["value"],
                    unit="%",
                    n=found["fpir"]["trials"],
                    baseline="predicted from the FMR",
                    ratio=found["fpir"]["value"] / found["predicted_fpir"],
                    data_digest=encoded.digest,
                )
            )
    return rows


def _held_out(people: object, *, digest: str) -> list[Row]:
    from recognition.evaluation.calibration import Provenance, fit
    from recognition.evaluation.comparisons import error_rates
    from recognition.evaluation.labelled import Labelled
    from recognition.evaluation.scores import compare_all

    assert isinstance(people, Labelled)
    rng = np.random.default_rng(SEED)
    is_fitted = np.zeros(people.n_subjects, bool)
    is_fitted[rng.permutation(people.n_subjects)[: people.n_subjects // 2]] = True
    fitted, held_out = people.of_subjects(is_fitted), people.of_subjects(~is_fitted)
    histogram = compare_all(fitted.vectors, identities=fitted.subjects)
    scale = fit(
        [(float(-np.log10(fmr)), histogram.impostor_score_at(fmr)) for fmr in FITTED],
        provenance=Provenance("half of the people", int(histogram.impostor.sum()), 0, "", ""),
    )
    rows = []
    for rates, similarity in zip(
        error_rates(held_out, scores=[scale.score(similarity) for similarity in PROMISED], rng=rng),
        PROMISED,
        strict=True,
    ):
        promised = scale.fmr(rates.score)
        rows.append(
            Row(
                name=f"{similarity:g} %: FMR of people not fitted to, {rates.fmr.events:,} false matches",
                value=rates.fmr.value,
                unit="share",
                n=rates.fmr.trials,
                p50=rates.fmr.value,
                p95=rates.fmr.high,
                baseline="promised",
                ratio=rates.fmr.value / promised,
                goal=Goal(at_least=1 / WITHIN, at_most=WITHIN, of_ratio=True),
                data_digest=digest,
            )
        )
    return rows


if __name__ == "__main__":
    raise SystemExit(main())
