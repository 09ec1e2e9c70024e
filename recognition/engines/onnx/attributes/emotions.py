"""Expressions: mini-XCEPTION on FER-2013 (Arriaga et al., 2017).

What a face expresses, not what somebody feels. Of the seven those are told that were measured to be more than a guess
(service card), as often as they turned out right; whatever else a face does, fear among it, is `unknown`.
"""

from __future__ import annotations

import math
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from recognition.engines.alignment import cut_out
from recognition.engines.attributes import Emotion
from recognition.engines.base import FloatArray
from recognition.engines.onnx.attributes import calibration
from recognition.engines.onnx.session import Session

_SIDE_PX: Final = 64
_MARGIN: Final = 1.1
# Order of the model: angry, disgusted, fear, happy, sad, surprised, calm.
TOLD: Final = {"angry": 0, "disgusted": 1, "happy": 3, "sad": 4, "surprised": 5, "calm": 6}
# Shares are kept this far from 0 and 1, where their odds would be infinite.
_LEAST_SHARE: Final = 1e-3
# No photograph of LFW has a larger share of disgust: what a larger one is worth nobody measured, so it counts as this.
_MOST_DISGUST: Final = 0.33


class EmotionReader:
    """The model. Holds no state between faces."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def read(self, pixels: npt.NDArray[np.uint8], *, box: FloatArray, eyes: FloatArray) -> tuple[Emotion, ...]:
        """Return the expressions, most likely first; the arguments are those of `shares`."""
        return told(self.shares(pixels, box=box, eyes=eyes))

    def shares(self, pixels: npt.NDArray[np.uint8], *, box: FloatArray, eyes: FloatArray) -> FloatArray:
        """Return the model's own seven shares, float32 (7,), 0…1; raw numbers of the calibration.

        Args:
            pixels: uint8 (h, w, 3), BGR.
            box: float32 (4,): left, top, width, height in pixels.
            eyes: float32 (2, 2), pixels; the picture's left one first.
        """
        left, top, width, height = (float(value) for value in box)
        across, down = (float(value) for value in eyes[1] - eyes[0])
        scale = _SIDE_PX / (_MARGIN * max(width, height, 1.0))
        middle = (left + width / 2, top + height / 2)
        turn = np.array(cv2.getRotationMatrix2D(middle, math.degrees(math.atan2(down, across)), scale), np.float32)
        turn[:, 2] += np.float32(_SIDE_PX / 2) - np.array(middle, np.float32)
        grey = cv2.cvtColor(cut_out(pixels, turn, side_px=_SIDE_PX), cv2.COLOR_BGR2GRAY)
        tensor = (grey.astype(np.float32) / 255.0 - 0.5) * 2.0
        (shares,) = self._session.run(np.ascontiguousarray(tensor[None, None]))
        return np.asarray(shares.ravel(), np.float32)


def told(shares: FloatArray) -> tuple[Emotion, ...]:
    """Return the expressions with calibrated confidence, most likely first.

    Each share's odds are scaled and moved, the odds of `unknown` are 1 (vector scaling: Guo et al., ICML 2017).
    """
    fitted = calibration.coefficients()
    odds = {"unknown": 1.0}
    for kind, logit in zip(TOLD, logits(shares), strict=True):
        slope, offset = fitted[kind]
        odds[kind] = math.exp(slope * float(logit) + offset)
    whole = sum(odds.values())
    found = (Emotion(kind, 100.0 * each / whole) for kind, each in odds.items())
    return tuple(sorted(found, key=lambda emotion: -emotion.confidence))


def logits(shares: FloatArray) -> npt.NDArray[np.float64]:
    """Return the logarithms of the odds of the expressions that are told, in their order, float64 (..., 6)."""
    each = shares[..., list(TOLD.values())].astype(np.float64)
    disgust = list(TOLD).index("disgusted")
    each[..., disgust] = np.minimum(each[..., disgust], _MOST_DISGUST)
    return np.asarray(np.log((each + _LEAST_SHARE) / (1.0 - each + _LEAST_SHARE)), np.float64)
