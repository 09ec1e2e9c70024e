"""From bytes to an upright picture: what is accepted, within which limits, and nothing kept but pixels.

JPEG, PNG and WebP only. EXIF orientation is applied and all metadata dropped. Every byte string is either decoded or
refused with one of the three errors here. No Django.
"""

from __future__ import annotations

import hashlib
import io
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt
import simplejpeg
from cv2.typing import MatLike
from PIL import ExifTags, Image

from common.errors import PayloadTooLarge, Unprocessable, UnsupportedMedia

_BACKDROP = (255, 255, 255)
_BAND_ROWS = 64
# What Pillow and the codecs under it raise on damaged files; found by feeding mutated and random bytes.
_DAMAGE = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    EOFError,
    RuntimeError,
    AttributeError,
    struct.error,
    zlib.error,
)


class ImageUnreadable(Unprocessable):
    code = "image-unreadable"
    title = "The image cannot be read"


class ImageTooLarge(PayloadTooLarge):
    code = "image-too-large"
    title = "The image is larger than allowed"


class ImageFormatUnsupported(UnsupportedMedia):
    code = "image-format-unsupported"
    title = "Images must be JPEG, PNG or WebP"


@dataclass(frozen=True, slots=True)
class ImageLimits:
    """What is accepted.

    Attributes:
        max_bytes: of the file.
        max_pixels: width x height that the file announces; checked before anything is decoded. It stays below
            Pillow's own warning level.
        max_decoded_pixels: a JPEG above this is decoded at a half (a quarter) of its size, which the codec does for
            less than the price of the whole; other formats cannot do that and are refused.
    """

    max_bytes: int = 15 * 1024 * 1024
    max_pixels: int = 80_000_000
    max_decoded_pixels: int = 40_000_000


@dataclass(frozen=True, slots=True, eq=False)
class UprightImage:
    """A decoded picture, upright, without metadata.

    Attributes:
        pixels: uint8 (h, w, 3), BGR, C-contiguous, read-only. Half or a quarter of `width` and `height` where a very
            large JPEG was decoded at reduced size: measure in fractions, never in `width`.
        width: of the upright picture as sent, in pixels.
        height: likewise.
        format: `JPEG`, `PNG` or `WEBP`.
        digest: SHA-256 of the bytes as sent, hexadecimal.
    """

    pixels: npt.NDArray[np.uint8]
    width: int
    height: int
    format: str
    digest: str


def decode(data: bytes, *, limits: ImageLimits = ImageLimits()) -> UprightImage:
    """Decode a picture and turn it upright; the first frame where there are several.

    Raises:
        ImageTooLarge: more bytes or pixels than the limits allow.
        ImageFormatUnsupported: not JPEG, PNG or WebP, judged by content; names and extensions are not asked.
        ImageUnreadable: empty, damaged or truncated.
    """
    if len(data) > limits.max_bytes:
        raise ImageTooLarge(f"The image has {len(data):,} bytes; at most {limits.max_bytes:,} are accepted.")
    name = _format_of(data)
    try:
        with Image.open(io.BytesIO(data), formats=[name]) as picture:
            width, height = picture.size
            is_whole = _check_size(picture, name=name, limits=limits) == 1
            pixels = _plain_jpeg(data, picture=picture) if is_whole else None
            if pixels is None:
                picture.load()
                pixels = _bgr(_to_rgb(picture))
            orientation = _orientation(picture)
            if orientation in _TURNS:
                pixels = np.asarray(_TURNS[orientation](pixels), np.uint8)
            pixels.setflags(write=False)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageTooLarge(f"At most {limits.max_pixels:,} pixels are accepted.") from error
    except _DAMAGE as error:
        raise ImageUnreadable(f"The {name} data is damaged or truncated.") from error
    if orientation in _SIDEWAYS:
        width, height = height, width
    return UprightImage(pixels, width, height, name, hashlib.sha256(data).hexdigest())


# EXIF 2.32, tag 274: values 5 to 8 swap width and height.
_SIDEWAYS = (5, 6, 7, 8)


