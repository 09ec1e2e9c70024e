"""Where the eyes look, to the left or to the right of the lens: the head's pose and how far the eyes move in it.

Up and down are not said: too few of the labelled faces look up to show that it is more than a guess (decision 0025).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from recognition.engines.attributes import EyeDirection
from recognition.engines.base import Pose
from recognition.engines.onnx.attributes import calibration

# Degrees that an eye has turned when its movement is 1: about as far as eyes turn before the head follows.
_FULL_MOVEMENT: Final = 30.0
# Photographs and their mirror images do not add up to nothing: so much further to the right the model sees eyes turned,
# on the average of 170 photographs.
_ASYMMETRY: Final = 0.055
_MOST: Final = 90.0


def read(movements: Mapping[str, float], *, head: Pose) -> EyeDirection:
    """Return the direction; its confidence is that of the likeliest: to the left, into the lens or to the right."""
    turned = yaw(movements, head_yaw=head.yaw)
    right, left = (calibration.probability("eye_direction", way * turned) for way in (1.0, -1.0))
    return EyeDirection(turned, None, 100.0 * max(right, left, 1.0 - right - left))


def yaw(movements: Mapping[str, float], *, head_yaw: float) -> float:
    """Return degrees from the lens, positive to the right of the picture: the raw number of the calibration.

    Args:
        movements: of the mesh, 0…1, by ARKit's names; their left and right are the person's own.
        head_yaw: degrees, with the sign of `Pose`.
    """
    to_right = movements["eyeLookOutLeft"] + movements["eyeLookInRight"]
    to_left = movements["eyeLookInLeft"] + movements["eyeLookOutRight"]
    turned = (to_right - to_left) / 2 - _ASYMMETRY
    return max(-_MOST, min(_MOST, head_yaw + _FULL_MOVEMENT * turned))
