"""From the bytes of a picture to faces fit for enrolment: decode, detect, filter by quality, extract."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Final

from django.conf import settings

from common.permits import Permit
from common.vocabulary import QualityReason
from recognition import images
from recognition.engines.attributes import Attributes
from recognition.engines.base import MAX_FACES, DetectedFace, FaceEngine, Template
from recognition.engines.quality import HIGH, LOW, MEDIUM, Bar, shortcomings
from recognition.errors import NoFaceFound, NoUsableFace
from recognition.images import ImageLimits, UprightImage
from recognition.models import QualityFilter
from recognition.services.attributes import Analysis
from recognition.services.results import Rejection
from recognition.services.turns import turn

BARS: Final[dict[QualityFilter, Bar]] = {
    QualityFilter.AUTO: LOW,
    QualityFilter.LOW: LOW,
    QualityFilter.MEDIUM: MEDIUM,
    QualityFilter.HIGH: HIGH,
}


@dataclass(frozen=True, slots=True)
class Picture:
    """What is stored of a picture. `file_id` is its kept file, where the collection keeps pictures."""

    digest: str
    width: int
    height: int
    format: str
    file_id: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class Examined:
    """A picture with the faces to enrol, each with its template, and those that were rejected.

    `attributes` has one entry for each face that is enrolled, None where nothing was asked.
    """

    picture: Picture
    faces: tuple[tuple[DetectedFace, Template], ...]
    rejected: tuple[Rejection, ...]
    attributes: tuple[Attributes | None, ...]

    def require_usable_face(self) -> None:
        """Go on only when there is something to enrol.

        Raises:
            NoFaceFound: the picture has no face.
            NoUsableFace: it has some, and each was rejected.
        """
        if self.faces:
            return
        if not self.rejected:
            raise NoFaceFound
        raise NoUsableFace(rejected=[{"reasons": [str(reason) for reason in r.reasons]} for r in self.rejected])


def open_image(data: bytes) -> UprightImage:
    """Decode a picture within the platform's limits.

    Raises:
        ImageUnreadable, ImageTooLarge, ImageFormatUnsupported: see `recognition.images`.
    """
    return images.decode(data, limits=ImageLimits(max_bytes=settings.CUSTOS_MAX_IMAGE_BYTES))


def examine(
    data: bytes,
    *,
    engine: FaceEngine,
    max_faces: int,
    quality: QualityFilter,
    least_quality: float,
    permit: Permit,
    analysis: Analysis | None = None,
) -> Examined:
    """Find the faces of a picture and make templates of those that can be enrolled, largest first.

    Args:
        data: encoded picture.
        engine: finds the faces.
        max_faces: the largest so many.
        quality: whether faces of low quality are left out.
        least_quality: quality score that every face must reach, whatever the filter (QUAL-001).
        permit: to enrol.

    Raises:
        ImageUnreadable, ImageTooLarge, ImageFormatUnsupported: see `recognition.images`.
    """
    with turn():
        image = open_image(data)
        detected = engine.detect(image, permit=permit, max_faces=MAX_FACES)
        accepted, rejected = _sort_out(
            detected, image=image, max_faces=max_faces, quality=quality, least_quality=least_quality
        )
        templates = engine.extract(image, accepted, permit=permit) if accepted else ()
        said = analysis.of(image, accepted) if analysis else (None,) * len(accepted)
    picture = Picture(image.digest, image.width, image.height, image.format)
    return Examined(picture, tuple(zip(accepted, templates, strict=True)), tuple(rejected), said)


def find_faces(
    image: UprightImage, *, most: int, quality: QualityFilter, engine: FaceEngine, permit: Permit
) -> tuple[DetectedFace, ...]:
    """Return the largest so many faces of a picture that are good enough."""
    if quality is QualityFilter.NONE:
        return engine.detect(image, permit=permit, max_faces=most)
    return sift_faces(image, quality=quality, engine=engine, permit=permit)[0][:most]


def sift_faces(
    image: UprightImage, *, quality: QualityFilter, engine: FaceEngine, permit: Permit
) -> tuple[tuple[DetectedFace, ...], list[Rejection]]:
    """Return the faces of a picture that are good enough, and those that are not; both largest first."""
    detected = engine.detect(image, permit=permit, max_faces=MAX_FACES)
    return _sort_out(detected, image=image, max_faces=MAX_FACES, quality=quality)


def _sort_out(
    detected: tuple[DetectedFace, ...],
    *,
    image: UprightImage,
    max_faces: int,
    quality: QualityFilter,
    least_quality: float = 0.0,
) -> tuple[tuple[DetectedFace, ...], list[Rejection]]:
    accepted: list[DetectedFace] = []
    rejected: list[Rejection] = []
    for face in detected:
        reasons = _shortcomings(face, image=image, quality=quality, least_quality=least_quality)
        if not reasons and len(accepted) == max_faces:
            reasons = [QualityReason.EXCEEDS_MAX_FACES]
        if reasons:
            rejected.append(Rejection(face, tuple(reasons)))
        else:
            accepted.append(face)
    return tuple(accepted), rejected


def _shortcomings(
    face: DetectedFace, *, image: UprightImage, quality: QualityFilter, least_quality: float
) -> list[QualityReason]:
    bar = BARS.get(quality)
    side_px = min(face.box.width * image.width, face.box.height * image.height)
    reasons = shortcomings(face, side_px=side_px, bar=bar) if bar else []
    if face.quality.score < least_quality and QualityReason.LOW_FACE_QUALITY not in reasons:
        reasons.append(QualityReason.LOW_FACE_QUALITY)
    return reasons
