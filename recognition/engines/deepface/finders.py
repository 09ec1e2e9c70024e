"""The library's detectors, each giving the rows of `engines.detections`. Not safe between threads: the engine locks."""

from __future__ import annotations

from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from recognition.engines.base import FloatArray
from recognition.engines.detections import (
    BOX,
    CANDIDATES,
    COLUMNS,
    LEAST_SCORE,
    MOST_OVERLAP,
    POINTS,
    SCORE,
    detect_at_sizes,
    largest_first,
)

# How far around a box YuNet looks for the points, in sides of the box, and how well its own box must agree.
_MARGIN: Final = 0.5
_LEAST_AGREEMENT: Final = 0.3


class Finder(Protocol):
    """Finds faces."""

    def find(self, pixels: npt.NDArray[np.uint8]) -> FloatArray:
        """Return float32 (n, 15) as in `engines.detections`, largest box first, for uint8 (h, w, 3), BGR, upright."""


class YuNetFinder:
    """The library's YuNet, asked past its own wrapper.

    The wrapper shrinks every picture to 640 px, rounds to whole pixels, keeps only what scores 0.9 and drops three of
    the five points. The network that it built is asked directly, on the views that the default engine looks at too.
    """

    def __init__(self, client: Any) -> None:
        self._net = client.model
        self._net.setScoreThreshold(LEAST_SCORE)
        self._net.setNMSThreshold(MOST_OVERLAP)
        self._net.setTopK(CANDIDATES)

    def find(self, pixels: npt.NDArray[np.uint8]) -> FloatArray:
        """See `Finder.find`."""
        return detect_at_sizes(pixels, look=self._look)

    def _look(self, view: npt.NDArray[np.uint8]) -> FloatArray:
        height, width = view.shape[:2]
        self._net.setInputSize((width, height))
        _, found = self._net.detect(np.array(view))
        return np.empty((0, COLUMNS), np.float32) if found is None else found.astype(np.float32)


class LibraryFinder:
    """Any other detector of the library, through its own interface.

    Most give the eyes alone or no points at all, in whole pixels. Where one does not give all five, YuNet finds them in
    the surroundings of the box; a face in which it finds none can neither be turned upright nor judged by its pose, and
    is left out.
    """

    def __init__(self, client: Any, *, points: YuNetFinder | None) -> None:
        self._client = client
        self._points = points

    def find(self, pixels: npt.NDArray[np.uint8]) -> FloatArray:
        """See `Finder.find`."""
        rows = [self._row(region, pixels=pixels) for region in self._client.detect_faces(np.array(pixels))]
        found = [row for row in rows if row is not None]
        return largest_first(np.stack(found)) if found else np.empty((0, COLUMNS), np.float32)

    def _row(self, region: Any, *, pixels: npt.NDArray[np.uint8]) -> FloatArray | None:
        row = np.zeros(COLUMNS, np.float32)
        row[BOX] = (region.x, region.y, region.w, region.h)
        if row[2] < 1 or row[3] < 1:
            return None
        points = _own_points(region)
        if points is None and self._points is not None:
            points = self._points_within(row[BOX], pixels=pixels, yunet=self._points)
        if points is None:
            return None
        row[POINTS] = points
        # Some detectors score beyond 1, and some not at all.
        row[SCORE] = min(1.0, max(0.0, float(region.confidence or 0.0)))
        return row

    @staticmethod
    def _points_within(box: FloatArray, *, pixels: npt.NDArray[np.uint8], yunet: YuNetFinder) -> FloatArray | None:
        height, width = pixels.shape[:2]
        margin = _MARGIN * box[2:]
        left, top = (int(max(0, value)) for value in box[:2] - margin)
        right, bottom = (
            int(min(limit, value)) for value, limit in zip(box[:2] + box[2:] + margin, (width, height), strict=True)
        )
        if right <= left or bottom <= top:
            return None
        found = yunet.find(np.ascontiguousarray(pixels[top:bottom, left:right]))
        found[:, :2] += (left, top)
        found[:, POINTS] += np.tile((left, top), 5)
        agreements = [_agreement(row[BOX], box) for row in found]
        if not agreements or max(agreements) < _LEAST_AGREEMENT:
            return None
        points: FloatArray = found[int(np.argmax(agreements)), POINTS]
        return points


def _own_points(region: Any) -> FloatArray | None:
    """Return the ten numbers of the five points where the detector gives them all; the person's right is our left."""
    points = (region.right_eye, region.left_eye, region.nose, region.mouth_right, region.mouth_left)
    if any(point is None for point in points):
        return None
    return np.array(points, np.float32).ravel()


def _agreement(one: FloatArray, other: FloatArray) -> float:
    """Return the intersection over union of two boxes."""
    near = np.maximum(one[:2], other[:2])
    far = np.minimum(one[:2] + one[2:], other[:2] + other[2:])
    shared = float(np.prod(np.clip(far - near, 0.0, None)))
    return shared / float(np.prod(one[2:]) + np.prod(other[2:]) - shared)
