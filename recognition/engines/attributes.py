"""What can be said of a face beyond where it is: the values of attributes. No runtime, no weights here.

A confidence is calibrated: of the answers given with 90 % about nine in ten were right on the photographs that it was
fitted on (`docs/reference/service-card.md` names them). What an attribute shows is appearance, never a fact about a
person: gender is how a face looks to a model, an emotion is an expression.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final

from common.vocabulary import FaceAttribute
from recognition.engines.presentation_attacks import PresentationAttackEvidence


@dataclass(frozen=True, slots=True)
class Landmark:
    """A point of the face, such as `eyeLeft`, `nose` or `chinBottom`; Rekognition's names.

    As in Rekognition, left and right are those of the picture: `eyeLeft` is the eye nearer its left border when the
    head is upright.
    """

    type: str
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Presence:
    """Yes or no, and how sure that answer is: 50…100."""

    value: bool
    confidence: float


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several words, and how sure it is, in per cent."""

    value: str
    confidence: float


@dataclass(frozen=True, slots=True)
class AgeRange:
    """Years, both ends included, within which about two thirds of people who look like this are."""

    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Emotion:
    """An expression, and how much the face shows it; the confidences of all expressions add up to 100."""

    type: str
    confidence: float


@dataclass(frozen=True, slots=True)
class EyeDirection:
    """Where the eyes look, in degrees from the lens, with the signs of `Pose`; head and eyes together.

    The confidence is of what the yaw comes to: to the left, into the lens or to the right. Pitch is None where the
    engine does not say it.
    """

    yaw: float
    pitch: float | None
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Attributes:
    """The attributes that were asked for, under their names; None: not asked for, or not to be seen on this face."""

    age_range: AgeRange | None = None
    beard: Presence | None = None
    emotions: tuple[Emotion, ...] | None = None
    eye_direction: EyeDirection | None = None
    eyeglasses: Presence | None = None
    eyes_open: Presence | None = None
    face_occluded: Presence | None = None
    gender: Choice | None = None
    hair_colour: Choice | None = None
    landmarks: tuple[Landmark, ...] | None = None
    liveness: PresentationAttackEvidence | None = None
    moustache: Presence | None = None
    mouth_open: Presence | None = None
    smile: Presence | None = None
    sunglasses: Presence | None = None


assert {field.name for field in fields(Attributes)} == {attribute.value for attribute in FaceAttribute}

# What `all` does not mean: it costs as much as all others together, its model is optional, and who does not need it
# should not see a score that was never measured on a real attack.
ONLY_WHEN_NAMED: Final = frozenset({FaceAttribute.LIVENESS})
