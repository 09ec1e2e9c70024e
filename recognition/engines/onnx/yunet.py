"""YuNet: where the faces are, and five points of each.

Wu, Peng, Yu: "YuNet: A Tiny Millisecond-level Face Detector", Machine Intelligence Research 20 (2023); the decoding of
its outputs is that of OpenCV's FaceDetectorYN, with which a test compares it.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from recognition.engines.base import FloatArray
from recognition.engines.onnx.session import Session

STRIDES: Final = (8, 16, 32)
# Longer side of what the network sees. At 1280 faces of 20 px in a picture of that size are found (27 of 28 measured).
LONGEST_SIDE_PX: Final = 1280
# The network was trained on faces of 10 to 300 px: a larger one fills too much of the picture to be seen. Where no face
# that is sure was found, smaller views of the same picture are looked at.
SMALLER_SIDES_PX: Final = (480, 192)
SURE_SCORE: Final = 0.8
LEAST_SCORE: Final = 0.5
_MOST_OVERLAP: Final = 0.3
_PART_INSIDE: Final = 0.8
_CANDIDATES: Final = 5000

# Columns of a detection.
BOX: Final = slice(0, 4)
POINTS: Final = slice(4, 14)
SCORE: Final = 14


class YuNet:
    """The detector. Holds no state between pictures."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def detect(self, pixels: npt.NDArray[np.uint8]) -> FloatArray:
        """Find faces.

        Args:
            pixels: uint8 (h, w, 3), BGR, upright.

        Returns:
            float32 (n, 15), largest box first: left, top, width, height; x, y of right eye, left eye, nose tip, right
            and left corner of the mouth (the person's own right); score 0…1. In pixels of `pixels`.
        """
        longest = max(pixels.shape[:2])
        found = self._detect_at(pixels, scale=min(1.0, LONGEST_SIDE_PX / longest))
        for side in SMALLER_SIDES_PX:
            if longest <= side or (len(found) and found[:, SCORE].max() >= SURE_SCORE):
                continue
            found = suppress(np.concatenate([found, self._detect_at(pixels, scale=side / longest)]))
        found = without_parts(found)
        return found[np.argsort(-found[:, 2] * found[:, 3], kind="stable")]

    def _detect_at(self, pixels: npt.NDArray[np.uint8], *, scale: float) -> FloatArray:
        if scale < 1.0:
            # INTER_AREA: a plain bilinear shrink of a large photograph loses small faces to aliasing.
            height, width = (max(1, round(side * scale)) for side in pixels.shape[:2])
            pixels = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
        tensor, (rows, columns) = as_tensor(pixels)
        found = suppress(decode(self._session.run(tensor), rows=rows, columns=columns))
        found[:, :SCORE] /= scale
        return found


def as_tensor(pixels: npt.NDArray[np.uint8]) -> tuple[FloatArray, tuple[int, int]]:
    """Return float32 (1, 3, h, w), BGR 0…255, sides padded with black to multiples of 32; and that (h, w)."""
    height, width = pixels.shape[:2]
    rows, columns = (-(-side // STRIDES[-1]) * STRIDES[-1] for side in (height, width))
    tensor = np.zeros((1, 3, rows, columns), np.float32)
    for channel in range(3):
        tensor[0, channel, :height, :width] = pixels[:, :, channel]
    return tensor, (rows, columns)


def decode(outputs: tuple[FloatArray, ...], *, rows: int, columns: int) -> FloatArray:
    """Turn the twelve outputs (classes, objects, boxes, points at strides 8, 16, 32) into detections, best first.

    Returns:
        float32 (n, 15) as in `YuNet.detect`, in pixels of the tensor, with a score of at least `LEAST_SCORE`.
    """
    parts = [
        _decode_stride(stride, *(outputs[kind * 3 + index][0] for kind in range(4)), columns=columns)
        for index, stride in enumerate(STRIDES)
    ]
    found = np.concatenate(parts)
    return found[np.argsort(-found[:, SCORE], kind="stable")[:_CANDIDATES]]


def _decode_stride(
    stride: int, classes: FloatArray, objects: FloatArray, boxes: FloatArray, points: FloatArray, *, columns: int
) -> FloatArray:
    scores = np.sqrt(np.clip(classes[:, 0], 0.0, 1.0) * np.clip(objects[:, 0], 0.0, 1.0))
    kept = np.flatnonzero(scores >= LEAST_SCORE)
    cells = np.stack([kept % (columns // stride), kept // (columns // stride)], axis=1).astype(np.float32)
    centres = (cells + boxes[kept, :2]) * stride
    sizes = np.exp(boxes[kept, 2:]) * stride
    found = np.empty((len(kept), 15), np.float32)
    found[:, :2] = centres - sizes / 2
    found[:, 2:4] = sizes
    found[:, POINTS] = ((points[kept].reshape(-1, 5, 2) + cells[:, None]) * stride).reshape(-1, 10)
    found[:, SCORE] = scores[kept]
    return found


def suppress(found: FloatArray) -> FloatArray:
    """Keep the best of overlapping detections (non-maximum suppression at an intersection over union of 0.3)."""
    if not len(found):
        return found
    kept = cv2.dnn.NMSBoxes(found[:, BOX].tolist(), found[:, SCORE].tolist(), LEAST_SCORE, _MOST_OVERLAP)
    return found[np.asarray(kept, dtype=np.intp).reshape(-1)]


def without_parts(found: FloatArray) -> FloatArray:
    """Drop what lies inside a larger box of a higher score: an eye or a chin of a face that fills the picture."""
    if len(found) < 2:
        return found
    near, far = found[:, :2], found[:, :2] + found[:, 2:4]
    shared = np.clip(np.minimum(far[:, None], far[None]) - np.maximum(near[:, None], near[None]), 0.0, None)
    areas = found[:, 2] * found[:, 3]
    inside = shared.prod(axis=2) >= _PART_INSIDE * areas[:, None]
    lesser = (areas[:, None] < areas[None]) & (found[:, None, SCORE] < found[None, :, SCORE])
    kept: FloatArray = found[~(inside & lesser).any(axis=1)]
    return kept
