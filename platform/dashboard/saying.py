"""What is said of a face beyond where it is, in words; never a bare number where it is a guess."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from recognition.engines.attributes import Attributes, Presence

_MOST_EMOTIONS: Final = 2
_FEATURES: Final = (
    ("Smiles", "smile"),
    ("Eyes open", "eyes_open"),
    ("Mouth open", "mouth_open"),
    ("Glasses", "eyeglasses"),
    ("Sunglasses", "sunglasses"),
    ("Beard", "beard"),
    ("Moustache", "moustache"),
    ("Face covered", "face_occluded"),
)


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
        yield "Expression", ", ".join(f"{emotion.type} ({emotion.confidence:.0f} %)" for emotion in strongest)
    if eyes := said.eye_direction:
        yield "Eyes", _sure(f"turned {eyes.yaw:.0f}°, raised {eyes.pitch:.0f}°", eyes.confidence)
    if hair := said.hair_colour:
        yield "Hair", _sure(hair.value, hair.confidence)
    for label, name in _FEATURES:
        presence: Presence | None = getattr(said, name)
        if presence is not None:
            yield label, _sure("yes" if presence.value else "no", presence.confidence)


def _sure(words: str, confidence: float) -> str:
    return f"{words} ({confidence:.0f} % sure)"
