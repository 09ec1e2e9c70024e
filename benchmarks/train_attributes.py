"""Train the small heads of attributes and fit their calibration, on labelled photographs.

    make bench-train-attributes DATA=/path/to/lfw-dev

Writes `heads.npz`, `hair.npz` and `calibration.json` beside the code that reads them. A head is logistic regression
with a ridge, classes weighted equally. What is printed, and what calibrations are fitted on, comes from eight-fold
cross-validation: each photograph is judged by a head that did not see it. The labels are in `attribute_labels.csv`.
What is too rare for them (a covered face, the direction of the eyes, most expressions) is `train_drawn.py`.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import numpy.typing as npt

from benchmarks import attribute_labels, attribute_raw, lfw, train_hair, trained
from benchmarks.logistic import area, balanced, calibrated, fitted
from benchmarks.rows import REPOSITORY, Row, data_missing, write

FOLDS = 8
HEADS = ("eyeglasses", "sunglasses", "beard", "moustache")
_Array = npt.NDArray[np.float64]


def main() -> int:
    """Train, write heads and calibration, print the rows."""
    _, folder = lfw.data_argument(__doc__)
    if folder is None:
        return data_missing(lfw.MISSING.replace("accuracy", "train-attributes"))
    sys.path.insert(0, str(REPOSITORY / "platform"))
    from recognition.engines.onnx.attributes import appearance

    raws = attribute_raw.read_all(attribute_labels.read(folder))
    males = attribute_raw.genders(folder)
    heads: dict[str, _Array] = {}
    coefficients: dict[str, list[float]] = {}
    rows = []
    for name in HEADS:
        known = [raw for raw in raws if raw.labelled.truth(name) is not None]
        truth = np.array([raw.labelled.truth(name) for raw in known], float)
        seen = np.array([appearance.features(raw.parts, name=name) for raw in known], float)
        said = _cross_validated(seen, truth)
        heads[name] = fitted(seen, truth)
        drawn = np.array([raw.labelled.is_random for raw in known])
        # Rare things: as many as there are, from the ranked photographs too.
        judged = drawn if truth[drawn].sum() >= 20 else np.ones(len(drawn), bool)
        coefficients[name] = calibrated(said[judged], truth[judged])
        rows += _rows(name, said[judged], truth[judged], coefficients[name])
    for name, label in (("smile", "smile"), ("mouth_open", "mouth_open"), ("eyes_open", "eyes_closed")):
        known = [raw for raw in raws if raw.labelled.is_random and raw.labelled.truth(label) is not None]
        truth = np.array([raw.labelled.truth(label) for raw in known], float)
        truth = 1.0 - truth if label == "eyes_closed" else truth
        said = np.array([raw.numbers[name] for raw in known])
        # Photographers throw closed eyes away: as if they were as frequent as open ones.
        coefficients[name] = calibrated(said, truth, weight=balanced(truth) if name == "eyes_open" else None)
        rows += _rows(name, said, truth, coefficients[name])
    known = [raw for raw in raws if raw.labelled.identity in males]
    truth = np.array([males[raw.labelled.identity] for raw in known], float)
    said = np.array([raw.numbers["gender"] for raw in known])
    coefficients["gender"] = calibrated(said, truth)
    rows += _rows("gender (male)", said, truth, coefficients["gender"])
    rows += train_hair.train(raws)
    trained.keep_heads(heads)
    trained.keep_calibration(coefficients)
    return write("train_attributes", rows)


def _cross_validated(seen: _Array, truth: _Array) -> _Array:
    folds = np.random.default_rng(0).permutation(len(truth)) % FOLDS
    said = np.zeros(len(truth))
    for fold in range(FOLDS):
        held = folds == fold
        solution = fitted(seen[~held], truth[~held])
        said[held] = seen[held] @ solution[:-1] + solution[-1]
    return said


def _rows(name: str, said: _Array, truth: _Array, coefficients: list[float]) -> list[Row]:
    yes = said * coefficients[0] + coefficients[1] >= 0
    n = len(truth)
    return [
        Row(name=f"{name}: area under the ROC curve", value=area(said, truth), unit="", n=n),
        Row(name=f"{name}: right answers", value=100 * float((yes == truth).mean()), unit="%", n=n),
        Row(name=f"{name}: found of those that have it", value=100 * float(yes[truth == 1].mean()), unit="%", n=n),
        Row(name=f"{name}: said of those that have not", value=100 * float(yes[truth == 0].mean()), unit="%", n=n),
    ]


if __name__ == "__main__":
    sys.exit(main())
