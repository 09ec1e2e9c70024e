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
PITCHES = {"down": -1, "level": 0, "up": 1}
BETTER_THAN_CHANCE = Goal(at_least=0.5)
_UPWARDS = (("UpLeft", 1), ("UpRight", 1), ("DownLeft", -1), ("DownRight", -1))
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
    rows = [
        row
        for name, one, other in (("left from right", -1, 1), ("left from lens", -1, 0), ("right from lens", 0, 1))
        for row in _areas(f"{NAME}: {name}", said, truth, weight, people=people, pair=(one, other))
    ]
    return [*rows, *_confidence(said, truth, weight, coefficients=coefficients), *_pitch(folder, reader=reader)]


def _areas(
    name: str,
    said: _Array,
    truth: npt.NDArray[np.int_],
    weight: _Array,
    *,
    people: npt.NDArray[np.str_],
    pair: tuple[int, int],
    goal: Goal | None = BETTER_THAN_CHANCE,
) -> list[Row]:
    among = np.isin(truth, pair)
    is_other, counts = (truth[among] == pair[1]).astype(float), weight[among]
    low, high = area_interval(said[among], is_other, weight=counts, people=list(people[among]))
    value, n = area(said[among], is_other, weight=counts), int(among.sum())
    return [
        Row(name=f"{name}, area", value=value, unit="", n=n),
        Row(name=f"{name}, lower end of 95 %", value=low, unit="", n=n, goal=goal),
        Row(name=f"{name}, upper end of 95 %", value=high, unit="", n=n),
    ]


def _pitch(folder: Path, *, reader: Reader) -> list[Row]:
    """Return the rows of what is not said: up and down."""
    from recognition.engines.pose import pose_of

    photographs = drawn_labels.read(folder, attribute="eye_pitch")
    faces = [(reader.face(each.path), each) for each in photographs]
    known = [(face, each) for face, each in faces if face is not None]
    moved = [(reader.movements(face), pose_of(face.points).pitch) for face, _ in known]
    said = np.array([pitch + 15 * sum(way * m[f"eyeLook{w}"] for w, way in _UPWARDS) for m, pitch in moved])
    truth = np.array([PITCHES[each.label] for _, each in known])
    weight, people = drawn_labels.weights([each for _, each in known]), np.array([each.identity for _, each in known])
    return [
        row
        for name, one, other in (("up from level", 0, 1), ("level from down", -1, 0))
        for row in _areas(f"{NAME}: {name}", said, truth, weight, people=people, pair=(one, other), goal=None)
    ]


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