def _format_of(data: bytes) -> str:
    if not data:
        raise ImageUnreadable("The image is empty.")
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    raise ImageFormatUnsupported("The content is neither JPEG, PNG nor WebP.")


def _check_size(picture: Image.Image, *, name: str, limits: ImageLimits) -> int:
    """Return what the sides of the picture are to be divided by when it is decoded: only a JPEG's can be."""
    pixels = picture.width * picture.height
    if pixels > limits.max_pixels:
        raise ImageTooLarge(f"The image has {pixels:,} pixels; at most {limits.max_pixels:,} are accepted.")
    divisor = 1
    while name == "JPEG" and pixels > limits.max_decoded_pixels * divisor**2 and divisor < 8:
        divisor *= 2
    if divisor > 1:
        picture.draft(picture.mode, (picture.width // divisor, picture.height // divisor))
    if picture.width * picture.height > limits.max_decoded_pixels:
        raise ImageTooLarge(
            f"The {name} image has {pixels:,} pixels; at most {limits.max_decoded_pixels:,} are accepted of it."
        )
    return divisor


def _orientation(picture: Image.Image) -> int:
    try:
        value = picture.getexif().get(ExifTags.Base.Orientation, 1)
    except _DAMAGE:
        # A camera's broken EXIF block is common and says nothing about the pixels.
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _plain_jpeg(data: bytes, *, picture: Image.Image) -> npt.NDArray[np.uint8] | None:
    """Decode a colour or grey JPEG in full, two to four times as fast as Pillow and to the same pixels.

    None for every other picture, and for one that the strict decoder objects to: what is damaged says Pillow alone.
    """
    if picture.format not in ("JPEG", "MPO") or picture.mode not in ("RGB", "L"):
        return None
    try:
        pixels = simplejpeg.decode_jpeg(data, colorspace="BGR")
    except ValueError:
        return None
    return pixels if pixels.shape == (picture.height, picture.width, 3) else None


def _bgr(picture: Image.Image) -> npt.NDArray[np.uint8]:
    # Pillow packs BGR in one pass.
    return np.frombuffer(picture.tobytes("raw", "BGR"), np.uint8).reshape(picture.height, picture.width, 3)


# EXIF 2.32, tag 274: where the first row and the first column of what is stored belong.
_TURNS: Final[dict[int, Callable[[npt.NDArray[np.uint8]], MatLike]]] = {
    2: lambda pixels: cv2.flip(pixels, 1),
    3: lambda pixels: cv2.rotate(pixels, cv2.ROTATE_180),
    4: lambda pixels: cv2.flip(pixels, 0),
    5: lambda pixels: cv2.transpose(pixels),
    6: lambda pixels: cv2.rotate(pixels, cv2.ROTATE_90_CLOCKWISE),
    7: lambda pixels: cv2.rotate(cv2.transpose(pixels), cv2.ROTATE_180),
    8: lambda pixels: cv2.rotate(pixels, cv2.ROTATE_90_COUNTERCLOCKWISE),
}


def _to_rgb(picture: Image.Image) -> Image.Image:
    if picture.mode == "RGB" and "transparency" not in picture.info:
        return picture
    if picture.mode.startswith("I"):
        return Image.fromarray(_upper_bytes(picture)).convert("RGB")
    if picture.has_transparency_data:
        whole = picture.convert("RGBA")
        backdrop = Image.new("RGB", whole.size, _BACKDROP)
        backdrop.paste(whole, mask=whole.getchannel("A"))
        return backdrop
    return picture.convert("RGB")


def _upper_bytes(picture: Image.Image) -> npt.NDArray[np.uint8]:
    """Return 16-bit grey as 8-bit grey: Pillow would clip to 255 where the upper byte is meant.

    In bands, so that no second copy of the whole is in memory.
    """
    grey = np.empty((picture.height, picture.width), np.uint8)
    for top in range(0, picture.height, _BAND_ROWS):
        band = picture.crop((0, top, picture.width, min(top + _BAND_ROWS, picture.height)))
        grey[top : top + _BAND_ROWS] = np.clip(np.asarray(band), 0, 65535) >> 8
    return grey
