"""The face of a picture, cut out small, for a person to look at."""

from __future__ import annotations

import io
import logging
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from PIL import Image

from common.context import tenant_scope
from recognition import storage
from recognition.engines.base import Box, DetectedFace, Quality
from recognition.errors import StoredImageDamaged
from recognition.images import ImageUnreadable, UprightImage
from recognition.selectors import faces as face_selectors
from recognition.services.examination import open_image
from recognition.services.results import view_of
from recognition.services.turns import turn

logger = logging.getLogger(__name__)

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


def portrait_of_enrolled(face_id: uuid.UUID, *, tenant_id: uuid.UUID) -> Portrait | None:
    """Return the portrait of an enrolled face, from the picture that its collection keeps.

    None where no picture is kept, where it is damaged, or where the face is gone: a review goes on without. No
    transaction may be open: the picture is read and decoded.

    Raises:
        StorageUnavailable: the picture cannot be read now.
        EngineBusy: no turn at decoding became free in time.
    """
    with tenant_scope(tenant_id):
        face = face_selectors.live().filter(tenant_id=tenant_id, id=face_id).select_related("image__file").first()
    if face is None or face.image.file is None:
        return None
    view = view_of(face)
    try:
        data = storage.read(tenant_id, digest=face.image.file.digest)
        with turn():
            return portrait_of(open_image(data), view.detected)
    except (StoredImageDamaged, ImageUnreadable) as error:
        logger.warning("the kept picture of face %s cannot be shown: %s", face_id, error.code)
        return None


def review_picture(tenant_id: uuid.UUID, payload: Mapping[str, Any]) -> bytes | None:
    """Return the picture of a candidate for its reviewer (`governance.casework.ports`)."""
    if "face_id" not in payload:
        return None
    portrait = portrait_of_enrolled(uuid.UUID(payload["face_id"]), tenant_id=tenant_id)
    return portrait.jpeg if portrait else None


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
