"""What attributes without a head of their own are worth, on labelled photographs: for `accuracy.py`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks import attribute_labels, attribute_raw, expressions, eye_directions, occlusion
from benchmarks.attribute_raw import Raw, Reader
from benchmarks.logistic import area
from benchmarks.rows import Goal, Row


def rows(folder: Path) -> list[Row]:
    """Return the rows of ages, gender by group, expressions, the direction of the eyes and what covers a face."""
    raws, reader = attribute_raw.read_all(attribute_labels.read(folder)), Reader()
    return [
        *_ages(raws),
        *_genders(raws, males=attribute_raw.genders(folder)),
        *_happy(raws),
        *_calm(raws),
        *(row for part in (expressions, eye_directions, occlusion) for row in part.measured(folder, reader=reader)),
    ]


def _ages(raws: list[Raw]) -> list[Row]:
    from recognition.engines.onnx.attributes.age_gender import range_of

    known = [raw for raw in raws if raw.labelled.labels["age"]]
    truth = np.array([float(raw.labelled.labels["age"]) for raw in known])
    said = np.array([raw.numbers["age"] for raw in known])
    inside = [range_of(age).low <= true <= range_of(age).high for age, true in zip(said, truth, strict=True)]
    error, n = said - truth, len(known)

    def over(least: float, end: float) -> float:
        return float(error[(truth >= least) & (truth < end)].mean())

    # A guess that always says the mean age.
    guess = float(np.abs(truth - truth.mean()).mean())
    return [
        Row(
            name="age: mean absolute error",
            value=float(np.abs(error).mean()),
            unit="years",
            n=n,
            baseline="always the mean age",
            ratio=float(np.abs(error).mean()) / guess,
            goal=Goal(at_most=0.75, of_ratio=True),
        ),
        Row(name="age: mean error, under 35", value=over(0, 35), unit="years", n=n),
        Row(name="age: mean error, 35 to 54", value=over(35, 55), unit="years", n=n),
        Row(name="age: mean error, 55 and more", value=over(55, 120), unit="years", n=n),
        Row(name="age: within the range that is said", value=100 * float(np.mean(inside)), unit="%", n=n),
    ]


def _genders(raws: list[Raw], *, males: dict[str, bool]) -> list[Row]:
    from recognition.engines.onnx.attributes import calibration

    known = [raw for raw in raws if raw.labelled.identity in males]
    truth = np.array([males[raw.labelled.identity] for raw in known])
    said = np.array([calibration.probability("gender", raw.numbers["gender"]) >= 0.5 for raw in known])

    def right(group: npt.NDArray[np.bool_]) -> float:
        return 100 * float((said == truth)[group].mean())

    return [
        Row(name="gender: right, of men", value=right(truth), unit="%", n=int(truth.sum())),
        Row(name="gender: right, of women", value=right(~truth), unit="%", n=int((~truth).sum())),
    ]


def _happy(raws: list[Raw]) -> list[Row]:
    is_known: Callable[[Raw], bool] = lambda raw: raw.labelled.truth("smile") is not None  # noqa: E731
    known = [raw for raw in raws if raw.labelled.is_random and is_known(raw)]
    truth = np.array([raw.labelled.truth("smile") for raw in known], float)
    said = np.array([_confidence(raw, "happy") for raw in known])
    goal = Goal(at_least=0.9)
    return [Row(name="emotions: happy against smiles, area", value=area(said, truth), unit="", n=len(known), goal=goal)]


def _calm(raws: list[Raw]) -> list[Row]:
    """Calm is what neither smiles nor opens its mouth; nobody labelled calm itself."""
    known = [
        raw
        for raw in raws
        if raw.labelled.is_random and None not in (raw.labelled.truth("smile"), raw.labelled.truth("mouth_open"))
    ]
    truth = np.array([not raw.labelled.truth("smile") and not raw.labelled.truth("mouth_open") for raw in known], float)
    said = np.array([_confidence(raw, "calm") for raw in known])
    return [
        Row(
            name="emotions: calm against smiles and open mouths, area",
            value=area(said, truth),
            unit="",
            n=len(known),
            goal=Goal(at_least=0.7),
        )
    ]


def _confidence(raw: Raw, expression: str) -> float:
    from recognition.engines.onnx.attributes import emotions

    return next(emotion.confidence for emotion in emotions.told(raw.shares) if emotion.type == expression)
