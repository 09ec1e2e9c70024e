"""Logistic regression, its calibration, and the area under the ROC curve with an interval: what heads are made of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

RIDGE = 1.0
_DRAWS = 1000
_Array = npt.NDArray[np.float64]


def balanced(truth: _Array) -> _Array:
    """Return weights under which both classes count alike, with a mean of 1."""
    return np.where(truth == 1, 0.5 / truth.mean(), 0.5 / (1 - truth.mean()))


def fitted(
    seen: npt.NDArray[np.floating], truth: _Array, *, weight: _Array | None = None, ridge: float = RIDGE
) -> _Array:
    """Return weights and offset, (n + 1,), of a logistic regression with a ridge; classes count alike by default."""
    mean = seen.mean(axis=0)
    centred = seen - mean
    weight = balanced(truth) if weight is None else weight

    def loss(solution: _Array) -> tuple[float, _Array]:
        raw = centred @ solution[:-1].astype(seen.dtype) + solution[-1]
        slope = weight * (1 / (1 + np.exp(-raw)) - truth)
        value = (weight * np.logaddexp(0, (1 - 2 * truth) * raw)).sum() + ridge / 2 * (solution[:-1] ** 2).sum()
        return float(value), np.append(centred.T @ slope.astype(seen.dtype) + ridge * solution[:-1], slope.sum())

    start = np.zeros(seen.shape[1] + 1)
    found: _Array = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 200}).x
    found[-1] -= mean @ found[:-1]
    return found


def calibrated(said: _Array, truth: _Array, *, weight: _Array | None = None) -> list[float]:
    """Return slope and offset of the logistic curve (Platt), with his target smoothing."""
    weight = np.ones(len(truth)) if weight is None else weight
    yes, no = truth.sum(), (1 - truth).sum()
    target = np.where(truth == 1, (yes + 1) / (yes + 2), 1 / (no + 2))
    scale = said.std()

    def loss(solution: _Array) -> tuple[float, _Array]:
        raw = solution[0] * said / scale + solution[1]
        slope = weight * (1 / (1 + np.exp(-raw)) - target)
        return float((weight * (np.logaddexp(0, raw) - target * raw)).sum()), np.array(
            [slope @ (said / scale), slope.sum()]
        )

    found = minimize(loss, np.array([1.0, 0.0]), jac=True, method="L-BFGS-B").x
    return [round(float(found[0] / scale), 5), round(float(found[1]), 5)]


def area(said: _Array, truth: _Array, *, weight: _Array | None = None) -> float:
    """Return the area under the ROC curve (Mann and Whitney); ties are as good as half."""
    weight = np.ones(len(truth)) if weight is None else weight
    is_yes = truth == 1
    yes, no = said[is_yes], said[~is_yes]
    better = ((yes[:, None] > no) + (yes[:, None] >= no).astype(float)) / 2
    pairs = weight[is_yes][:, None] * weight[~is_yes]
    return float((better * pairs).sum() / pairs.sum())


def area_interval(said: _Array, truth: _Array, *, weight: _Array, people: Sequence[str]) -> tuple[float, float]:
    """Return the bounds of the area's 95 % interval, by a bootstrap over people."""
    random = np.random.default_rng(0)
    names, of = np.unique(np.array(people), return_inverse=True)
    drawn = []
    for _ in range(_DRAWS):
        times = np.bincount(random.integers(0, len(names), len(names)), minlength=len(names))[of]
        if truth[times > 0].any():
            drawn.append(area(said, truth, weight=weight * times))
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(low), float(high)
