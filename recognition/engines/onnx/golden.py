"""Golden vectors: what the models answer to drawn input, so that a runtime can be proven right before it is used.

The input is smooth noise that depends on a seed alone; nobody's face is in it. Run as a module
(`python -m recognition.engines.onnx.golden`) it writes the file anew, from ONNX Runtime in float32; that is needed only
when a model changes.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from recognition.engines.base import FloatArray
from recognition.engines.onnx.session import Session

PATH: Final = Path(__file__).with_name("golden.json")


@dataclass(frozen=True, slots=True)
class Golden:
    """What a model must answer.

    Attributes:
        side_px: of the square input.
        least_cosine: between the answer, all outputs in a row, and `vector`.
        vector: float32, as recorded.
    """

    side_px: int
    least_cosine: float
    vector: FloatArray


# Lower precision may move a template by less than two photographs of one moment differ (0.999); of the detector, whose
# outputs are coordinates, nothing but rounding is accepted.
_DECLARED: Final = {"yunet-2023mar": (64, 0.999999), "sface-2021dec": (112, 0.999)}


def load(name: str) -> Golden:
    """Return the golden vector of a model by its name in the manifest."""
    side_px, least_cosine = _DECLARED[name]
    vector = np.array(json.loads(PATH.read_text())[name], np.float32)
    return Golden(side_px, least_cosine, vector)


def cosine(session: Session, golden: Golden) -> float:
    """Return the cosine between what the session answers and what it must."""
    answer = _answer(session, side_px=golden.side_px).astype(np.float64)
    norms = float(np.linalg.norm(answer) * np.linalg.norm(golden.vector))
    return float(answer @ golden.vector) / norms if norms else 0.0


def picture(side_px: int) -> npt.NDArray[np.uint8]:
    """Return the drawn input: uint8 (side_px, side_px, 3), smooth noise."""
    cells = 8
    noise = hashlib.shake_256(b"custos golden").digest(cells * cells * 3)
    coarse = np.frombuffer(noise, np.uint8).reshape(cells, cells, 3)
    return cv2.resize(coarse, (side_px, side_px), interpolation=cv2.INTER_CUBIC).astype(np.uint8, copy=False)


def _answer(session: Session, *, side_px: int) -> FloatArray:
    tensor = np.ascontiguousarray(picture(side_px).transpose(2, 0, 1), np.float32)[None]
    return np.concatenate([output.ravel() for output in session.run(tensor)])


def _write(models_dir: Path) -> None:
    from recognition.engines import manifest, weights
    from recognition.engines.onnx.session import Backend, open_session

    vectors = {}
    for card in manifest.MODELS:
        path = weights.verified_path(card, models_dir=models_dir)
        session = open_session(path, backend=Backend("onnxruntime", "f32"), threads=1)
        answer = _answer(session, side_px=_DECLARED[card.name][0])
        vectors[card.name] = [float(f"{value:.5g}") for value in answer]
    PATH.write_text(json.dumps(vectors, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    from recognition.engines.registry import DEFAULT_MODELS_DIR

    _write(DEFAULT_MODELS_DIR)
