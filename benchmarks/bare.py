"""Baselines of enrolment: decoding and the same models called bare, in processes of their own, without Custos.

Each function takes the paths of JPEG files and makes one template a face; what a model needs is loaded before the time
is taken.
"""

from __future__ import annotations

import multiprocessing
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from common.permits import Permit

REPOSITORY = Path(__file__).resolve().parents[1]
MODELS = REPOSITORY / "var" / "models"

# What a process loaded: set once in each.
_loaded: dict[str, Callable[[Path], int]] = {}


@dataclass(frozen=True, slots=True)
class Measured:
    """Seconds for all files on the clock, the number of templates made, and the seconds of CPU that it took."""

    seconds: float
    templates: int
    cpu_seconds: float = 0.0


class BarePool:
    """Some processes with one way of making templates, loaded and warm."""

    def __init__(self, way: str, *, processes: int, warm_up: Path, permit: Permit | None = None) -> None:
        """Start them; a permit is for the engine, which is a way of this too."""
        context = multiprocessing.get_context("spawn")
        self._pool = context.Pool(processes, initializer=_load, initargs=(way, permit))
        self._pool.map(_run, [str(warm_up)] * processes * 4, chunksize=1)

    def measure(self, files: Sequence[Path]) -> Measured:
        """Make templates of all files, as fast as the processes can."""
        started = time.perf_counter()
        done = self._pool.map(_run, [str(path) for path in files], chunksize=4)
        seconds = time.perf_counter() - started
        return Measured(seconds, sum(count for count, _ in done), sum(cpu for _, cpu in done))

    def close(self) -> None:
        """End the processes."""
        self._pool.close()
        self._pool.join()


def published_sface(folder: Path) -> Path:
    """Write SFace as published but for what no runtime can read: PRelu is left as it is."""
    sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "platform")]
    from common.downloads import default_cache_dir, fetch
    from recognition.engines import graphs
    from recognition.engines.manifest import SFACE

    published = fetch(SFACE.origin, cache_dir=default_cache_dir()).read_bytes()
    path = folder / "sface_published.onnx"
    path.write_bytes(graphs.apply(published, fixes=("fold_dequantisation", "drop_constant_inputs")))
    return path


def _load(way: str, permit: Permit | None) -> None:
    sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "platform")]
    _loaded["way"] = _engine(permit) if permit is not None else WAYS[way]()


def _run(path: str) -> tuple[int, float]:
    started = time.process_time()
    return _loaded["way"](Path(path)), time.process_time() - started


def _engine(permit: Permit) -> Callable[[Path], int]:
    from recognition import images
    from recognition.engines.onnx.engine import OnnxEngine

    engine = OnnxEngine(MODELS)

    def run(path: Path) -> int:
        image = images.decode(path.read_bytes())
        return len(engine.extract(image, engine.detect(image, permit=permit), permit=permit))

    return run


def same_models() -> Callable[[Path], int]:
    """The same weights on the same runtimes as the engine, called without it."""
    from recognition.engines.manifest import SFACE, YUNET
    from recognition.engines.onnx.engine import OnnxEngine
    from recognition.engines.onnx.session import open_session

    backends = OnnxEngine(MODELS).backends
    detector = open_session(MODELS / YUNET.file_name, backend=backends[YUNET.name], threads=1)
    recogniser = open_session(MODELS / SFACE.file_name, backend=backends[SFACE.name], threads=1)
    return _pipeline(detector, recogniser)


def detector_session() -> Any:
    """Load the detector's model on the runtime that the engine chose, with one thread."""
    from recognition.engines.manifest import YUNET
    from recognition.engines.onnx.engine import OnnxEngine
    from recognition.engines.onnx.session import open_session

    return open_session(MODELS / YUNET.file_name, backend=OnnxEngine(MODELS).backends[YUNET.name], threads=1)


def onnxruntime_alone() -> Callable[[Path], int]:
    """ONNX Runtime with one thread for both, SFace with PRelu as published."""
    from recognition.engines.manifest import YUNET
    from recognition.engines.onnx.session import Backend, open_session

    backend = Backend("onnxruntime", "f32")
    with tempfile.TemporaryDirectory() as folder:
        recogniser = open_session(published_sface(Path(folder)), backend=backend, threads=1)
    return _pipeline(open_session(MODELS / YUNET.file_name, backend=backend, threads=1), recogniser)


def detections_in(pixels: Any, *, detector: Any) -> Any:
    """Run a detector's session once on a whole picture, uint8 (h, w, 3), BGR; return float32 (n, 15)."""
    from recognition.engines import detections
    from recognition.engines.onnx import yunet

    tensor, (rows, columns) = yunet.as_tensor(pixels)
    return detections.suppress(yunet.decode(detector.run(tensor), rows=rows, columns=columns))


def _pipeline(detector: Any, recogniser: Any) -> Callable[[Path], int]:
    import cv2
    import numpy as np

    from recognition.engines import detections
    from recognition.engines.alignment import similarity_transform
    from recognition.engines.onnx.sface import as_tensor

    def run(path: Path) -> int:
        pixels = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR)
        found = detections_in(pixels, detector=detector)
        for row in found:
            transform = similarity_transform(row[detections.POINTS].reshape(5, 2))
            recogniser.run(as_tensor(cv2.warpAffine(pixels, transform, (112, 112))))
        return len(found)

    return run


def deepface_represent() -> Callable[[Path], int]:
    """`DeepFace.represent` with YuNet and SFace: the weights lie where the library looks for them."""
    home = Path(tempfile.mkdtemp(prefix="custos-bench-deepface-"))
    weights = home / ".deepface" / "weights"
    weights.mkdir(parents=True)
    shutil.copy(MODELS / "yunet-2023mar.onnx", weights / "face_detection_yunet_2023mar.onnx")
    shutil.copy(MODELS / "sface-2021dec.onnx", weights / "face_recognition_sface_2021dec.onnx")
    os.environ.update({"DEEPFACE_HOME": str(home), "DEEPFACE_LOG_LEVEL": "40"})
    import cv2
    from deepface import DeepFace

    cv2.setNumThreads(1)

    def run(path: Path) -> int:
        return len(
            DeepFace.represent(
                str(path), model_name="SFace", detector_backend="yunet", align=True, enforce_detection=False
            )
        )

    return run


WAYS: dict[str, Callable[[], Callable[[Path], int]]] = {
    "same": same_models,
    "onnxruntime": onnxruntime_alone,
    "deepface": deepface_represent,
}
NAMES = {"same": "same models, bare", "onnxruntime": "bare ONNX Runtime", "deepface": "DeepFace.represent"}
