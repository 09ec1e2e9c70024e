"""Smile, eyes, mouth and the direction of the gaze, out of the movements of a face."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from recognition.engines.attributes import EyeDirection, Presence
from recognition.engines.base import Pose
from recognition.engines.onnx.attributes import calibration

# How far an eye turns in its socket for a movement of 1: by ARKit's convention about 30 degrees.
_DEGREES: Final = 30.0


def smile(movements: Mapping[str, float]) -> Presence:
    """Return whether the face smiles."""
    return calibration.presence("smile", smile_raw(movements))


def mouth_open(movements: Mapping[str, float]) -> Presence:
    """Return whether the jaw is open; teeth in a smile alone are not an open mouth."""
    return calibration.presence("mouth_open", mouth_raw(movements))


def eyes_open(movements: Mapping[str, float]) -> Presence:
    """Return whether the eyes are open."""
    return calibration.presence("eyes_open", eyes_raw(movements))


def smile_raw(movements: Mapping[str, float]) -> float:
    """Return the raw number that the calibration of `smile` was fitted on."""
    return (movements["mouthSmileLeft"] + movements["mouthSmileRight"]) / 2


def mouth_raw(movements: Mapping[str, float]) -> float:
    """Return the raw number that the calibration of `mouth_open` was fitted on."""
    return movements["jawOpen"]


def eyes_raw(movements: Mapping[str, float]) -> float:
    """Return the raw number that the calibration of `eyes_open` was fitted on."""
    return -(movements["eyeBlinkLeft"] + movements["eyeBlinkRight"]) / 2


def eye_direction(movements: Mapping[str, float], *, pose: Pose) -> EyeDirection | None:
    """Return where the eyes look: head and eyes together; None where the eyes are closed.

    The person's own left is the right of the picture, so an eye that looks left there turns towards our right.
    """
    opened = eyes_open(movements)
    if not opened.value:
        return None
    right = movements["eyeLookOutLeft"] + movements["eyeLookInRight"]
    left = movements["eyeLookInLeft"] + movements["eyeLookOutRight"]
    up = movements["eyeLookUpLeft"] + movements["eyeLookUpRight"]
    down = movements["eyeLookDownLeft"] + movements["eyeLookDownRight"]
    return EyeDirection(
        yaw=_within(pose.yaw + _DEGREES * (right - left) / 2),
        pitch=_within(pose.pitch + _DEGREES * (up - down) / 2),
        confidence=opened.confidence,
    )


def _within(degrees: float) -> float:
    return max(-180.0, min(180.0, degrees))
