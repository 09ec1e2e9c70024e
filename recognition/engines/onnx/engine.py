"""The default engine: YuNet finds, alignment turns upright, SFace makes the template.

Each model runs on the first backend of its list that is there and gives the golden vector on this machine. That is
provenance, not version: the version is models, pre-processing and calibration, so templates made on different machines
may meet.
"""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from common.permits import Permit, require_permit
from recognition.engines import weights
from recognition.engines.alignment import aligned_crop
from recognition.engines.base import MAX_FACES, DetectedFace, Template
from recognition.engines.detections import face_of, points_of
from recognition.engines.errors import EngineInWrongProcess, RuntimeUnusable
from recognition.engines.manifest import MODELS, SFACE, YUNET, ModelCard
from recognition.engines.onnx import golden
from recognition.engines.onnx.session import Backend, RuntimeMissing, Session, open_session
from recognition.engines.onnx.sface import DIMENSIONS, SFace
from recognition.engines.onnx.yunet import YuNet
from recognition.evaluation.calibration import Calibration
from recognition.images import UprightImage

logger = logging.getLogger(__name__)

# Raised whenever the same photograph would give another template: sizes, alignment, colour order.
PREPROCESSING: Final = 1
CALIBRATION_PATH: Final = Path(__file__).with_name("sface_calibration.json")

_OPENVINO: Final = Backend("openvino", "f32")
_ONNXRUNTIME: Final = Backend("onnxruntime", "f32")
# In the order of measured speed (docs/decisions/0003): the small detector is faster on ONNX Runtime, which also takes
# pictures of ever new sizes without compiling anew; the template model is faster on OpenVINO, in bfloat16 where the CPU
# has it. The detector's coordinates do not survive bfloat16.
_PREFERENCES: Final[dict[str, tuple[Backend, ...]]] = {
    YUNET.name: (_ONNXRUNTIME, _OPENVINO),
    SFACE.name: (Backend("openvino", "bf16"), _OPENVINO, _ONNXRUNTIME),
}


class OnnxEngine:
    """YuNet and SFace. Loaded once a process; shared by its threads, refused in a fork."""

    name = "onnx"
    dimensions = DIMENSIONS

    def __init__(self, models_dir: Path, *, runtime: str = "auto", threads: int = 1) -> None:
        """Load and prove both models.

        Args:
            models_dir: where `fetch_models` put them.
            runtime: `auto`, or the one runtime to use: `openvino` or `onnxruntime`.
            threads: CPU threads of one inference.

        Raises:
            WeightsMissing, WeightsAltered: a model is not in place.
            RuntimeUnusable: no runtime gives the golden vectors on this machine.
        """
        self._process = os.getpid()
        self.backends: dict[str, Backend] = {}
        self._detector = YuNet(self._load(YUNET, models_dir=models_dir, runtime=runtime, threads=threads))
        self._recogniser = SFace(self._load(SFACE, models_dir=models_dir, runtime=runtime, threads=threads))
        self.calibration = Calibration.load(CALIBRATION_PATH)
        self.version = _version(self.calibration)

    def detect(self, image: UprightImage, *, permit: Permit, max_faces: int = MAX_FACES) -> tuple[DetectedFace, ...]:
        """Find up to `max_faces` faces, largest first. See `FaceEngine.detect`."""
        self._check(permit)
        found = self._detector.detect(image.pixels)
        return tuple(face_of(row, pixels=image.pixels) for row in found[:max_faces])

    def extract(self, image: UprightImage, faces: Sequence[DetectedFace], *, permit: Permit) -> tuple[Template, ...]:
        """Make one template for each face. See `FaceEngine.extract`."""
        self._check(permit)
        return tuple(self._template(face, pixels=image.pixels) for face in faces)

    def _template(self, face: DetectedFace, *, pixels: npt.NDArray[np.uint8]) -> Template:
        crop = aligned_crop(pixels, points_of(face, pixels=pixels))
        return Template(self._recogniser.vector(crop), self.version)

    def _check(self, permit: Permit) -> None:
        require_permit(permit)
        if os.getpid() != self._process:
            raise EngineInWrongProcess()

    def _load(self, card: ModelCard, *, models_dir: Path, runtime: str, threads: int) -> Session:
        path = weights.verified_path(card, models_dir=models_dir)
        expected = golden.load(card.name)
        tried = []
        for backend in _PREFERENCES[card.name]:
            if runtime not in ("auto", backend.runtime):
                continue
            try:
                session = open_session(path, backend=backend, threads=threads)
            except RuntimeMissing as error:
                tried.append(f"{backend}: {error}")
                continue
            cosine = golden.cosine(session, expected)
            if cosine >= expected.least_cosine:
                logger.info("%s runs on %s (golden vector: cosine %.6f)", card.name, backend, cosine)
                self.backends[card.name] = backend
                return session
            tried.append(f"{backend}: the golden vector's cosine is {cosine:.6f}, not {expected.least_cosine}")
            logger.warning("%s is not used on %s", card.name, tried[-1])
        raise RuntimeUnusable(f"{card.name} cannot run here. Tried: {'; '.join(tried) or f'no runtime {runtime!r}'}.")


def _version(calibration: Calibration) -> str:
    """Name the models, and everything else that decides a template or what its scores mean, by digest."""
    parts = [*(card.sha256 for card in MODELS), str(PREPROCESSING), calibration.digest]
    digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()
    return f"{YUNET.name}+{SFACE.name}@{digest[:12]}"
