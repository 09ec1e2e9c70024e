"""What was found on a picture, ready to be shown: every outline with its row, every match with its words."""

from __future__ import annotations

from dataclasses import dataclass

from dashboard.pictures import Outline, Picture
from dashboard.saying import said_of
from recognition.engines.attributes import Landmark
from recognition.services.detection import Detection
from recognition.services.enrolment import Enrolled
from recognition.services.identification import Identification
from recognition.services.results import FaceView, Match
from recognition.services.verification import Comparison


@dataclass(frozen=True, slots=True)
class EnrolledFace:
    outline: Outline
    face: FaceView


@dataclass(frozen=True, slots=True)
class RejectedFace:
    outline: Outline
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ShownEnrolment:
    """The enrolled faces and then the rejected ones, numbered through."""

    faces: tuple[EnrolledFace, ...]
    rejected: tuple[RejectedFace, ...]

    @property
    def outlines(self) -> tuple[Outline, ...]:
        return (*(shown.outline for shown in self.faces), *(shown.outline for shown in self.rejected))


@dataclass(frozen=True, slots=True)
class ShownSearch:
    """One probe and its candidates, best first; no outline when the probe is an enrolled face."""

    number: int
    outline: Outline | None
    candidates: tuple[Match, ...]


@dataclass(frozen=True, slots=True)
class SeenFace:
    """A face on a picture; `match` says how alike it is, where it was compared; `said` what it looks like."""

    outline: Outline
    face: FaceView
    match: Match | None = None
    said: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ShownComparison:
    """The source's face, and those of the target: the matches first, best first, then the others."""

    source: SeenFace
    target: tuple[SeenFace, ...]

    @property
    def source_outlines(self) -> tuple[Outline, ...]:
        return (self.source.outline,)

    @property
    def target_outlines(self) -> tuple[Outline, ...]:
        return tuple(seen.outline for seen in self.target)


def detection_of(detection: Detection, *, picture: Picture) -> tuple[SeenFace, ...]:
    """Number the faces of a picture and outline them with their landmarks."""
    return tuple(
        SeenFace(
            picture.outline(face.detected.box, number=number, landmarks=_landmarks_of(face)),
            face,
            said=said_of(face.attributes),
        )
        for number, face in enumerate(detection.faces, start=1)
    )


def _landmarks_of(face: FaceView) -> tuple[Landmark, ...]:
    """Return the thirty landmarks where they were asked for, else the five."""
    return (face.attributes and face.attributes.landmarks) or face.detected.landmarks


def comparison_of(comparison: Comparison, *, source: Picture, target: Picture) -> ShownComparison:
    """Number the faces of the target, matches first, and outline all."""
    compared: list[tuple[FaceView, Match | None]] = [(match.face, match) for match in comparison.matches]
    compared += [(face, None) for face in comparison.unmatched]
    return ShownComparison(
        SeenFace(
            source.outline(comparison.source_face.detected.box, number=1, prefix="source"), comparison.source_face
        ),
        tuple(
            SeenFace(
                target.outline(face.detected.box, number=number, kind="found" if match else "rejected"), face, match
            )
            for number, (face, match) in enumerate(compared, start=1)
        ),
    )


def enrolment_of(enrolled: Enrolled, *, picture: Picture) -> ShownEnrolment:
    """Number the faces of an enrolment and outline them on the picture."""
    faces = tuple(
        EnrolledFace(picture.outline(face.detected.box, number=number), face)
        for number, face in enumerate(enrolled.faces, start=1)
    )
    rejected = tuple(
        RejectedFace(picture.outline(item.box, number=number, kind="rejected"), tuple(map(str, item.reasons)))
        for number, item in enumerate(enrolled.rejected, start=len(faces) + 1)
    )
    return ShownEnrolment(faces, rejected)


def searches_of(found: Identification, *, picture: Picture | None) -> tuple[ShownSearch, ...]:
    """Number the probes of a search and outline those that come from the picture."""
    return tuple(
        ShownSearch(
            number,
            picture.outline(search.probe.box, number=number, prefix="probe") if picture and search.probe else None,
            search.candidates,
        )
        for number, search in enumerate(found.searches, start=1)
    )
