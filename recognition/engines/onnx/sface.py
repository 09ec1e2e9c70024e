"""SFace: an aligned face to 128 numbers. Zhong, Deng et al., IEEE TIP 30 (2021)."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from recognition.engines.base import FloatArray
from recognition.engines.onnx.session import Session

DIMENSIONS: Final = 128


class SFace:
    """The template model. Holds no state between faces."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def vector(self, crop: npt.NDArray[np.uint8]) -> FloatArray:
        """Return the template's vector.

        Args:
            crop: uint8 (112, 112, 3), BGR, aligned.

        Returns:
            float32 (128,), unit length, read-only.
        """
        (output,) = self._session.run(as_tensor(crop))
        vector: FloatArray = output[0] / np.linalg.norm(output[0])
        vector.setflags(write=False)
        return vector


def as_tensor(crop: npt.NDArray[np.uint8]) -> FloatArray:
    """Return float32 (1, 3, 112, 112), RGB 0…255."""
    return np.ascontiguousarray(crop[:, :, ::-1].transpose(2, 0, 1), np.float32)[None]
