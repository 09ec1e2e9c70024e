"""The picture that a member has sent, shown back with an outline of each face: inside the page, and stored nowhere."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.conf import settings
from PIL import Image

from recognition import images
from recognition.engines.base import Box, Landmark
from recognition.images import ImageLimits
from recognition.services.turns import turn

_LONGEST_SIDE_PX: Final = 1280
_JPEG_QUALITY: Final = 85


@dataclass(frozen=True, slots=True)
class Outline:
    """The box of a face in pixels of the shown picture, and the id of the list's row that tells about it.

    Attributes:
        kind: `found` or `rejected`; drawn in different strokes, not only in different colours.
        label_px: size of the number beside the box, so that it can be read in pictures of every size.
        points: landmarks, in pixels of the shown picture.
    """

    number: int
    kind: str
    left: float
    top: float
    width: float
    height: float
    row_id: str
    label_px: float
    points: tuple[tuple[float, float], ...] = ()

    @property
    def point_px(self) -> float:
        """Radius of a landmark's mark."""
        return round(max(self.width / 60, 1.0), 1)

    @property
    def label_left(self) -> float:
        return max(self.left, 0.0)

    @property
    def label_baseline(self) -> float:
        """Above the box; inside it where there is no room above."""
        above = self.top - self.label_px * 0.35
        return above if above >= self.label_px else max(self.top, 0.0) + self.label_px * 1.1


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture to show: `source` is a data URL of a JPEG, upright, without metadata."""

    width: int
    height: int
    source: str

    def outline(
        self,
        box: Box,
        *,
        number: int,
        kind: str = "found",
        prefix: str = "face",
        landmarks: Sequence[Landmark] = (),
    ) -> Outline:
        """Return the outline of a box that is given in fractions."""
        return Outline(
            number=number,
            kind=kind,
            left=round(box.left * self.width, 1),
            top=round(box.top * self.height, 1),
            width=round(box.width * self.width, 1),
            height=round(box.height * self.height, 1),
            row_id=f"{prefix}-{number}",
            label_px=round(max(self.width, self.height) / 22, 1),
            points=tuple((round(point.x * self.width, 1), round(point.y * self.height, 1)) for point in landmarks),
        )


def picture_of(data: bytes) -> Picture:
    """Return a picture as it is shown: at most 1,280 pixels on its longer side.

    Raises:
        ImageUnreadable, ImageTooLarge, ImageFormatUnsupported: see `recognition.images`.
        EngineBusy: no turn at decoding became free in time.
    """
    with turn():
        upright = images.decode(data, limits=ImageLimits(max_bytes=settings.CUSTOS_MAX_IMAGE_BYTES))
        shown = Image.fromarray(upright.pixels[:, :, ::-1])
        shown.thumbnail((_LONGEST_SIDE_PX, _LONGEST_SIDE_PX))
    with io.BytesIO() as file:
        shown.save(file, "JPEG", quality=_JPEG_QUALITY)
        encoded = base64.b64encode(file.getvalue()).decode()
    return Picture(shown.width, shown.height, f"data:image/jpeg;base64,{encoded}")
