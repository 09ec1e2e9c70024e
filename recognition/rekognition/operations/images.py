"""Operations on images alone: nothing is stored."""

from __future__ import annotations

from typing import Any

from recognition.models import QualityFilter
from recognition.rekognition import words
from recognition.rekognition.arguments import attributes_of, image_of, quality_of
from recognition.rekognition.call import Call
from recognition.rekognition.faults import invalid
from recognition.services import detection, verification


def detect_faces(call: Call) -> dict[str, Any]:
    """Find the faces of an image, largest first."""
    asked = attributes_of(call, "Attributes")
    found = detection.detect_faces(image_of(call), actor=call.actor, asked=asked)
    return {"FaceDetails": [words.face_detail(view.detected, said=view.attributes) for view in found.faces]}


def compare_faces(call: Call) -> dict[str, Any]:
    """Compare the largest face of one image with every face of another."""
    found = verification.compare_faces(
        image_of(call, "SourceImage"),
        target=image_of(call, "TargetImage"),
        actor=call.actor,
        threshold=call.parameters.get("SimilarityThreshold"),
        quality=quality_of(call, default=QualityFilter.NONE),
    )
    if not found.matches and not found.unmatched:
        raise invalid("There are no faces in the target image.")
    source = found.source_face.detected
    return {
        "SourceImageFace": {"BoundingBox": words.bounding_box(source.box), "Confidence": source.confidence},
        "FaceMatches": [
            {"Similarity": match.similarity, "Face": words.face_detail(match.face.detected)} for match in found.matches
        ],
        "UnmatchedFaces": [words.face_detail(view.detected) for view in found.unmatched],
    }
