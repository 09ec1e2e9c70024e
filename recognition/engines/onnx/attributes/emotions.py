"""Expressions: mini-XCEPTION on FER-2013 (Arriaga et al., 2017).

What a face expresses, not what somebody feels. Of the seven only those are told that were measured to be more than a
guess (service card); the others are `unknown` together.
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
from recognition.engines.onnx.session import Session

_SIDE_PX: Final = 64
_MARGIN: Final = 1.1
# Order of the model: angry, disgusted, fear, happy, sad, surprised, calm.
_TOLD: Final = {"happy": 3, "calm": 6}


class EmotionReader:
    """The model. Holds no state between faces."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def read(self, pixels: npt.NDArray[np.uint8], *, box: FloatArray, eyes: FloatArray) -> tuple[Emotion, ...]:
        """Return the expressions, most likely first.

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
        each = shares.ravel()
        found = {kind: 100.0 * float(each[index]) for kind, index in _TOLD.items()}
        found["unknown"] = max(0.0, 100.0 - sum(found.values()))
        return tuple(sorted((Emotion(*pair) for pair in found.items()), key=lambda emotion: -emotion.confidence))
