"""How usable a face is: brightness, sharpness, and one score that also knows its size and pose.

Rules, not a trained model. `make bench-accuracy` shows what the score is worth: the error rates with and without the
tenth of the pairs that it ranks lowest.
"""

from __future__ import annotations

import math
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from recognition.engines.base import Pose, Quality

# Variance of the Laplacian of an aligned crop: the median over 600 photographs of LFW is the middle of the scale.
_MIDDLE_VARIANCE: Final = 136.0
# Below this the score falls: the blurriest twentieth of those photographs.
_SHARP_ENOUGH: Final = 30.0
# Distance of the eyes in pixels from which on more resolution adds nothing: that of the aligned crop.
_ENOUGH_EYE_DISTANCE_PX: Final = 35.0
# Turned further than this, half of the face is hidden.
_HALF_HIDDEN_DEGREES: Final = 60.0
_COMFORTABLE_BRIGHTNESS: Final = (25.0, 80.0)


def quality_of(crop: npt.NDArray[np.uint8], *, pose: Pose, eye_distance_px: float) -> Quality:
    """Return the quality of a face.

    Args:
        crop: uint8 (112, 112, 3), BGR, aligned.
        pose: where it looks.
        eye_distance_px: in the picture, before alignment.
    """
    grey = cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY)
    brightness = float(cv2.mean(grey)[0]) / 255.0 * 100.0
    # Enlarging blurs, so a small face is less sharp, as it should be.
    variance = float(cv2.meanStdDev(cv2.Laplacian(grey, cv2.CV_32F))[1][0, 0]) ** 2
    sharpness = 100.0 * variance / (variance + _MIDDLE_VARIANCE)
    shares = (
        min(1.0, eye_distance_px / _ENOUGH_EYE_DISTANCE_PX),
        min(1.0, sharpness / _SHARP_ENOUGH),
        _frontal_share(pose),
        _comfort(brightness),
    )
    return Quality(brightness, sharpness, 100.0 * math.prod(shares))


def _comfort(brightness: float) -> float:
    low, high = _COMFORTABLE_BRIGHTNESS
    if brightness < low:
        return brightness / low
    return 1.0 if brightness <= high else (100.0 - brightness) / (100.0 - high)


def _frontal_share(pose: Pose) -> float:
    """Return 1 for a face that looks into the lens, a half where half of it is hidden, 0 from behind that on."""
    turned = math.hypot(pose.yaw, pose.pitch)
    return max(0.0, math.cos(math.radians(min(90.0, turned * 60.0 / _HALF_HIDDEN_DEGREES))))
