"""Train the head of `liveness` on genuine photographs and simulated attacks, and make its scale.

    make bench-train-liveness DATA=/path/to/lfw-dev

Writes `liveness.npz` beside the code that reads it: weights of a logistic regression with a ridge, and quantiles over
genuine photographs, each judged by a head that did not see it. Half of the people are used; `benchmarks/liveness.py`
measures on the others.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from scipy.optimize import minimize

from benchmarks import lfw, liveness_faces
from benchmarks.liveness_faces import GENUINE, SAVED_AGAIN, Faces, Numbers
from benchmarks.rephotographs import KINDS
from benchmarks.rows import REPOSITORY, Row, data_missing, write

if TYPE_CHECKING:
    from recognition.engines.onnx.attributes.liveness import Head

FOLDS = 4
RIDGE = 100.0
STEPS = 101


def main() -> int:
    """Train, write the head, print what its scale was made of."""
    _, folder = lfw.data_argument(__doc__)
    if folder is None:
        return data_missing(lfw.MISSING.replace("accuracy", "train-liveness"))
    sys.path.insert(0, str(REPOSITORY / "platform"))
    from recognition.engines.onnx.attributes import liveness

    faces = liveness_faces.read(folder, half=liveness_faces.FITTED)
    genuine = faces.kinds == GENUINE
    unseen = np.zeros(int(genuine.sum()))
    for fold in range(FOLDS):
        held = faces.people % FOLDS == fold
        head = fitted(faces, kinds=tuple(KINDS), chosen=~held)
        unseen[held[genuine]] = head.raw(faces.features[held & genuine])
    weights = fitted(faces, kinds=tuple(KINDS)).weights.astype(np.float32)
    quantiles = np.quantile(unseen, np.linspace(0.0, 1.0, STEPS)).astype(np.float32)
    np.savez_compressed(liveness.PATH, weights=weights, quantiles=quantiles)
    rows = [Row(name=f"trained on: {kind}", value=float(n), unit="faces", n=int(n)) for kind, n in _counts(faces)]
    return write("train_liveness", rows)


def fitted(faces: Faces, *, kinds: tuple[str, ...], chosen: np.ndarray | None = None) -> Head:
    """Return a head that tells genuine photographs from attacks of these kinds.

    Genuine and attack weigh the same, and so do the kinds of each; a genuine picture saved again is genuine.

    Args:
        faces: to train on.
        kinds: of attacks.
        chosen: bool (n,): which of the faces; None: all.
    """
    from recognition.engines.onnx.attributes import liveness

    chosen = np.ones(len(faces.kinds), bool) if chosen is None else chosen
    weight = np.zeros(len(faces.kinds))
    for group in ((GENUINE, SAVED_AGAIN), kinds):
        for kind in group:
            these = chosen & (faces.kinds == kind)
            weight[these] = 0.5 / len(group) / these.sum()
    used = weight > 0
    weight, seen = weight[used] * used.sum(), faces.features[used]
    is_genuine = np.isin(faces.kinds[used], (GENUINE, SAVED_AGAIN)).astype(float)
    mean, spread = seen.mean(axis=0), seen.std(axis=0) + 1e-6
    standard = (seen - mean) / spread

    def loss(solution: Numbers) -> tuple[float, Numbers]:
        raw = standard @ solution[:-1] + solution[-1]
        slope = weight * (1 / (1 + np.exp(-raw)) - is_genuine)
        value = (weight * np.logaddexp(0, (1 - 2 * is_genuine) * raw)).sum() + RIDGE / 2 * (solution[:-1] ** 2).sum()
        return float(value), np.append(standard.T @ slope + RIDGE * solution[:-1], slope.sum())

    found = minimize(loss, np.zeros(seen.shape[1] + 1), jac=True, method="L-BFGS-B", options={"maxiter": 300}).x
    weights = found[:-1] / spread
    return liveness.Head(np.append(weights, found[-1] - weights @ mean), np.zeros(1))


def _counts(faces: Faces) -> list[tuple[str, int]]:
    return [(kind, int((faces.kinds == kind).sum())) for kind in (GENUINE, SAVED_AGAIN, *KINDS)]


if __name__ == "__main__":
    raise SystemExit(main())
