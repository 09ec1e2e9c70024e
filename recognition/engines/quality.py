"""How usable a face is: brightness, sharpness, one score over all that is known, and the bars that a face must pass.

Rules, not a trained model. `make bench-quality` shows what they are worth: the error against the share that is
rejected, on photographs and on copies of them made small, blurred and dark.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from common.vocabulary import QualityReason
from recognition.engines.base import DetectedFace, Pose, Quality

# Variance of the Laplacian of an aligned crop: the median over 600 photographs of LFW is the middle of the scale.
_MIDDLE_VARIANCE: Final = 136.0
# Below this the score falls: the blurriest twentieth of those photographs.
_SHARP_ENOUGH: Final = 30.0
# Distance of the eyes in pixels from which on more resolution adds nothing: that of the aligned crop.
_ENOUGH_EYE_DISTANCE_PX: Final = 35.0
# Turned further than this, half of the face is hidden.
_HALF_HIDDEN_DEGREES: Final = 60.0
_COMFORTABLE_BRIGHTNESS: Final = (25.0, 80.0)
# Per cent of the detector between which the score rises to its full height: at 85 and less every third comparison of
# one person with himself failed on those photographs, above it one in twenty.
_SURE: Final = (60.0, 90.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """What a face must have at least; angles are degrees, the rest but the side per cent."""

    side_px: float
    confidence: float
    brightness: float
    sharpness: float
    turned: float
    score: float


# Tuned on the curve of errors against rejections (docs/reference/models.md, "Quality"): LOW takes out what is hopeless,
# HIGH what is not good for a passport.
LOW: Final = Bar(side_px=20, confidence=75, brightness=5, sharpness=2, turned=60, score=1)
MEDIUM: Final = Bar(side_px=24, confidence=80, brightness=8, sharpness=4, turned=45, score=10)
HIGH: Final = Bar(side_px=40, confidence=85, brightness=12, sharpness=15, turned=35, score=30)


def quality_of(
    crop: npt.NDArray[np.uint8], *, pose: Pose, eye_distance_px: float, confidence: float = 100.0
) -> Quality:
    """Return the quality of a face.

    Args:
        crop: uint8 (112, 112), grey, aligned.
        pose: where it looks.
        eye_distance_px: in the picture, before alignment.
        confidence: of the detector, in per cent.
    """
    brightness = float(cv2.mean(crop)[0]) / 255.0 * 100.0
    # Enlarging blurs, so a small face is less sharp, as it should be.
    variance = float(cv2.meanStdDev(cv2.Laplacian(crop, cv2.CV_16S))[1][0, 0]) ** 2
    sharpness = 100.0 * variance / (variance + _MIDDLE_VARIANCE)
    shares = (
        min(1.0, eye_distance_px / _ENOUGH_EYE_DISTANCE_PX),
        min(1.0, sharpness / _SHARP_ENOUGH),
        _frontal_share(pose),
        _comfort(brightness),
        _sure(confidence) ** 2,
    )
    return Quality(brightness, sharpness, 100.0 * math.prod(shares))


def shortcomings(face: DetectedFace, *, side_px: float, bar: Bar) -> list[QualityReason]:
    """Say what a face lacks; nothing: it passes.

    Args:
        face: as detected.
        side_px: the shorter side of its box in pixels of the upright picture.
        bar: what it must have.
    """
    quality, turned = face.quality, math.hypot(face.pose.yaw, face.pose.pitch)
    lacking = {
        QualityReason.SMALL_BOUNDING_BOX: side_px < bar.side_px,
        QualityReason.LOW_CONFIDENCE: face.confidence < bar.confidence,
        QualityReason.LOW_BRIGHTNESS: quality.brightness < bar.brightness,
        QualityReason.LOW_SHARPNESS: quality.sharpness < bar.sharpness,
        QualityReason.EXTREME_POSE: turned > bar.turned,
        QualityReason.LOW_FACE_QUALITY: quality.score < bar.score,
    }
    return [reason for reason, lacks in lacking.items() if lacks]


def _sure(confidence: float) -> float:
    low, high = _SURE
    return min(1.0, max(0.0, (confidence - low) / (high - low)))


def _comfort(brightness: float) -> float:
    low, high = _COMFORTABLE_BRIGHTNESS
    if brightness < low:
        return brightness / low
    return 1.0 if brightness <= high else (100.0 - brightness) / (100.0 - high)


def _frontal_share(pose: Pose) -> float:
    """Return 1 for a face that looks into the lens, a half where half of it is hidden, 0 from behind that on."""
    turned = math.hypot(pose.yaw, pose.pitch)
    return max(0.0, math.cos(math.radians(min(90.0, turned * 60.0 / _HALF_HIDDEN_DEGREES))))
