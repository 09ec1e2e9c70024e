"""What is said of a face beyond where it is, in words; never a bare number where it is a guess."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from recognition.engines.attributes import Attributes, Presence

_MOST_EMOTIONS: Final = 2
_FAINT: Final = 5.0  # per cent; an expression below is not worth a word
_FEATURES: Final = {
    "smile": "a smile",
    "eyes_open": "open eyes",
    "mouth_open": "an open mouth",
    "eyeglasses": "glasses",
    "sunglasses": "sunglasses",
    "beard": "a beard",
    "moustache": "a moustache",
    "face_occluded": "something before the face",
}


def said_of(said: Attributes | None) -> tuple[tuple[str, str], ...]:
    """Return what was said, as pairs of a label and words; what could not be seen is left out."""
    return tuple(_lines(said)) if said else ()


def _lines(said: Attributes) -> Iterator[tuple[str, str]]:
    if age := said.age_range:
        yield "Looks", f"{age.low} to {age.high} years old"
    if gender := said.gender:
        yield "Looks like", _sure(f"a {'woman' if gender.value == 'female' else 'man'}", gender.confidence)
    if said.emotions:
        strongest = sorted(said.emotions, key=lambda emotion: -emotion.confidence)[:_MOST_EMOTIONS]
        shown = [_sure(emotion.type, emotion.confidence) for emotion in strongest if emotion.confidence >= _FAINT]
        yield "Expression", ", ".join(shown)
    if eyes := said.eye_direction:
        raised = "" if eyes.pitch is None else f", raised {eyes.pitch:.0f}°"
        yield "Eyes", _sure(f"turned {eyes.yaw:.0f}°{raised}", eyes.confidence)
    if hair := said.hair_colour:
        yield "Hair", _sure(hair.value, hair.confidence)
    for label, value in (("Seen", True), ("Not seen", False)):
        if words := [
            _sure(noun, presence.confidence) for noun, presence in _presences(said) if presence.value is value
        ]:
            yield label, ", ".join(words)
    if evidence := said.liveness:
        yield "Advisory", f"{evidence.score:.0f} of 100 genuine photographs look less like one of a live person"


def _presences(said: Attributes) -> Iterator[tuple[str, Presence]]:
    for name, noun in _FEATURES.items():
        presence: Presence | None = getattr(said, name)
        if presence is not None:
            yield noun, presence


def _sure(words: str, confidence: float) -> str:
    return f"{words} ({confidence:.0f}\u00a0%)"
