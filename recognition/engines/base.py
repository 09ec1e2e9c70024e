"""What every engine offers, and the values that it gives back. No runtime, no weights and no Django here.

Boxes and points are fractions of the upright image (after EXIF orientation), everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from common.permits import Permit
from common.vocabulary import FaceAttribute
from recognition.engines.attributes import Attributes, Landmark
from recognition.evaluation.calibration import Calibration
from recognition.images import UprightImage

__all__ = [
    "MAX_FACES",
    "Box",
    "DetectedFace",
    "FaceEngine",
    "FloatArray",
    "Landmark",
    "Pose",
    "Quality",
    "Template",
]

FloatArray = npt.NDArray[np.float32]

MAX_FACES = 100


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in fractions of the upright image; it may reach beyond 0…1 where a face is cut by the border."""

    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Pose:
    """Where the head points, in degrees, all 0 for a face that looks straight into the lens.

    Attributes:
        yaw: positive when the face looks towards the right border of the picture.
        pitch: positive when it looks up.
        roll: positive when it leans clockwise, as seen in the picture.
    """

    yaw: float
    pitch: float
    roll: float


@dataclass(frozen=True, slots=True)
class Quality:
    """How usable the face is, each 0…100: mean brightness, sharpness, and one score over both, size and pose."""

    brightness: float
    sharpness: float
    score: float


@dataclass(frozen=True, slots=True)
class DetectedFace:
    """A face in a picture; `confidence` is the detector's score, 0…100."""

    box: Box
    confidence: float
    landmarks: tuple[Landmark, ...]
    pose: Pose
    quality: Quality


@dataclass(frozen=True, slots=True, eq=False)
class Template:
    """A feature vector and the version of the engine that made it; vectors of two versions never meet.

    Attributes:
        vector: float32 (d,), unit length, read-only.
    """

    vector: FloatArray
    engine_version: str


class FaceEngine(Protocol):
    """Finds faces and makes templates. Safe to share between threads, refused in a process that it was not made in."""

    @property
    def name(self) -> str:
        """The name that the registry knows it by."""

    @property
    def version(self) -> str:
        """Changes whenever templates or scores would: weights, pre-processing or calibration."""

    @property
    def dimensions(self) -> int:
        """Length of a template's vector."""

    @property
    def calibration(self) -> Calibration:
        """What its similarity scores mean."""

    @property
    def attributes(self) -> frozenset[FaceAttribute]:
        """What `analyse` can be asked for here; empty: it says nothing beyond detection."""

    @property
    def attributes_version(self) -> str:
        """Changes whenever an attribute would. Apart from `version`: another model of ages leaves templates alone."""

    def detect(self, image: UprightImage, *, permit: Permit, max_faces: int = MAX_FACES) -> tuple[DetectedFace, ...]:
        """Find up to `max_faces` faces, largest first.

        Raises:
            TypeError: `permit` is not a Permit.
            EngineInWrongProcess: the process forked after the engine was loaded.
        """

    def extract(self, image: UprightImage, faces: Sequence[DetectedFace], *, permit: Permit) -> tuple[Template, ...]:
        """Make one template for each of the faces found in this image, in their order.

        Raises:
            TypeError: `permit` is not a Permit.
            EngineInWrongProcess: the process forked after the engine was loaded.
        """

    def analyse(
        self, image: UprightImage, faces: Sequence[DetectedFace], *, wanted: frozenset[FaceAttribute], permit: Permit
    ) -> tuple[Attributes, ...]:
        """Say what was asked of each of the faces found in this image, in their order. Runs only what it takes.

        Raises:
            AttributesNotOffered: something was asked that is not among `attributes`.
            WeightsMissing, WeightsAltered, RuntimeUnusable: a model that it takes cannot be loaded.
            TypeError: `permit` is not a Permit.
            EngineInWrongProcess: the process forked after the engine was loaded.
        """
