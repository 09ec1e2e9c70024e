"""What use-cases return: frozen values that the REST views, and later other edges, put into their own words."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from common.preconditions import entity_tag
from common.vocabulary import QualityReason
from recognition.engines.attributes import Attributes
from recognition.engines.base import Box, DetectedFace, Landmark, Pose, Quality
from recognition.evaluation.calibration import Calibration
from recognition.models import Face


@dataclass(frozen=True, slots=True)
class FaceView:
    """A face as callers see it; the ids are those of an enrolled one, attributes are there when they were asked for."""

    detected: DetectedFace
    id: uuid.UUID | None = None
    image_id: uuid.UUID | None = None
    external_id: str = ""
    attributes: Attributes | None = None


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
class Match:
    """How alike two faces are.

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
    face: FaceView


def face_etag(face_id: uuid.UUID) -> str:
    """Return what `If-Match` is compared with: a face never changes, so its id says it all."""
    return entity_tag(face_id)


def match_of(score: float, *, face: FaceView, calibration: Calibration) -> Match:
    """Return a match in calibrated words."""
    fmr = calibration.fmr(score)
    return Match(
        similarity=calibration.similarity(score),
        score=score,
        fmr=fmr,
        fmr_words=calibration.fmr_text(fmr),
        face=face,
    )


def top_bucket(matches: list[Match]) -> int | None:
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
    return FaceView(detected, row.id, row.image_id, row.external_id, attributes)
