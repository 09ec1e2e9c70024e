"""The same faces in the eyes of another engine: found by its own detector, told apart by where they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from common.permits import Permit
from recognition.engines.base import Box, DetectedFace, FaceEngine
from recognition.images import UprightImage

# Two boxes are of one face from this overlap on (intersection over union): detectors draw them differently, and faces
# of two people in one picture seldom overlap by a third.
SAME_FACE_OVERLAP: Final = 0.4


def same_faces(
    wanted: Sequence[Box], image: UprightImage, *, engine: FaceEngine, permit: Permit
) -> list[DetectedFace | None]:
    """Return what an engine's own detector finds where another one found these faces; None: nothing that overlaps."""
    found = engine.detect(image, permit=permit)
    best = [max(found, key=lambda face: overlap(face.box, box), default=None) for box in wanted]
    return [
        face if face is not None and overlap(face.box, box) >= SAME_FACE_OVERLAP else None
        for face, box in zip(best, wanted, strict=True)
    ]


def overlap(one: Box, other: Box) -> float:
    """Return the intersection over the union of two boxes, 0…1."""
    width = min(one.left + one.width, other.left + other.width) - max(one.left, other.left)
    height = min(one.top + one.height, other.top + other.height) - max(one.top, other.top)
    common = max(width, 0.0) * max(height, 0.0)
    return common / (one.width * one.height + other.width * other.height - common)
