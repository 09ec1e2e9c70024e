"""Train the small heads of attributes and fit their calibration, on labelled photographs.

    make bench-train-attributes DATA=/path/to/lfw-dev

Writes `heads.npz`, `hair.npz` and `calibration.json` beside the code that reads them. A head is logistic regression
with a ridge, classes weighted equally. What is printed, and what calibrations are fitted on, comes from eight-fold
cross-validation: each photograph is judged by a head that did not see it. The labels are in `attribute_labels.csv`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from benchmarks import attribute_labels, attribute_raw, lfw, train_hair
from benchmarks.rows import REPOSITORY, Row, data_missing, write

FOLDS = 8
RIDGE = 1.0
_Array = npt.NDArray[np.float64]


def main() -> int:
    """Train, write heads and calibration, print the rows."""
    _, folder = lfw.data_argument(__doc__)
    if folder is None:
        return data_missing(lfw.MISSING.replace("accuracy", "train-attributes"))
    sys.path.insert(0, str(REPOSITORY / "platform"))
    from recognition.engines.onnx.attributes import appearance, calibration

    raws = attribute_raw.read_all(attribute_labels.read(folder))
    males = attribute_raw.genders(folder)
    heads: dict[str, npt.NDArray[np.float16]] = {}
    coefficients: dict[str, list[float]] = {}
    rows = []
    for name in appearance.ROWS:
        known = [raw for raw in raws if raw.labelled.truth(name) is not None]
        truth = np.array([raw.labelled.truth(name) for raw in known], float)
        seen = np.array([appearance.features(raw.parts, name=name) for raw in known], float)
        said = _cross_validated(seen, truth)
        heads[name] = _fitted(seen, truth).astype(np.float16)
        drawn = np.array([raw.labelled.is_random for raw in known])
        # Rare things: as many as there are, from the ranked photographs too.
        judged = drawn if truth[drawn].sum() >= 20 else np.ones(len(drawn), bool)
        coefficients[name] = _calibrated(said[judged], truth[judged])
        rows += _rows(name, said[judged], truth[judged], coefficients[name])
    for name, label in (("smile", "smile"), ("mouth_open", "mouth_open"), ("eyes_open", "eyes_closed")):
        known = [raw for raw in raws if raw.labelled.is_random and raw.labelled.truth(label) is not None]
        truth = np.array([raw.labelled.truth(label) for raw in known], float)
        truth = 1.0 - truth if label == "eyes_closed" else truth
        said = np.array([raw.numbers[name] for raw in known])
        # Photographers throw closed eyes away: as if they were as frequent as open ones.
        coefficients[name] = _calibrated(said, truth, is_balanced=name == "eyes_open")
        rows += _rows(name, said, truth, coefficients[name])
    known = [raw for raw in raws if raw.labelled.identity in males]
    truth = np.array([males[raw.labelled.identity] for raw in known], float)
    said = np.array([raw.numbers["gender"] for raw in known])
    coefficients["gender"] = _calibrated(said, truth)
    rows += _rows("gender (male)", said, truth, coefficients["gender"])
    rows += train_hair.train(raws)
    np.savez_compressed(appearance.PATH, **heads)
    calibration.PATH.write_text(json.dumps(coefficients, indent=2) + "\n")
    return write("train_attributes", rows)


def _fitted(seen: _Array, truth: _Array) -> _Array:
    """Return weights and offset, (n + 1,)."""
    mean = seen.mean(axis=0)
    centred = seen - mean
    weight = np.where(truth == 1, 0.5 / truth.mean(), 0.5 / (1 - truth.mean()))

    def loss(solution: _Array) -> tuple[float, _Array]:
        raw = centred @ solution[:-1] + solution[-1]
        slope = weight * (1 / (1 + np.exp(-raw)) - truth)
        value = (weight * np.logaddexp(0, (1 - 2 * truth) * raw)).sum() + RIDGE / 2 * (solution[:-1] ** 2).sum()
        return float(value), np.append(centred.T @ slope + RIDGE * solution[:-1], slope.sum())

    start = np.zeros(seen.shape[1] + 1)
    found: _Array = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 200}).x
    found[-1] -= mean @ found[:-1]
    return found


def _cross_validated(seen: _Array, truth: _Array) -> _Array:
    folds = np.random.default_rng(0).permutation(len(truth)) % FOLDS
    said = np.zeros(len(truth))
    for fold in range(FOLDS):
        held = folds == fold
        solution = _fitted(seen[~held], truth[~held])
        said[held] = seen[held] @ solution[:-1] + solution[-1]
    return said


def _calibrated(said: _Array, truth: _Array, *, is_balanced: bool = False) -> list[float]:
    """Return slope and offset of the logistic curve (Platt), with his target smoothing."""
    yes, no = truth.sum(), (1 - truth).sum()
    target = np.where(truth == 1, (yes + 1) / (yes + 2), 1 / (no + 2))
    weight = np.where(truth == 1, 0.5 / yes, 0.5 / no) * len(truth) if is_balanced else np.ones(len(truth))
    scale = said.std()

    def loss(solution: _Array) -> tuple[float, _Array]:
        raw = solution[0] * said / scale + solution[1]
        slope = weight * (1 / (1 + np.exp(-raw)) - target)
        return float((weight * (np.logaddexp(0, raw) - target * raw)).sum()), np.array(
            [slope @ (said / scale), slope.sum()]
        )

    found = minimize(loss, np.array([1.0, 0.0]), jac=True, method="L-BFGS-B").x
    return [round(float(found[0] / scale), 5), round(float(found[1]), 5)]


def _rows(name: str, said: _Array, truth: _Array, coefficients: list[float]) -> list[Row]:
    yes = said * coefficients[0] + coefficients[1] >= 0
    n = len(truth)
    return [
        Row(name=f"{name}: area under the ROC curve", value=area(said, truth), unit="", n=n),
        Row(name=f"{name}: right answers", value=100 * float((yes == truth).mean()), unit="%", n=n),
        Row(name=f"{name}: found of those that have it", value=100 * float(yes[truth == 1].mean()), unit="%", n=n),
        Row(name=f"{name}: said of those that have not", value=100 * float(yes[truth == 0].mean()), unit="%", n=n),
    ]


def area(said: _Array, truth: _Array) -> float:
    """Return the area under the ROC curve (Mann and Whitney); ties are as good as half."""
    yes, no = said[truth == 1], said[truth == 0]
    return float(((yes[:, None] > no).mean() + (yes[:, None] >= no).mean()) / 2)


if __name__ == "__main__":
    sys.exit(main())
