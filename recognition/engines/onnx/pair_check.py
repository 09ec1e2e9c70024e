"""Whether a backend decides pairs of photographs as full precision does: for `manage.py choose_backends`."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from recognition import images
from recognition.engines.alignment import aligned_crop
from recognition.engines.detections import POINTS
from recognition.engines.manifest import SFACE, YUNET
from recognition.engines.onnx import golden
from recognition.engines.onnx.session import Backend, open_session
from recognition.engines.onnx.sface import SFace
from recognition.engines.onnx.yunet import YuNet

# Of all pairs: what may be decided otherwise, and worse, by less precision.
MOST_LOST: Final = 0.001


def accuracies(backends: Sequence[Backend], *, pairs: Path, models_dir: Path) -> dict[Backend, float]:
    """Return the share of pairs that each backend's templates decide rightly at their best threshold."""
    with pairs.open(newline="") as file:
        rows = list(csv.DictReader(file))
    crops = _crops(sorted({row[side] for row in rows for side in ("path1", "path2")}), pairs.parent, models_dir)
    known = [row for row in rows if row["path1"] in crops and row["path2"] in crops]
    truth = np.array([row["same"] == "1" for row in known])
    found = {}
    for backend in backends:
        shape = golden.load(SFACE.name).input_shape
        model = SFace(open_session(models_dir / SFACE.file_name, backend=backend, threads=1, input_shape=shape))
        vectors = {path: model.vector(crop) for path, crop in crops.items()}
        scores = np.array([float(vectors[row["path1"]] @ vectors[row["path2"]]) for row in known])
        found[backend] = best_accuracy(scores, truth)
    return found


def best_accuracy(scores: npt.NDArray[np.float64], truth: npt.NDArray[np.bool_]) -> float:
    """Return the share of right decisions at the threshold where it is largest."""
    by_score = truth[np.argsort(scores)]
    # Everything below the cut is called different.
    right = np.concatenate([[0], np.cumsum(~by_score)]) + np.concatenate([np.cumsum(by_score[::-1])[::-1], [0]])
    return float(right.max() / len(truth))


def _crops(paths: list[str], folder: Path, models_dir: Path) -> dict[str, npt.NDArray[np.uint8]]:
    """Return the aligned crop of the largest face of each photograph that has one."""
    session = open_session(models_dir / YUNET.file_name, backend=Backend("onnxruntime", "f32"), threads=1)
    detector = YuNet(session)
    crops = {}
    for path in paths:
        pixels = images.decode((folder / path).read_bytes()).pixels
        if len(found := detector.detect(pixels)):
            crops[path] = aligned_crop(pixels, found[0][POINTS].reshape(5, 2))
    return crops
