"""The face of a picture, cut out small, for a person to look at."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Final

from PIL import Image

from recognition.engines.base import Box, DetectedFace, Quality
from recognition.images import UprightImage

_MARGIN: Final = 0.35  # of the box on each side: hair, ears and chin help a person
_LONGEST_SIDE_PX: Final = 320
_JPEG_QUALITY: Final = 88


@dataclass(frozen=True, slots=True)
class Portrait:
    """A face as a JPEG without metadata, and how good the picture of it is."""

    jpeg: bytes
    quality: Quality


def portrait_of(image: UprightImage, face: DetectedFace) -> Portrait:
    """Cut a face out of a picture, with a margin, at most 320 pixels on its longer side."""
    return Portrait(crop(image, face.box), face.quality)


def crop(image: UprightImage, box: Box) -> bytes:
    """Return the part of a picture around a box, as a JPEG."""
    height, width = image.pixels.shape[:2]
    left, right = _span(box.left, box.width, pixels=width)
    top, bottom = _span(box.top, box.height, pixels=height)
    shown = Image.fromarray(image.pixels[top:bottom, left:right, ::-1])
    shown.thumbnail((_LONGEST_SIDE_PX, _LONGEST_SIDE_PX))
    with io.BytesIO() as file:
        shown.save(file, "JPEG", quality=_JPEG_QUALITY)
        return file.getvalue()


def _span(start: float, size: float, *, pixels: int) -> tuple[int, int]:
    """Return first and last pixel of one side, at least one apart: a box may stick out of the picture."""
    first = min(max(int((start - _MARGIN * size) * pixels), 0), pixels - 1)
    last = min(max(int((start + (1 + _MARGIN) * size) * pixels) + 1, first + 1), pixels)
    return first, last
