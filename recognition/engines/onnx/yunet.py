"""YuNet: where the faces are, and five points of each.

Wu, Peng, Yu: "YuNet: A Tiny Millisecond-level Face Detector", Machine Intelligence Research 20 (2023); the decoding of
its outputs is that of OpenCV's FaceDetectorYN, with which a test compares it.
"""

from __future__ import annotations

from collections import deque
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from recognition.engines.base import FloatArray
from recognition.engines.detections import (
    CANDIDATES,
    COLUMNS,
    LEAST_SCORE,
    LONGEST_SIDE_PX,
    POINTS,
    SCORE,
    detect_at_sizes,
    detect_thoroughly,
    suppress,
)
from recognition.engines.onnx.session import Session, available_cores

STRIDES: Final = (8, 16, 32)


class YuNet:
    """The detector. Holds no state between pictures but the memory of their tensors, which the next ones use again."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._spare: deque[FloatArray] = deque(maxlen=available_cores())

    def detect(self, pixels: npt.NDArray[np.uint8], *, thorough: bool = False) -> FloatArray:
        """Find faces.

        Args:
            pixels: uint8 (h, w, 3), BGR, upright.
            thorough: also look at enlarged tiles, for small faces.

        Returns:
            float32 (n, 15), largest box first: left, top, width, height; x, y of right eye, left eye, nose tip, right
            and left corner of the mouth (the person's own right); score 0…1. In pixels of `pixels`.
        """
        return (detect_thoroughly if thorough else detect_at_sizes)(pixels, look=self._look)

    def _look(self, view: npt.NDArray[np.uint8]) -> FloatArray:
        memory = self._memory()
        tensor, (rows, columns) = as_tensor(view, memory=memory)
        outputs = self._session.run(tensor)
        self._spare.append(memory)
        return suppress(decode(outputs, rows=rows, columns=columns))

    def _memory(self) -> FloatArray:
        """Return memory for one tensor: fresh memory costs a page fault for every thousand of its numbers."""
        try:
            return self._spare.pop()
        except IndexError:
            return np.empty(3 * LONGEST_SIDE_PX**2, np.float32)


def as_tensor(pixels: npt.NDArray[np.uint8], *, memory: FloatArray | None = None) -> tuple[FloatArray, tuple[int, int]]:
    """Return float32 (1, 3, h, w), BGR 0…255, sides padded with black to multiples of 32; and that (h, w).

    Args:
        pixels: uint8 (h, w, 3), BGR.
        memory: float32 (n,), to be used where it is large enough; what was in it is lost.
    """
    height, width = pixels.shape[:2]
    rows, columns = (-(-side // STRIDES[-1]) * STRIDES[-1] for side in (height, width))
    if memory is None or memory.size < 3 * rows * columns:
        memory = np.empty(3 * rows * columns, np.float32)
    tensor = memory[: 3 * rows * columns].reshape(1, 3, rows, columns)
    tensor[0, :, height:] = 0.0
    tensor[0, :, :height, width:] = 0.0
    # Planes that lie together are converted twice as fast as every third byte.
    for channel, plane in enumerate(cv2.split(pixels)):
        tensor[0, channel, :height, :width] = plane
    return tensor, (rows, columns)


def decode(outputs: tuple[FloatArray, ...], *, rows: int, columns: int) -> FloatArray:
    """Turn the twelve outputs (classes, objects, boxes, points at strides 8, 16, 32) into detections, best first.

    Returns:
        float32 (n, 15) as in `YuNet.detect`, in pixels of the tensor, with a score of at least `LEAST_SCORE`.
    """
    # Of some twenty thousand cells a few hundred are looked at closely: whatever cannot reach the least score is left
    # out first, in three steps for the whole picture.
    parts = [
        _likely(stride, *(outputs[kind * 3 + index][0] for kind in range(4)), columns=columns)
        for index, stride in enumerate(STRIDES)
    ]
    likely, boxes, points = (np.concatenate(same) for same in zip(*parts, strict=True))
    cells, strides, scores = likely[:, :2], likely[:, 2:3], likely[:, 3]
    sizes = np.exp(boxes[:, 2:]) * strides
    found = np.empty((len(likely), COLUMNS), np.float32)
    found[:, :2] = (cells + boxes[:, :2]) * strides - sizes / 2
    found[:, 2:4] = sizes
    found[:, POINTS] = ((points.reshape(-1, 5, 2) + cells[:, None]) * strides[:, None]).reshape(-1, 10)
    found[:, SCORE] = scores
    found = found[scores >= LEAST_SCORE]
    return found[np.argsort(-found[:, SCORE], kind="stable")[:CANDIDATES]]


def _likely(
    stride: int, classes: FloatArray, objects: FloatArray, boxes: FloatArray, points: FloatArray, *, columns: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return column, row, stride and score of the cells that may hold a face, with their boxes and points."""
    # A little low, for the rounding of the root: who reaches the least score is asked of the root itself.
    kept = np.flatnonzero(classes[:, 0] * objects[:, 0] >= 0.9 * LEAST_SCORE**2)
    found = np.empty((len(kept), 4), np.float32)
    found[:, 0], found[:, 1], found[:, 2] = kept % (columns // stride), kept // (columns // stride), stride
    found[:, 3] = np.sqrt(np.clip(classes[kept, 0], 0.0, 1.0) * np.clip(objects[kept, 0], 0.0, 1.0))
    return found, boxes[kept], points[kept]
