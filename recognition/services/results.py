"""What use-cases return: frozen values that the REST views, and later other edges, put into their own words."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from common.preconditions import entity_tag
from common.vocabulary import QualityReason
from recognition.engines.attributes import Attributes
from recognition.engines.base import Box, DetectedFace, Landmark, Pose, Quality
from recognition.evaluation.calibration import Calibration
from recognition.models import Face, Person

# Measured at most 2.8 times as many as between two faces, at the same score (decision 0015).
_PERSON_FALSE_MATCHES: Final = 3.0


@dataclass(frozen=True, slots=True)
class FaceView:
    """A face as callers see it.

    Attributes:
        id, image_id, external_id: of an enrolled one.
        attributes: there when they were asked for.
        person: the tenant's id of whose face it is.
    """

    detected: DetectedFace
    id: uuid.UUID | None = None
    image_id: uuid.UUID | None = None
    external_id: str = ""
    attributes: Attributes | None = None
    person: str = ""


@dataclass(frozen=True, slots=True)
class Rejection:
    """A face that was found and not enrolled, and why."""

    face: DetectedFace
    reasons: tuple[QualityReason, ...]

    @property
    def box(self) -> Box:
        """Where it is."""
        return self.face.box


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """How alike two templates are.

    Attributes:
        similarity: calibrated, in per cent; not a probability that they are one person.
        score: cosine of the templates.
        fmr: share of pairs of different people that score as high.
        fmr_words: the same in words, which say so where it lies beyond the measured data.
    """

    similarity: float
    score: float
    fmr: float
    fmr_words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Match(Likeness):
    """How alike a face is."""

    face: FaceView


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonMatch(Likeness):
    """How alike a person is."""

    person: Person


def face_etag(face: FaceView) -> str:
    """Return what `If-Match` is compared with: of a face, nothing changes but whose it is."""
    return entity_tag(face.id, face.person)


def calibration_of_persons(calibration: Calibration) -> Calibration:
    """Return what the scores of persons mean: they are false matches more often than those of single faces."""
    return calibration.with_more_false_matches(_PERSON_FALSE_MATCHES)


def match_of(score: float, *, face: FaceView, calibration: Calibration) -> Match:
    """Return a match in calibrated words."""
    return Match(**_in_words(score, calibration=calibration), face=face)


def person_match_of(score: float, *, person: Person, calibration: Calibration) -> PersonMatch:
    """Return a match of a person in calibrated words; `calibration` is that of persons."""
    return PersonMatch(**_in_words(score, calibration=calibration), person=person)


def _in_words(score: float, *, calibration: Calibration) -> dict[str, Any]:
    fmr = calibration.fmr(score)
    return {
        "similarity": calibration.similarity(score),
        "score": score,
        "fmr": fmr,
        "fmr_words": calibration.fmr_text(fmr),
    }


def top_bucket(matches: Sequence[Likeness]) -> int | None:
    """Return the best similarity rounded down to ten per cent, for the outcome entry; None without a match."""
    return max((int(match.similarity // 10) * 10 for match in matches), default=None)


def view_of(row: Face, *, attributes: Attributes | None = None) -> FaceView:
    """Return an enrolled face as callers see it; attributes are never stored, so only its enrolment can say them."""
    detected = DetectedFace(
        box=Box(row.box_left, row.box_top, row.box_width, row.box_height),
        confidence=row.confidence,
        landmarks=tuple(Landmark(**landmark) for landmark in row.landmarks),
        pose=Pose(row.pose_yaw, row.pose_pitch, row.pose_roll),
        quality=Quality(row.brightness, row.sharpness, row.quality_score),
    )
    person = row.person.name if row.person else ""
    return FaceView(detected, row.id, row.image_id, row.external_id, attributes, person)
