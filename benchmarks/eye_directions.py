"""How far the yaw of the eyes tells those that look to the left, into the lens and to the right; its calibration."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from benchmarks import drawn_labels, trained
from benchmarks.attribute_raw import Reader
from benchmarks.logistic import area, area_interval
from benchmarks.rows import Goal, Row

NAME = "eye_direction"
WAYS = {"left": -1, "lens": 0, "right": 1}
_Array = npt.NDArray[np.float64]


def measured(folder: Path, *, reader: Reader, trains: bool = False) -> list[Row]:
    """Return the rows; `trains`: fit and write the calibration, too."""
    photographs = drawn_labels.read(folder, attribute=NAME)
    yaws = [_yaw(each.path, reader=reader) for each in photographs]
    known = [(yaw, each) for yaw, each in zip(yaws, photographs, strict=True) if yaw is not None]
    said, truth = np.array([yaw for yaw, _ in known]), np.array([WAYS[each.label] for _, each in known])
    weight = drawn_labels.weights([each for _, each in known])
    people = np.array([each.identity for _, each in known])
    coefficients = _calibrated(said, truth, weight=weight)
    if trains:
        trained.keep_calibration({NAME: coefficients})
    rows = []
    for name, one, other in (("left from right", -1, 1), ("left from lens", -1, 0), ("right from lens", 0, 1)):
        pair = np.isin(truth, (one, other))
        is_other = (truth[pair] == other).astype(float)
        low, high = area_interval(said[pair], is_other, weight=weight[pair], people=list(people[pair]))
        value, n = area(said[pair], is_other, weight=weight[pair]), int(pair.sum())
        goal = Goal(at_least=0.5)
        rows += [
            Row(name=f"{NAME}: {name}, area", value=value, unit="", n=n),
            Row(name=f"{NAME}: {name}, lower end of 95 %", value=low, unit="", n=n, goal=goal),
            Row(name=f"{NAME}: {name}, upper end of 95 %", value=high, unit="", n=n),
        ]
    return [*rows, *_confidence(said, truth, weight, coefficients=coefficients)]


def _yaw(path: Path, *, reader: Reader) -> float | None:
    from recognition.engines.onnx.attributes import gaze
    from recognition.engines.pose import pose_of

    face = reader.face(path)
    return face and gaze.yaw(reader.movements(face), head_yaw=pose_of(face.points).yaw)


def _shares(said: _Array, *, coefficients: list[float]) -> _Array:
    """Return the probabilities of left, lens and right, float64 (n, 3)."""
    slope, offset = coefficients
    left, right = (1 / (1 + np.exp(-(slope * way * said + offset))) for way in (-1, 1))
    return np.stack([left, np.clip(1 - left - right, 1e-6, 1), right], axis=1)


def _calibrated(said: _Array, truth: npt.NDArray[np.int_], *, weight: _Array) -> list[float]:
    """Return slope and offset: alike to both sides, so that a mirror only changes the sign of the yaw."""

    def loss(solution: _Array) -> float:
        shares = _shares(said, coefficients=list(solution))
        return -float((weight * np.log(shares[np.arange(len(truth)), truth + 1])).sum())

    found = minimize(loss, np.array([0.1, -3.0]), method="Nelder-Mead").x
    return [round(float(value), 5) for value in found]


def _confidence(said: _Array, truth: npt.NDArray[np.int_], weight: _Array, *, coefficients: list[float]) -> list[Row]:
    shares = _shares(said, coefficients=coefficients)
    right, n = shares.argmax(axis=1) == truth + 1, len(truth)
    guess = max(float(weight[truth == way].sum()) for way in WAYS.values()) / float(weight.sum())
    return [
        Row(
            name=f"{NAME}: right, of three",
            value=100 * float(np.average(right, weights=weight)),
            unit="%",
            n=n,
            baseline="always the lens",
            ratio=float(np.average(right, weights=weight)) / guess,
        ),
        Row(
            name=f"{NAME}: mean confidence",
            value=100 * float(np.average(shares.max(axis=1), weights=weight)),
            unit="%",
            n=n,
        ),
    ]
