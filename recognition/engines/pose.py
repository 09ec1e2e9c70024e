"""Where a head points, from five points: a weak-perspective fit (DeMenthon and Davis, IJCV 15, 1995, first step)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from recognition.engines.base import FloatArray, Pose

# A face that looks into the lens, in pixels of the aligned crop from the middle between the eyes: x to the right, y
# downwards, z towards the lens. x and y are the detector's own mean over 600 photographs of LFW, made symmetric:
# portraits look straight ahead on the average. Depth from mean adult proportions: nose tip 0.55 and corners of the
# mouth 0.1 of the distance of the eyes before their plane.
_MODEL: Final = np.array(
    [[-18.6, 0.0, 0.0], [18.6, 0.0, 0.0], [0.0, 21.2, 20.5], [-15.8, 37.7, 3.7], [15.8, 37.7, 3.7]]
)
_CENTRED: Final = _MODEL - _MODEL.mean(axis=0)
_FIT: Final[list[list[float]]] = np.linalg.pinv(_CENTRED).tolist()


def pose_of(points: FloatArray) -> Pose:
    """Return the pose that makes the model's points fall nearest to these.

    Args:
        points: float32 (5, 2): eyes, nose tip, corners of the mouth; left ones of the picture first; x to the right and
            y downwards, in any unit that is the same for both.
    """
    # Plain numbers: for five points NumPy would take four times as long.
    xs, ys = zip(*points.tolist(), strict=True)
    across, down = _along_axes(xs), _along_axes(ys)
    # A turn by t in the picture's plane, clockwise: x' = x cos t - y sin t, y' = x sin t + y cos t.
    roll = math.atan2(down[0] - across[1], across[0] + down[1])
    yaw, pitch = math.asin(_clipped(across[2])), -math.asin(_clipped(down[2]))
    return Pose(math.degrees(yaw), math.degrees(pitch), math.degrees(roll))


def _along_axes(coordinates: Sequence[float]) -> list[float]:
    """Return a row of the rotation: how x (or y) of the picture depends on the model's axes, of length 1."""
    middle = sum(coordinates) / len(coordinates)
    row = [sum(share * (each - middle) for share, each in zip(axis, coordinates, strict=True)) for axis in _FIT]
    length = math.hypot(*row) or 1.0
    return [each / length for each in row]


def _clipped(value: float) -> float:
    return max(-1.0, min(1.0, value))
