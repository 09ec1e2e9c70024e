"""Age and gender: dlib's models on small upright crops.

Gender is how a face looks to the model, in its two words; it says nothing about who somebody is.
"""

from __future__ import annotations

import math
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from recognition.engines.alignment import POINTS, cut_out, similarity_transform
from recognition.engines.attributes import AgeRange, Choice
from recognition.engines.base import FloatArray
from recognition.engines.onnx.attributes import calibration
from recognition.engines.onnx.session import Session

_AGE_SIDE_PX: Final = 64
_GENDER_SIDE_PX: Final = 32
# Distance and height of the eyes in the crop, in its sides: what measured best on the labelled photographs.
_EYE_DISTANCE: Final = 0.38
_EYE_HEIGHT: Final = 0.26
_MEAN_RGB: Final = np.array([122.782, 117.001, 104.298], np.float32)
_YEARS: Final = np.arange(81, dtype=np.float32)
# Half of the range of ages: about two thirds of the labelled photographs lie within it (service card).
_AT_AGES: Final = (0.0, 20.0, 45.0, 80.0)
_SPREADS: Final = (5.0, 7.0, 10.0, 12.0)


class AgeReader:
    """The model of ages. Holds no state between faces."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def read(self, pixels: npt.NDArray[np.uint8], *, points: FloatArray) -> AgeRange:
        """Return the range of ages of a face with these five points, float32 (5, 2) in pixels."""
        age = self.expected(pixels, points=points)
        spread = float(np.interp(age, _AT_AGES, _SPREADS))
        return AgeRange(max(0, round(age - spread)), round(age + spread))

    def expected(self, pixels: npt.NDArray[np.uint8], *, points: FloatArray) -> float:
        """Return the expected age in years, the mean of a crop and its mirror image."""
        crop = _crop(pixels, points=points, side_px=_AGE_SIDE_PX)
        return sum(float(self._session.run(_as_tensor(view))[0].ravel() @ _YEARS) for view in _both(crop)) / 2


class GenderReader:
    """The model of gender. Holds no state between faces."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def read(self, pixels: npt.NDArray[np.uint8], *, points: FloatArray) -> Choice:
        """Return `female` or `male`: what the face looks like to the model."""
        male = calibration.probability("gender", self.raw(pixels, points=points))
        return Choice("male", 100.0 * male) if male >= 0.5 else Choice("female", 100.0 * (1.0 - male))

    def raw(self, pixels: npt.NDArray[np.uint8], *, points: FloatArray) -> float:
        """Return the log-odds of `male`, the mean of a crop and its mirror image."""
        crop = _crop(pixels, points=points, side_px=_GENDER_SIDE_PX)
        odds = []
        for view in _both(crop):
            female, male = (max(1e-6, float(value)) for value in self._session.run(_as_tensor(view))[0].ravel())
            odds.append(math.log(male / female))
        return sum(odds) / 2


def _crop(pixels: npt.NDArray[np.uint8], *, points: FloatArray, side_px: int) -> npt.NDArray[np.uint8]:
    between = (POINTS[0] + POINTS[1]) / 2
    scale = _EYE_DISTANCE / float(np.linalg.norm(POINTS[1] - POINTS[0]))
    target = side_px * ((POINTS - between) * scale + np.array([0.5, _EYE_HEIGHT], np.float32))
    transform = similarity_transform(points, target=target.astype(np.float32))
    return cut_out(pixels, transform, side_px=side_px)


def _both(crop: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    return crop, cv2.flip(crop, 1).astype(np.uint8, copy=False)


def _as_tensor(crop: npt.NDArray[np.uint8]) -> FloatArray:
    scaled = (crop[:, :, ::-1].astype(np.float32) - _MEAN_RGB) / 256.0
    return np.ascontiguousarray(scaled.transpose(2, 0, 1))[None]
