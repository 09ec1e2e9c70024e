"""Evidence that a living person was before the lens and not a picture of one: presentation attack detection.

Terms of ISO/IEC 30107-1: a presentation attack shows a print, a display or a mask to the camera; a bona fide
presentation is a person. Passive evidence is read off what was captured anyway, active evidence is what somebody did
when asked to. Every kind of evidence has this shape, so that whoever weighs several sees at once what each is and was
measured on.

Nothing decides by evidence that is advisory: no rule reads it, and finding, comparing, searching and enrolling go on
whatever it says (decision 0038; a test).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class EvidenceKind(StrEnum):
    """Whether the person had to do something."""

    PASSIVE = "passive"
    ACTIVE = "active"


class Medium(StrEnum):
    """What was looked at."""

    PHOTOGRAPH = "photograph"
    FILM = "film"


@dataclass(frozen=True, slots=True, kw_only=True)
class PresentationAttackEvidence:
    """What one look says.

    Attributes:
        kind: passive or active.
        score: 0…100, the higher the more like a bona fide presentation. Of passive evidence: the share of genuine
            photographs, in per cent, that look less genuine; so whoever takes those below 5 for attacks rejects five
            in a hundred genuine ones (BPCER 5 %, where pictures are as those that it was measured on).
        measured_on: what was looked at.
        is_advisory: whether it must not decide anything by itself.

    Raises:
        ValueError: the score is not within its bounds.
    """

    kind: EvidenceKind
    score: float
    measured_on: Medium
    is_advisory: bool = True

    def __post_init__(self) -> None:
        if not 0.0 <= self.score <= 100.0:
            raise ValueError(f"A score lies between 0 and 100, not at {self.score}.")
