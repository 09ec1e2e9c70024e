"""Golden vectors: what the models answer to drawn input, so that a runtime can be proven right before it is used.

The input is smooth noise that depends on a seed alone; nobody's face is in it. Run as a module
(`python -m recognition.engines.onnx.golden`) it writes the file anew, in float32: from ONNX Runtime, and from OpenVINO
for .tflite files, which nothing else here reads. That is needed only when a model changes.
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
        input_shape: of the input.
        least_cosine: between the answer, all outputs in a row, and `vector`.
        vector: float32, as recorded.
    """

    input_shape: tuple[int, ...]
    least_cosine: float
    vector: FloatArray


# Lower precision may move a template by less than two photographs of one moment differ (0.999); of the detectors and
# the mesh, whose outputs are coordinates, nothing but rounding is accepted; nor of anti-spoofing, whose scale was made
# in full precision.
_DECLARED: Final[dict[str, tuple[tuple[int, ...], float]]] = {
    "yunet-2023mar": ((1, 3, 64, 64), 0.999999),
    "sface-2021dec": ((1, 3, 112, 112), 0.999),
    "face-landmarks-2023may": ((1, 256, 256, 3), 0.999999),
    "face-blendshapes-2023may": ((1, 146, 2), 0.9999),
    "dlib-age-v1": ((1, 3, 64, 64), 0.9999),
    "dlib-gender-v1": ((1, 3, 32, 32), 0.9999),
    "mini-xception-fer2013": ((1, 1, 64, 64), 0.9999),
    "face-anti-spoofing": ((1, 256, 256, 3), 0.9999995),
}


def load(name: str) -> Golden:
    """Return the golden vector of a model by its name in the manifest."""
    input_shape, least_cosine = _DECLARED[name]
    vector = np.array(json.loads(PATH.read_text())[name], np.float32)
    return Golden(input_shape, least_cosine, vector)


def cosine(session: Session, golden: Golden) -> float:
    """Return the cosine between what the session answers and what it must."""
    answer = _answer(session, input_shape=golden.input_shape).astype(np.float64)
    norms = float(np.linalg.norm(answer) * np.linalg.norm(golden.vector))
    return float(answer @ golden.vector) / norms if norms else 0.0


def picture(side_px: int) -> npt.NDArray[np.uint8]:
    """Return the drawn input: uint8 (side_px, side_px, 3), smooth noise."""
    cells = 8
    noise = hashlib.shake_256(b"custos golden").digest(cells * cells * 3)
    coarse = np.frombuffer(noise, np.uint8).reshape(cells, cells, 3)
    return cv2.resize(coarse, (side_px, side_px), interpolation=cv2.INTER_CUBIC).astype(np.uint8, copy=False)


def drawn_input(shape: tuple[int, ...]) -> FloatArray:
    """Return the drawn input of any shape: pixels 0…255 where it is a picture in planes, else numbers 0…1."""
    if len(shape) == 4 and shape[1] == 3:
        return np.ascontiguousarray(picture(shape[2]).transpose(2, 0, 1), np.float32)[None]
    if len(shape) == 4 and shape[3] == 3:
        return picture(shape[1]).astype(np.float32)[None] / 255.0
    return np.resize(picture(64).astype(np.float32) / 255.0, shape)


def _answer(session: Session, *, input_shape: tuple[int, ...]) -> FloatArray:
    return np.concatenate([output.ravel() for output in session.run(drawn_input(input_shape))])


def _write(models_dir: Path) -> None:
    from recognition.engines import manifest, weights
    from recognition.engines.onnx.session import Backend, open_session

    vectors = {}
    for card in (*manifest.MODELS, *manifest.OPTIONAL_MODELS):
        path = weights.verified_path(card, models_dir=models_dir)
        shape = _DECLARED[card.name][0]
        backend = Backend("onnxruntime" if path.suffix == ".onnx" else "openvino", "f32")
        session = open_session(path, backend=backend, threads=1, input_shape=shape)
        vectors[card.name] = [float(f"{value:.5g}") for value in _answer(session, input_shape=shape)]
    PATH.write_text(json.dumps(vectors, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    from recognition.engines.registry import DEFAULT_MODELS_DIR

    _write(DEFAULT_MODELS_DIR)
