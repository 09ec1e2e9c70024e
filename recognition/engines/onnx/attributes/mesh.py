"""MediaPipe's face mesh: 478 points of a face, and from some of them 52 movements (blendshapes).

Kartynnik et al.: "Real-time Facial Surface Geometry from Monocular Video on Mobile GPUs" (2019). Sizes, normalisation
and the points that the second model reads are those of MediaPipe's graphs (face_landmarks_detector_graph.cc,
face_blendshapes_graph.cc). MediaPipe's left and right are the person's own; ours are those of the picture.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from recognition.engines.alignment import cut_out
from recognition.engines.attributes import Landmark
from recognition.engines.base import FloatArray
from recognition.engines.onnx.session import Session

SIDE_PX: Final = 256
# How much larger than the detector's box the square is that the model sees.
_MARGIN: Final = 1.5
# Logit of "there is a face"; below zero the points mean nothing.
_LEAST_PRESENCE: Final = 0.0

_SUBSET: Final = np.array(
    """0 1 4 5 6 7 8 10 13 14 17 21 33 37 39 40 46 52 53 54 55 58 61 63 65 66 67 70 78 80 81 82 84 87 88 91 93 95 103
    105 107 109 127 132 133 136 144 145 146 148 149 150 152 153 154 155 157 158 159 160 161 162 163 168 172 173 176 178
    181 185 191 195 197 234 246 249 251 263 267 269 270 276 282 283 284 285 288 291 293 295 296 297 300 308 310 311 312
    314 317 318 321 323 324 332 334 336 338 356 361 362 365 373 374 375 377 378 379 380 381 382 384 385 386 387 388 389
    390 397 398 400 402 405 409 415 454 466 468 469 470 471 472 473 474 475 476 477""".split(),
    np.intp,
)
_MOVEMENTS: Final = (
    "_neutral browDownLeft browDownRight browInnerUp browOuterUpLeft browOuterUpRight cheekPuff cheekSquintLeft"
    " cheekSquintRight eyeBlinkLeft eyeBlinkRight eyeLookDownLeft eyeLookDownRight eyeLookInLeft eyeLookInRight"
    " eyeLookOutLeft eyeLookOutRight eyeLookUpLeft eyeLookUpRight eyeSquintLeft eyeSquintRight eyeWideLeft eyeWideRight"
    " jawForward jawLeft jawOpen jawRight mouthClose mouthDimpleLeft mouthDimpleRight mouthFrownLeft mouthFrownRight"
    " mouthFunnel mouthLeft mouthLowerDownLeft mouthLowerDownRight mouthPressLeft mouthPressRight mouthPucker"
    " mouthRight mouthRollLower mouthRollUpper mouthShrugLower mouthShrugUpper mouthSmileLeft mouthSmileRight"
    " mouthStretchLeft mouthStretchRight mouthUpperUpLeft mouthUpperUpRight noseSneerLeft noseSneerRight"
).split()
# Rekognition's landmarks beyond the detector's five, by the mesh's points.
_LANDMARKS: Final = {
    "leftEyeBrowLeft": 70,
    "leftEyeBrowUp": 105,
    "leftEyeBrowRight": 107,
    "rightEyeBrowLeft": 336,
    "rightEyeBrowUp": 334,
    "rightEyeBrowRight": 300,
    "leftEyeLeft": 33,
    "leftEyeRight": 133,
    "leftEyeUp": 159,
    "leftEyeDown": 145,
    "rightEyeLeft": 362,
    "rightEyeRight": 263,
    "rightEyeUp": 386,
    "rightEyeDown": 374,
    "noseLeft": 98,
    "noseRight": 327,
    "mouthUp": 0,
    "mouthDown": 17,
    "leftPupil": 468,
    "rightPupil": 473,
    "upperJawlineLeft": 234,
    "midJawlineLeft": 172,
    "chinBottom": 152,
    "midJawlineRight": 397,
    "upperJawlineRight": 454,
}


@dataclass(frozen=True, slots=True, eq=False)
class Mesh:
    """The points of one face.

    Attributes:
        points: float32 (478, 2), pixels of the crop.
        crop: uint8 (256, 256, 3), BGR, upright, that they were found in.
        transform: float32 (2, 3), from pixels of the picture to pixels of the crop.
    """

    points: FloatArray
    crop: npt.NDArray[np.uint8]
    transform: FloatArray

    def in_picture(self) -> FloatArray:
        """Return the points in pixels of the picture, float32 (478, 2)."""
        linear, shift = self.transform[:, :2], self.transform[:, 2]
        there: FloatArray = (self.points - shift) @ np.linalg.inv(linear).T
        return there

    def landmarks(self, *, width: int, height: int) -> tuple[Landmark, ...]:
        """Return the 25 landmarks beyond the detector's five, in fractions of a picture of that size."""
        there = self.in_picture()[list(_LANDMARKS.values())]
        return tuple(
            Landmark(kind, float(x) / width, float(y) / height) for kind, (x, y) in zip(_LANDMARKS, there, strict=True)
        )


class MeshFinder:
    """The first model. Holds no state between faces."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def find(self, pixels: npt.NDArray[np.uint8], *, box: FloatArray, eyes: FloatArray) -> Mesh | None:
        """Return the mesh of a face; None where the model sees none.

        Args:
            pixels: uint8 (h, w, 3), BGR.
            box: float32 (4,): left, top, width, height in pixels.
            eyes: float32 (2, 2), pixels; the picture's left one first.
        """
        transform = _square(box, eyes=eyes)
        crop = cut_out(pixels, transform, side_px=SIDE_PX)
        points, presence, _ = self._session.run(unit_rgb(crop))
        if float(presence.ravel()[0]) < _LEAST_PRESENCE:
            return None
        return Mesh(points.reshape(478, 3)[:, :2], crop, transform)


class MovementReader:
    """The second model. Holds no state between faces."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def read(self, mesh: Mesh) -> dict[str, float]:
        """Return how far each of 52 movements goes, 0…1, by ARKit's names (left and right are the person's own)."""
        (output,) = self._session.run(np.ascontiguousarray(mesh.points[_SUBSET][None]))
        return {name: float(value) for name, value in zip(_MOVEMENTS, output.ravel(), strict=True)}


def unit_rgb(crop: npt.NDArray[np.uint8]) -> FloatArray:
    """Return a crop, uint8 (h, w, 3), BGR, as a tensor, float32 (1, h, w, 3), RGB 0…1."""
    # OpenCV turns the colours around four times as fast as a reversed view does.
    return np.multiply(cv2.cvtColor(crop, cv2.COLOR_BGR2RGB)[None], np.float32(1 / 255), dtype=np.float32)


def _square(box: FloatArray, *, eyes: FloatArray) -> FloatArray:
    """Return the transform to a square around the box in which the eyes are level."""
    left, top, width, height = (float(value) for value in box)
    across, down = (float(value) for value in eyes[1] - eyes[0])
    angle = math.atan2(down, across)
    scale = SIDE_PX / (_MARGIN * max(width, height, 1.0))
    cosine, sine = scale * math.cos(angle), scale * math.sin(angle)
    linear = np.array([[cosine, sine], [-sine, cosine]])
    shift = SIDE_PX / 2 - linear @ np.array([left + width / 2, top + height / 2])
    return np.hstack([linear, shift[:, None]]).astype(np.float32)
