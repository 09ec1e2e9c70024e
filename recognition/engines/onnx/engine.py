"""The default engine: YuNet finds, alignment turns upright, SFace makes the template.

Each model runs on the first backend of its list that is there and gives the golden vector on this machine. That is
provenance, not version: the version is models, pre-processing and calibration, so templates made on different machines
may meet.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from common.permits import Permit, require_permit
from common.vocabulary import FaceAttribute, Operation
from recognition.engines.alignment import aligned_crop
from recognition.engines.attributes import Attributes
from recognition.engines.base import MAX_FACES, DetectedFace, Template
from recognition.engines.detections import face_of, points_of
from recognition.engines.errors import EngineInWrongProcess, require_offered
from recognition.engines.manifest import CORE_MODELS, SFACE, YUNET
from recognition.engines.onnx.attributes import analyser
from recognition.engines.onnx.loading import Loader
from recognition.engines.onnx.sface import DIMENSIONS, SFace
from recognition.engines.onnx.yunet import YuNet
from recognition.evaluation.calibration import Calibration
from recognition.images import UprightImage

# Raised whenever the same photograph would give another template: sizes, alignment, colour order.
PREPROCESSING: Final = 1
CALIBRATION_PATH: Final = Path(__file__).with_name("sface_calibration.json")


class OnnxEngine:
    """YuNet, SFace, and the models of attributes. Loaded once a process; shared by its threads, refused in a fork."""

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
        cv2.setNumThreads(threads)  # of the whole process: it would take every core for a single picture
        loader = Loader(models_dir=models_dir, runtime=runtime, threads=threads)
        detector, on_detector = loader.load(YUNET)
        recogniser, on_recogniser = loader.load(SFACE)
        self._detector, self._recogniser = YuNet(detector), SFace(recogniser)
        self._analyser = analyser.Analyser(loader)
        self.backends = {YUNET.name: on_detector, SFACE.name: on_recogniser}
        self.calibration = Calibration.load(CALIBRATION_PATH)
        self.version = _version(self.calibration)

    def detect(
        self, image: UprightImage, *, permit: Permit, max_faces: int = MAX_FACES, thorough: bool = False
    ) -> tuple[DetectedFace, ...]:
        """Find up to `max_faces` faces, largest first. See `FaceEngine.detect`."""
        self._check(permit)
        found = self._detector.detect(image.pixels, thorough=thorough)
        return tuple(face_of(row, pixels=image.pixels) for row in found[:max_faces])

    def extract(self, image: UprightImage, faces: Sequence[DetectedFace], *, permit: Permit) -> tuple[Template, ...]:
        """Make one template for each face. See `FaceEngine.extract`."""
        self._check(permit)
        return tuple(self._template(face, pixels=image.pixels) for face in faces)

    @property
    def attributes(self) -> frozenset[FaceAttribute]:
        """What `analyse` can be asked for."""
        return analyser.OFFERED

    @property
    def attributes_version(self) -> str:
        """Changes with every model, head, calibration or rule of attributes."""
        return self._analyser.version

    def analyse(
        self, image: UprightImage, faces: Sequence[DetectedFace], *, wanted: frozenset[FaceAttribute], permit: Permit
    ) -> tuple[Attributes, ...]:
        """Say what was asked of each face. See `FaceEngine.analyse`."""
        self._check(permit)
        require_permit(permit, operations={Operation.ANALYSE_ATTRIBUTES})
        require_offered(wanted, offered=self.attributes)
        return tuple(self._analyser.analyse(image.pixels, face, wanted=wanted) for face in faces)

    def _template(self, face: DetectedFace, *, pixels: npt.NDArray[np.uint8]) -> Template:
        crop = aligned_crop(pixels, points_of(face, pixels=pixels))
        return Template(self._recogniser.vector(crop), self.version)

    def _check(self, permit: Permit) -> None:
        require_permit(permit)
        if os.getpid() != self._process:
            raise EngineInWrongProcess()


def _version(calibration: Calibration) -> str:
    """Name the models, and everything else that decides a template or what its scores mean, by digest."""
    parts = [*(card.sha256 for card in CORE_MODELS), str(PREPROCESSING), calibration.digest]
    digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()
    return f"{YUNET.name}+{SFACE.name}@{digest[:12]}"
