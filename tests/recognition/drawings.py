"""Pictures that tests draw: good ones in every form that is accepted, and bad ones of every kind. No photographs."""

from __future__ import annotations

import io
import struct
import zlib
from functools import cache
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from recognition.engines.fake import face_picture

Pixels = npt.NDArray[np.uint8]

# Where row 0 and column 0 of the stored picture lie in the upright one (EXIF 2.32, tag 274).
ORIENTATIONS = {
    1: ("top", "left"),
    2: ("top", "right"),
    3: ("bottom", "right"),
    4: ("bottom", "left"),
    5: ("left", "top"),
    6: ("right", "top"),
    7: ("right", "bottom"),
    8: ("left", "bottom"),
}


def four_colours() -> Pixels:
    """Return an RGB picture, 64 wide and 48 high, that looks different however it is turned."""
    picture = np.zeros((48, 64, 3), np.uint8)
    picture[:24, :32], picture[:24, 32:] = (200, 30, 40), (10, 220, 90)
    picture[24:, :32], picture[24:, 32:] = (30, 60, 250), (240, 240, 20)
    return picture


def encoded(picture: Pixels | Image.Image, form: str, **options: Any) -> bytes:
    """Return the picture as a file."""
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    with io.BytesIO() as file:
        image.save(file, form, **options)
        return file.getvalue()


def face_pixels(identity: int = 1) -> Pixels:
    """Return the RGB pixels of a picture in which the fake engine finds one face."""
    with Image.open(io.BytesIO(face_picture(identity))) as picture:
        return np.asarray(picture.convert("RGB"))


def stored_as(upright: Pixels, *, orientation: int) -> Pixels:
    """Return how a camera stores an upright picture that it marks with this orientation."""
    row_0, column_0 = ORIENTATIONS[orientation]
    stored = upright if row_0 in ("top", "bottom") else upright.transpose(1, 0, 2)
    if row_0 in ("bottom", "right"):
        stored = stored[::-1]
    if column_0 in ("bottom", "right"):
        stored = stored[:, ::-1]
    return np.ascontiguousarray(stored)


def exif_of(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[274] = orientation
    return exif.tobytes()


def sixteen_bit_png(picture: npt.NDArray[np.uint16]) -> bytes:
    """Return a PNG of 16 bits a channel; three channels are RGB."""
    turned = picture[..., ::-1] if picture.ndim == 3 else picture
    done, data = cv2.imencode(".png", np.ascontiguousarray(turned))
    assert done
    return bytes(data)


def png(width: int, height: int, *chunks: tuple[bytes, bytes], rows: bytes = b"") -> bytes:
    """Return a grey PNG put together by hand: it announces what it likes.

    Args:
        width: as announced.
        height: as announced.
        chunks: kind and content of further chunks, before the pixels.
        rows: raw scan lines with their filter bytes, as many as there really are.
    """
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = ((b"IHDR", header), *chunks, (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, content) for kind, content in parts)


def _chunk(kind: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)


def animated(form: str, *, first: Pixels) -> bytes:
    """Return an animation whose first frame is given; the others are black."""
    others = [Image.new("RGB", (first.shape[1], first.shape[0])) for _ in range(2)]
    options: dict[str, Any] = {"lossless": True} if form == "WEBP" else {}
    return encoded(first, form, save_all=True, append_images=others, **options)


def flat_jpeg(width: int, height: int) -> bytes:
    """Return a JPEG of one colour: little data, many pixels."""
    return encoded(Image.new("RGB", (width, height), (96, 112, 96)), "JPEG")


# Ten times what Pillow unpacks of a text or a profile, in ten kilobytes.
_TEN_MEGABYTES = zlib.compress(bytes(10_000_000), 9)


@cache
def bad_pictures() -> dict[str, bytes]:
    """Return one file of every kind that is refused; `tests/recognition/test_images.py` says how."""
    face, colours = face_picture(1), four_colours()
    jpeg, webp = encoded(colours, "JPEG"), encoded(colours, "WEBP")
    return {
        "empty": b"",
        "text": b"this is not a photograph",
        "html": b"<!doctype html><script>alert(1)</script>",
        "svg": b'<svg xmlns="http://www.w3.org/2000/svg" width="64" height="48"/>',
        "bmp": encoded(colours, "BMP"),
        "gif": encoded(colours, "GIF"),
        "animated gif": animated("GIF", first=colours),
        "tiff": encoded(colours, "TIFF"),
        "riff that is no webp": b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(32),
        "truncated png": face[: len(face) // 2],
        "truncated jpeg": jpeg[: len(jpeg) // 2],
        "truncated webp": webp[: len(webp) // 2],
        "jpeg without its end": jpeg[:-2],
        "png of nothing but a header": face[:8],
        "jpeg of nothing but a header": jpeg[:3],
        "webp of nothing but a header": webp[:12],
        "png that ends within its first row": png(400, 400, rows=bytes(100)),
        "png without pixels": png(0, 0),
        "web page behind a jpeg's first bytes": b"\xff\xd8\xff\xe0<script>alert(1)</script>",
        "bomb of pixels": png(50_000, 50_000, rows=bytes(1000)),
        "bomb of pixels that exist": png(8_000, 7_000, rows=bytes(8_001 * 7_000)),
        "bomb in a comment": png(8, 8, (b"zTXt", b"a\0\0" + _TEN_MEGABYTES), rows=bytes(72)),
        "bomb in a colour profile": png(8, 8, (b"iCCP", b"a\0\0" + _TEN_MEGABYTES), rows=bytes(72)),
        "30,000 wide and 3,000 high": png(30_000, 3_000),
        "20 MB": encoded(colours, "PNG") + bytes(20 * 1024 * 1024),
    }
