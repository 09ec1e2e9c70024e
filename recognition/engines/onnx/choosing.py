"""Which backend each model runs on: what was measured for everybody, or on this machine by `manage.py choose_backends`.

A choice is only an order: whatever it says, a backend is used when it reproduces the model's golden vector, or the
next one is. So it is provenance and no part of the engine's version (decision 0003).
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np

from recognition.engines.manifest import (
    AGE,
    ANTI_SPOOFING,
    BLENDSHAPES,
    EMOTION,
    GENDER,
    LANDMARKS,
    SFACE,
    YUNET,
    ModelCard,
)
from recognition.engines.onnx import golden
from recognition.engines.onnx.session import Backend, RuntimeMissing, Session, open_session

FILE_NAME: Final = "backends.json"
_OPENVINO: Final = Backend("openvino", "f32")
_ONNXRUNTIME: Final = Backend("onnxruntime", "f32")
_BFLOAT16: Final = Backend("openvino", "bf16")
# In the order of measured speed (docs/decisions/0003): the small detector is faster on ONNX Runtime, which also takes
# pictures of ever new sizes without compiling anew; the template model is faster on OpenVINO, in bfloat16 where the CPU
# has it. Ages and gender lose nothing by that (decision 0037); coordinates of detector and mesh do not survive it. ONNX
# Runtime does not read .tflite files.
_PREFERENCES: Final[dict[str, tuple[Backend, ...]]] = {
    YUNET.name: (_ONNXRUNTIME, _OPENVINO),
    SFACE.name: (_BFLOAT16, _OPENVINO, _ONNXRUNTIME),
    LANDMARKS.name: (_OPENVINO,),
    BLENDSHAPES.name: (_OPENVINO,),
    AGE.name: (_BFLOAT16, _OPENVINO, _ONNXRUNTIME),
    GENDER.name: (_BFLOAT16, _OPENVINO, _ONNXRUNTIME),
    EMOTION.name: (_OPENVINO, _ONNXRUNTIME),
    ANTI_SPOOFING.name: (_OPENVINO,),
}
_CPU: Final = (_ONNXRUNTIME, _OPENVINO, _BFLOAT16, Backend("openvino", "f16"))
_GPU: Final = (Backend("openvino", "f32", "gpu"), Backend("openvino", "f16", "gpu"))
_CUDA: Final = (Backend("onnxruntime", "f32", "cuda"),)
_REPEATS: Final = 15


@dataclass(frozen=True, slots=True)
class Measured:
    """What a backend did with one model on this machine.

    Attributes:
        cosine: of its answer to the golden input and the golden vector.
        milliseconds: of one run, the median.
    """

    backend: Backend
    cosine: float
    milliseconds: float


def candidates(card: ModelCard) -> tuple[Backend, ...]:
    """Return every backend that a model could be tried on, whether or not it is there."""
    everything = (*_CPU, *_GPU, *_CUDA)
    return tuple(backend for backend in everything if _reads(backend, card))


def order(card: ModelCard, *, runtime: str, models_dir: Path) -> tuple[Backend, ...]:
    """Return the backends to try, in their order.

    Args:
        card: the model.
        runtime: `auto`, or the one to use: a runtime on the CPU, `openvino-gpu` or `onnxruntime-cuda`. Models that ONNX
            Runtime cannot read stay on the CPU with the last.
        models_dir: where a choice was written.
    """
    if runtime == "openvino-gpu":
        return _GPU
    if runtime == "onnxruntime-cuda":
        return _CUDA if _reads(_CUDA[0], card) else _PREFERENCES[card.name]
    if runtime != "auto":
        return tuple(backend for backend in _PREFERENCES[card.name] if backend.runtime == runtime)
    chosen = chosen_for(card, models_dir=models_dir)
    return tuple(dict.fromkeys((*([chosen] if chosen else []), *_PREFERENCES[card.name])))


def chosen_for(card: ModelCard, *, models_dir: Path) -> Backend | None:
    """Return what was chosen for these very weights on this machine; None: nothing, or for others."""
    path = models_dir / FILE_NAME
    if not path.exists():
        return None
    entry = json.loads(path.read_text()).get(card.name, {})
    return Backend(**entry["backend"]) if entry.get("sha256") == card.sha256 else None


def measure(card: ModelCard, *, models_dir: Path, threads: int = 1) -> list[Measured]:
    """Return what each backend that is there does with a model, in the order of `candidates`."""
    expected = golden.load(card.name)
    path = models_dir / card.file_name
    found = []
    for backend in candidates(card):
        try:
            session = open_session(path, backend=backend, threads=threads, input_shape=expected.input_shape)
        except RuntimeMissing:
            continue
        found.append(Measured(backend, golden.cosine(session, expected), _milliseconds(session, expected)))
    return found


def choose(measured: Sequence[Measured], *, least_cosine: float) -> Measured | None:
    """Return the fastest of those that agree; None when none does. What is not 5 % faster is not worth less precision.

    Full precision is listed first, so it wins a draw.
    """
    agreeing = [each for each in measured if each.cosine >= least_cosine]
    if not agreeing:
        return None
    fastest = min(each.milliseconds for each in agreeing)
    return next(each for each in agreeing if each.milliseconds <= 1.05 * fastest)


def write(chosen: dict[ModelCard, Measured], *, models_dir: Path) -> Path:
    """Write the choice where `order` finds it; return the file."""
    content = {
        card.name: {
            "sha256": card.sha256,
            "backend": asdict(each.backend),
            "cosine": round(each.cosine, 6),
            "milliseconds": round(each.milliseconds, 3),
        }
        for card, each in chosen.items()
    }
    path = models_dir / FILE_NAME
    path.write_text(json.dumps(content, indent=2) + "\n")
    return path


def _reads(backend: Backend, card: ModelCard) -> bool:
    return backend.runtime == "openvino" or card.suffix == ".onnx"


def _milliseconds(session: Session, expected: golden.Golden) -> float:
    tensor = golden.drawn_input(expected.input_shape)
    taken = []
    for _ in range(_REPEATS):
        started = time.perf_counter()
        session.run(tensor)
        taken.append(1000 * (time.perf_counter() - started))
    return float(np.median(taken))
