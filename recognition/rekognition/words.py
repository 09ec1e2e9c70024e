"""What use-cases return, in Rekognition's words."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

from recognition.engines.attributes import Attributes, EyeDirection
from recognition.engines.base import Box, DetectedFace
from recognition.services.results import FaceView, Match, Rejection


def model_version(engine_version: str) -> str:
    """Return a FaceModelVersion: another one for each engine version, of digits and dots as the model wants it."""
    return f"1.{int.from_bytes(hashlib.sha256(engine_version.encode()).digest()[:4])}"


def bounding_box(box: Box) -> dict[str, float]:
    return {"Left": box.left, "Top": box.top, "Width": box.width, "Height": box.height}


def face_detail(face: DetectedFace, *, said: Attributes | None = None) -> dict[str, Any]:
    """Return the FaceDetail of a face: what is always in it, and the attributes that were asked for."""
    said = said or Attributes()
    return {
        "BoundingBox": bounding_box(face.box),
        "Confidence": face.confidence,
        "Landmarks": [{"Type": point.type, "X": point.x, "Y": point.y} for point in said.landmarks or face.landmarks],
        "Pose": {"Roll": face.pose.roll, "Yaw": face.pose.yaw, "Pitch": face.pose.pitch},
        "Quality": {"Brightness": face.quality.brightness, "Sharpness": face.quality.sharpness},
        **{name: value for name, value in _attributes(said) if value is not None},
    }


def _attributes(said: Attributes) -> Iterator[tuple[str, Any]]:
    """Yield the members of FaceDetail that are attributes; Amazon's has no colour of hair and no liveness."""
    for name, presence in (
        ("Smile", said.smile),
        ("Eyeglasses", said.eyeglasses),
        ("Sunglasses", said.sunglasses),
        ("Beard", said.beard),
        ("Mustache", said.moustache),
        ("EyesOpen", said.eyes_open),
        ("MouthOpen", said.mouth_open),
        ("FaceOccluded", said.face_occluded),
    ):
        yield name, presence and {"Value": presence.value, "Confidence": presence.confidence}
    age, gender, eyes = said.age_range, said.gender, said.eye_direction
    yield "AgeRange", age and {"Low": age.low, "High": age.high}
    yield "Gender", gender and {"Value": gender.value.capitalize(), "Confidence": gender.confidence}
    yield "EyeDirection", eyes and _eye_direction(eyes)
    yield (
        "Emotions",
        said.emotions
        and [{"Type": emotion.type.upper(), "Confidence": emotion.confidence} for emotion in said.emotions],
    )


def _eye_direction(eyes: EyeDirection) -> dict[str, float]:
    pitch = {} if eyes.pitch is None else {"Pitch": eyes.pitch}
    return {"Yaw": eyes.yaw, **pitch, "Confidence": eyes.confidence}


def stored_face(view: FaceView, *, engine_version: str) -> dict[str, Any]:
    """Return the Face of an enrolled face."""
    face = {
        "FaceId": str(view.id),
        "ImageId": str(view.image_id),
        "BoundingBox": bounding_box(view.detected.box),
        "Confidence": view.detected.confidence,
        "IndexFacesModelVersion": model_version(engine_version),
    }
    named = {"ExternalImageId": view.external_id, "UserId": view.person}
    return face | {name: value for name, value in named.items() if value}


def face_matches(matches: Sequence[Match], *, engine_version: str) -> list[dict[str, Any]]:
    """Return the FaceMatches of a search, best first."""
    return [
        {"Similarity": match.similarity, "Face": stored_face(match.face, engine_version=engine_version)}
        for match in matches
    ]


def unindexed_face(rejection: Rejection) -> dict[str, Any]:
    """Return the UnindexedFace of a face that was left out."""
    return {"Reasons": [reason.value for reason in rejection.reasons], "FaceDetail": face_detail(rejection.face)}
