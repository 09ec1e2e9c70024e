"""The head of `face_occluded`: trained on labelled photographs and on things drawn before other labelled ones.

Judged by four-fold cross-validation over people: nobody is in the photographs that a head learns from, drawn over or
not, and in those that it is measured on. Figures are of the whole data set (`drawn_labels`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from benchmarks import drawn_labels, occluders, trained
from benchmarks.attribute_raw import Face, Reader
from benchmarks.logistic import area, area_interval, balanced, calibrated, fitted
from benchmarks.rows import Goal, Row

NAME = "face_occluded"
FOLDS = 4
RIDGE = 3.0
# Of each photograph that nothing covers: so many with a thing over the face, and so many with one beside it.
COVERED, MISSED = 3, 2
# How much the drawn ones count together, beside the real ones.
DRAWN_SHARE = 0.3
# Photographers throw covered faces away: confidences are fitted as if one face in five were covered.
ASSUMED_COVERED = 0.2
_Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """Features, float32 (n, d), truth, weight and whose face it is; `is_real`: nothing was drawn."""

    seen: npt.NDArray[np.float32]
    truth: _Array
    weight: _Array
    people: npt.NDArray[np.str_]
    is_real: npt.NDArray[np.bool_]


def measured(folder: Path, *, reader: Reader, trains: bool = False) -> list[Row]:
    """Return the rows, out of cross-validation; `trains`: write head and calibration, too."""
    examples = _examples(drawn_labels.read(folder, attribute=NAME), reader=reader)
    said = _cross_validated(examples)
    judged = examples.is_real & (examples.weight > 0)
    truth, weight = examples.truth[judged], examples.weight[judged]
    share = float(np.average(truth, weights=weight))
    as_assumed = np.where(truth == 1, ASSUMED_COVERED / share, (1 - ASSUMED_COVERED) / (1 - share))
    coefficients = calibrated(said[judged], truth, weight=weight * as_assumed)
    if trains:
        trained.keep_heads({NAME: _head(examples, chosen=np.ones(len(said), bool))})
        trained.keep_calibration({NAME: coefficients})
    return _rows(said[judged], truth, weight, coefficients=coefficients, people=examples.people[judged])


def _examples(photographs: list[drawn_labels.Drawn], *, reader: Reader) -> Examples:
    from recognition.engines.onnx.attributes import appearance

    found: list[tuple[npt.NDArray[np.float32], bool, float, str, bool]] = []
    for number, each in enumerate(tqdm(photographs, disable=None, desc="occlusion", unit="image")):
        face, truth = reader.face(each.path), each.label == "1"
        if face is None:
            continue
        pictures = [(face, truth, each.stands_for, True)]
        if each.drawn == "random" and not truth:
            pictures += _drawn_over(face, reader=reader, seed=number)
        for picture, is_covered, weight, is_real in pictures:
            features = appearance.features(appearance.describe(picture.mesh), name=NAME)
            found.append((features, is_covered, weight, each.identity, is_real))
    seen, truths, weights, people, real = zip(*found, strict=True)
    return Examples(np.stack(seen), np.array(truths, float), np.array(weights), np.array(people), np.array(real))


def _drawn_over(face: Face, *, reader: Reader, seed: int) -> list[tuple[Face, bool, float, bool]]:
    random, points = np.random.default_rng([0, seed]), face.mesh.in_picture()
    ways = [(occluders.cover, True)] * COVERED + [(occluders.miss, False)] * MISSED
    pictures = [(reader.face_in(way(face.pixels, points, random)), covers) for way, covers in ways]
    return [(picture, covers, 0.0, False) for picture, covers in pictures if picture is not None]


def _cross_validated(examples: Examples) -> _Array:
    names, person = np.unique(examples.people, return_inverse=True)
    folds = (np.random.default_rng(0).permutation(len(names)) % FOLDS)[person]
    said = np.zeros(len(folds))
    for fold in range(FOLDS):
        held = folds == fold
        solution = _head(examples, chosen=~held)
        said[held] = examples.seen[held] @ solution[:-1] + solution[-1]
    return said


def _head(examples: Examples, *, chosen: npt.NDArray[np.bool_]) -> _Array:
    """Return the head, float64 (d + 1,), of the chosen examples; covered and not count alike among real and drawn."""
    weight = np.zeros(len(chosen))
    for group, share in ((examples.is_real & chosen, 1.0), (~examples.is_real & chosen, DRAWN_SHARE)):
        weight[group] = share * balanced(examples.truth[group])
    return fitted(examples.seen[chosen], examples.truth[chosen], weight=weight[chosen], ridge=RIDGE)


def _rows(
    said: _Array, truth: _Array, weight: _Array, *, coefficients: list[float], people: npt.NDArray[np.str_]
) -> list[Row]:
    low, high = area_interval(said, truth, weight=weight, people=list(people))
    is_said = said * coefficients[0] + coefficients[1] >= 0
    right, n = is_said == (truth == 1), len(truth)

    def share(of: npt.NDArray[np.bool_], among: npt.NDArray[np.bool_]) -> float:
        return 100 * float(np.average(of[among], weights=weight[among]))

    return [
        Row(name=f"{NAME}: area, people kept apart", value=area(said, truth, weight=weight), unit="", n=n),
        Row(name=f"{NAME}: area, lower end of 95 %", value=low, unit="", n=n, goal=Goal(at_least=0.5)),
        Row(name=f"{NAME}: area, upper end of 95 %", value=high, unit="", n=n),
        Row(name=f"{NAME}: right answers", value=share(right, truth >= 0), unit="%", n=n),
        Row(name=f"{NAME}: found of those covered", value=share(is_said, truth == 1), unit="%", n=int(truth.sum())),
        Row(name=f"{NAME}: said of those that are not", value=share(is_said, truth == 0), unit="%", n=n),
        Row(name=f"{NAME}: right where it is said", value=share(right, is_said), unit="%", n=int(is_said.sum())),
        Row(name=f"{NAME}: covered, of the data set", value=share(truth == 1, truth >= 0), unit="%", n=n),
    ]
