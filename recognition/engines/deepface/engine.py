"""A detector and a recogniser of the deepface library as one engine.

Recognisers that were trained on ArcFace's template (SFace, ArcFace, GhostFaceNet, Buffalo_L) get faces aligned by the
default engine's code, not by the library's: on the same weights `deepface:yunet+SFace` makes the default engine's
templates (cosine 0.99 and more; a test holds the two together). The others get the library's own alignment.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from common.permits import Permit, require_permit
from common.vocabulary import FaceAttribute
from recognition.engines.alignment import aligned_crop
from recognition.engines.attributes import Attributes
from recognition.engines.base import MAX_FACES, DetectedFace, FloatArray, Template
from recognition.engines.deepface import files, library
from recognition.engines.deepface.catalogue import PREFIX, Alignment, Detector, Recogniser, folder_of, parse
from recognition.engines.deepface.finders import Finder, LibraryFinder, YuNetFinder
from recognition.engines.detections import face_of, points_of
from recognition.engines.errors import EngineInWrongProcess, require_offered
from recognition.evaluation.calibration import Calibration
from recognition.images import UprightImage

# Raised whenever the same photograph would give another template: sizes, alignment, colour order.
PREPROCESSING: Final = 1


class DeepfaceEngine:
    """Loaded once a process; shared by its threads, which take turns; refused in a fork.

    It says no attributes: the library's analyses of age, gender, emotion and race cannot be reached (decision 0006).
    """

    attributes: frozenset[FaceAttribute] = frozenset()

    def __init__(self, models_dir: Path, selection: str, *, calibration: Calibration | None = None) -> None:
        """Check that every file is there, then import the library and load both models.

        Args:
            models_dir: its subfolder `deepface` holds the weights.
            selection: `<detector>+<model>`.
            calibration: what the scores mean; None: the measured one. Given only by the benchmark that measures it.

        Raises:
            EngineUnknown: the library has no such detector or model.
            WeightsMissing: a weight file is not in place. Nothing is downloaded.
            CalibrationMissing: nobody measured what this model's scores mean.
            RuntimeUnusable: a package that the choice needs is not installed, or cannot load it.
        """
        detector, recogniser = parse(selection)
        digests = files.digests_of(detector, recogniser, models_dir=models_dir)
        self.calibration = calibration or files.calibration_of(
            detector, recogniser, models_dir=models_dir, digests=digests
        )
        self.name = f"{PREFIX}:{selection}"
        self.version = _version(detector, recogniser, digests=digests, calibration=self.calibration)
        self._process = os.getpid()
        self._folder = folder_of(models_dir)
        self._alignment = recogniser.alignment
        self._finder = _finder(detector, folder=self._folder)
        self._model: Any = library.build("facial_recognition", recogniser.name, folder=self._folder)
        self.dimensions = int(self._model.output_shape)
        # The library's clients keep state between calls, YuNet the size of the picture.
        self._lock = threading.Lock()

    def detect(self, image: UprightImage, *, permit: Permit, max_faces: int = MAX_FACES) -> tuple[DetectedFace, ...]:
        """Find up to `max_faces` faces, largest first. See `FaceEngine.detect`."""
        self._check(permit)
        with self._lock, library.weights_in(self._folder):
            found = self._finder.find(image.pixels)
        return tuple(face_of(row, pixels=image.pixels) for row in found[:max_faces])

    def extract(self, image: UprightImage, faces: Sequence[DetectedFace], *, permit: Permit) -> tuple[Template, ...]:
        """Make one template for each face. See `FaceEngine.extract`."""
        self._check(permit)
        return tuple(Template(self._vector(self._crop(face, image=image)), self.version) for face in faces)

    @property
    def attributes_version(self) -> str:
        """The engine's own: there are no models of attributes."""
        return self.version

    def analyse(
        self, image: UprightImage, faces: Sequence[DetectedFace], *, wanted: frozenset[FaceAttribute], permit: Permit
    ) -> tuple[Attributes, ...]:
        """Say nothing, or refuse. See `FaceEngine.analyse`."""
        self._check(permit)
        require_offered(wanted, offered=self.attributes)
        return tuple(Attributes() for _ in faces)

    def _crop(self, face: DetectedFace, *, image: UprightImage) -> npt.NDArray[np.uint8]:
        points = points_of(face, pixels=image.pixels)
        if self._alignment is Alignment.FIVE_POINTS:
            return aligned_crop(image.pixels, points)
        box = face.box
        left, top, width, height = (
            round(share * side)
            for share, side in zip(
                (box.left, box.top, box.width, box.height), (image.width, image.height) * 2, strict=True
            )
        )
        right_eye, left_eye = (tuple(round(float(value)) for value in point) for point in points[:2])
        crop: npt.NDArray[np.uint8] = library.cut_out(
            image.pixels, box=(left, top, width, height), left_eye=left_eye, right_eye=right_eye
        )
        return crop if crop.size else np.zeros((1, 1, 3), np.uint8)

    def _vector(self, crop: npt.NDArray[np.uint8]) -> FloatArray:
        """Return float32 (d,), unit length, read-only."""
        with self._lock, library.weights_in(self._folder):
            output = np.asarray(self._model.forward(library.as_input(crop, model=self._model)), np.float32).ravel()
        vector: FloatArray = output / np.linalg.norm(output)
        vector.setflags(write=False)
        return vector

    def _check(self, permit: Permit) -> None:
        require_permit(permit)
        if os.getpid() != self._process:
            raise EngineInWrongProcess()


def _finder(detector: Detector, *, folder: Path) -> Finder:
    points = YuNetFinder(library.build("face_detector", "yunet", folder=folder)) if _uses_yunet(detector) else None
    if detector.name == "yunet" and points is not None:
        return points
    return LibraryFinder(library.build("face_detector", detector.name, folder=folder), points=points)


def _uses_yunet(detector: Detector) -> bool:
    return detector.name == "yunet" or not detector.has_points


def _version(detector: Detector, recogniser: Recogniser, *, digests: dict[str, str], calibration: Calibration) -> str:
    """Name library, detector and model, and by digest everything else that decides a template or its scores."""
    packages = sorted({packages for packages in (detector.packages, recogniser.packages) if packages})
    parts = [
        *(f"{name} {digest}" for name, digest in sorted(digests.items())),
        *map(library.package_version, packages),
        f"{recogniser.alignment} {PREPROCESSING}",
        calibration.digest,
    ]
    digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()
    return f"deepface-{library.library_version()}:{detector.name}+{recogniser.name}@{digest[:12]}"
