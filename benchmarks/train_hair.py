"""Train the head of hair colour: a part of `train_attributes.py`, which runs it.

Multinomial logistic regression with a ridge, on standardised features; eight-fold cross-validation judges each
photograph (each is of another person) by a head that did not see it, and fits the temperature of the confidences.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize, minimize_scalar

from benchmarks.rows import Goal, Row

if TYPE_CHECKING:
    from benchmarks.attribute_raw import Raw

FOLDS = 8
RIDGE = 20.0
_Array = npt.NDArray[np.float64]


def train(raws: Sequence[Raw]) -> list[Row]:
    """Write the head and return its rows, out of cross-validation."""
    from recognition.engines.onnx.attributes import hair

    known = [raw for raw in raws if raw.labelled.labels["hair_colour"] in hair.COLOURS]
    truth = np.array([hair.COLOURS.index(raw.labelled.labels["hair_colour"]) for raw in known])
    seen = np.array([raw.hair for raw in known], float)
    said = np.zeros((len(truth), len(hair.COLOURS)))
    folds = np.random.default_rng(0).permutation(len(truth)) % FOLDS
    for fold in range(FOLDS):
        weights, offset = _fitted(seen[folds != fold], truth[folds != fold], n=len(hair.COLOURS))
        said[folds == fold] = seen[folds == fold] @ weights.T + offset
    found = minimize_scalar(lambda t: _loss(said / t, truth), bounds=(0.5, 10.0), method="bounded")
    temperature = float(found.x)
    weights, offset = _fitted(seen, truth, n=len(hair.COLOURS))
    np.savez_compressed(hair.PATH, weights=weights.astype(np.float32), offset=offset, temperature=temperature)
    return _rows(_softmax(said / temperature), truth, names=hair.COLOURS)


def _rows(shares: _Array, truth: npt.NDArray[np.int_], *, names: Sequence[str]) -> list[Row]:
    from benchmarks.logistic import area

    n, right = len(truth), shares.argmax(axis=1) == truth
    guess = float(np.bincount(truth).max() / n)
    sure = shares.max(axis=1) >= 0.6
    rows = [
        Row(
            name="hair colour: right, of four",
            value=100 * float(right.mean()),
            unit="%",
            n=n,
            baseline="always the most frequent",
            ratio=float(right.mean()) / guess,
            goal=Goal(at_least=1.3, of_ratio=True),
        ),
        Row(name="hair colour: mean confidence", value=100 * float(shares.max(axis=1).mean()), unit="%", n=n),
        Row(
            name="hair colour: right, where 60 % sure",
            value=100 * float(right[sure].mean()),
            unit="%",
            n=int(sure.sum()),
        ),
    ]
    for index, name in enumerate(names):
        value = area(shares[:, index], (truth == index).astype(float))
        rows.append(Row(name=f"hair colour: {name}, area", value=value, unit="", n=int((truth == index).sum())))
        value = 100 * float(right[truth == index].mean())
        rows.append(Row(name=f"hair colour: {name}, right", value=value, unit="%", n=int((truth == index).sum())))
    return rows


def _fitted(seen: _Array, truth: npt.NDArray[np.int_], *, n: int) -> tuple[_Array, _Array]:
    """Return weights (n, features) and offsets (n,) for features as they are."""
    mean, spread = seen.mean(axis=0), seen.std(axis=0) + 1e-6
    standard = (seen - mean) / spread
    target = np.eye(n)[truth]

    def loss(solution: _Array) -> tuple[float, _Array]:
        both = solution.reshape(n, -1)
        raw = standard @ both[:, :-1].T + both[:, -1]
        slope = _softmax(raw) - target
        value = _loss(raw, truth) + RIDGE / 2 * float((both[:, :-1] ** 2).sum())
        gradient = np.hstack([slope.T @ standard + RIDGE * both[:, :-1], slope.sum(axis=0)[:, None]])
        return value, gradient.ravel()

    start = np.zeros(n * (seen.shape[1] + 1))
    both = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 300}).x.reshape(n, -1)
    weights = both[:, :-1] / spread
    return weights, both[:, -1] - weights @ mean


def _softmax(raw: _Array) -> _Array:
    shares: _Array = np.exp(raw - raw.max(axis=1, keepdims=True))
    return shares / shares.sum(axis=1, keepdims=True)


def _loss(raw: _Array, truth: npt.NDArray[np.int_]) -> float:
    return float(-np.log(_softmax(raw)[np.arange(len(truth)), truth] + 1e-12).sum())
