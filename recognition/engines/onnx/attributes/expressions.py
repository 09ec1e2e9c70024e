"""Smile, eyes and mouth, out of the movements of a face."""

from __future__ import annotations

from collections.abc import Mapping

from recognition.engines.attributes import Presence
from recognition.engines.onnx.attributes import calibration


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
