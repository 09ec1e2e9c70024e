"""Every byte string is decoded, or refused with one of three errors, in bounded memory."""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import simplejpeg
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from common.permits import Permit
from recognition.engines.fake import FakeEngine, face_picture
from recognition.images import (
    ImageFormatUnsupported,
    ImageLimits,
    ImageTooLarge,
    ImageUnreadable,
    UprightImage,
    _upper_bytes,
    decode,
)
from tests.recognition.drawings import (
    ORIENTATIONS,
    Pixels,
    animated,
    bad_pictures,
    encoded,
    exif_of,
    face_pixels,
    flat_jpeg,
    four_colours,
    png,
    sixteen_bit_png,
    stored_as,
)

# Pillow warns of broken EXIF blocks, which cameras write; the suite would make that an error.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL")

REPOSITORY = Path(__file__).resolve().parents[2]
REFUSALS = (ImageUnreadable, ImageTooLarge, ImageFormatUnsupported)

# name in `bad_pictures`, error, words of its detail
REFUSED: list[tuple[str, type[Exception], str]] = [
    ("empty", ImageUnreadable, "empty"),
    ("text", ImageFormatUnsupported, "neither JPEG, PNG nor WebP"),
    ("html", ImageFormatUnsupported, "neither JPEG, PNG nor WebP"),
    ("svg", ImageFormatUnsupported, "neither JPEG, PNG nor WebP"),
    ("bmp", ImageFormatUnsupported, "neither JPEG, PNG nor WebP"),
    ("gif", ImageFormatUnsupported, "neither JPEG, PNG nor WebP"),
    ("animated gif", ImageFormatUnsupported, "neither JPEG, PNG nor WebP"),
    ("tiff", ImageFormatUnsupported, "neither JPEG, PNG nor WebP"),
    ("riff that is no webp", ImageFormatUnsupported, "neither JPEG, PNG nor WebP"),
    ("truncated png", ImageUnreadable, "PNG data is damaged or truncated"),
    ("truncated jpeg", ImageUnreadable, "JPEG data is damaged or truncated"),
    ("truncated webp", ImageUnreadable, "WEBP data is damaged or truncated"),
    ("jpeg without its end", ImageUnreadable, "JPEG data is damaged or truncated"),
    ("png of nothing but a header", ImageUnreadable, "PNG data is damaged or truncated"),
    ("jpeg of nothing but a header", ImageUnreadable, "JPEG data is damaged or truncated"),
    ("webp of nothing but a header", ImageUnreadable, "WEBP data is damaged or truncated"),
    ("png that ends within its first row", ImageUnreadable, "PNG data is damaged or truncated"),
    ("png without pixels", ImageUnreadable, "PNG data is damaged or truncated"),
    ("web page behind a jpeg's first bytes", ImageUnreadable, "JPEG data is damaged or truncated"),
    ("bomb of pixels", ImageTooLarge, "80,000,000 pixels"),
    ("bomb of pixels that exist", ImageTooLarge, "40,000,000"),
    ("bomb in a comment", ImageUnreadable, "PNG data is damaged or truncated"),
    ("bomb in a colour profile", ImageUnreadable, "PNG data is damaged or truncated"),
    ("30,000 wide and 3,000 high", ImageTooLarge, "80,000,000"),
    ("20 MB", ImageTooLarge, "15,728,640"),
]


@pytest.fixture(scope="module")
def bad() -> dict[str, bytes]:
    return bad_pictures()


@pytest.mark.parametrize(("name", "error", "words"), REFUSED, ids=[row[0] for row in REFUSED])
def test_it_refuses_a_bad_picture_and_says_why(
    bad: dict[str, bytes], name: str, error: type[Exception], words: str
) -> None:
    with pytest.raises(error) as refusal:
        decode(bad[name])

    assert type(refusal.value) is error
    assert words in str(refusal.value)


def test_every_kind_of_bad_picture_is_in_the_table(bad: dict[str, bytes]) -> None:
    assert {row[0] for row in REFUSED} == set(bad)


def test_no_bad_picture_costs_much_memory(bad: dict[str, bytes], tmp_path: Path) -> None:
    """The bombs stand for 2.5 GB; refusing every file takes hardly more than the largest of them."""
    for number, data in enumerate(bad.values()):
        (tmp_path / f"{number:03}").write_bytes(data)

    assert _peak_megabytes_of_decoding(tmp_path) < 60


def test_the_largest_picture_that_is_accepted_is_decoded_in_bounded_memory(tmp_path: Path) -> None:
    """Eighty million pixels would be 240 MB three times over: the codec gives a half of each side instead."""
    data = flat_jpeg(8_000, 10_000)
    (tmp_path / "large").write_bytes(data)

    image = decode(data)

    assert (image.width, image.height, image.pixels.shape) == (8_000, 10_000, (5_000, 4_000, 3))
    assert _peak_megabytes_of_decoding(tmp_path) < 220


_DECODE_ALL = """
import pathlib, sys
from PIL import BmpImagePlugin, JpegImagePlugin, PngImagePlugin, WebPImagePlugin
from common.errors import PlatformError
from recognition.images import decode

def peak():
    status = pathlib.Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0])

before = peak()
for path in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    try:
        decode(path.read_bytes())
    except PlatformError as error:
        pass
print((peak() - before) // 1024)
"""


def _peak_megabytes_of_decoding(folder: Path) -> int:
    """Return by how much the peak of a fresh process grows when it decodes every file of the folder."""
    done = subprocess.run(
        [sys.executable, "-c", _DECODE_ALL, folder],
        cwd=REPOSITORY,
        env={"PYTHONPATH": f"{REPOSITORY}:{REPOSITORY / 'platform'}", "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


def _rgb(image: UprightImage) -> Pixels:
    return image.pixels[..., ::-1]


@cache
def _grey() -> Pixels:
    return np.asarray(Image.fromarray(four_colours()).convert("L").convert("RGB"))


def _with_left_half_transparent(form: str) -> bytes:
    picture = Image.fromarray(four_colours()).convert("RGBA")
    alpha = np.full((48, 64), 255, np.uint8)
    alpha[:, :32] = 0
    picture.putalpha(Image.fromarray(alpha))
    return encoded(picture, form, **({"lossless": True} if form == "WEBP" else {}))


def _left_half_white() -> Pixels:
    picture = four_colours()
    picture[:, :32] = 255
    return picture


def _one_colour_white(colour: tuple[int, int, int]) -> Pixels:
    picture = four_colours()
    picture[(picture == colour).all(axis=2)] = 255
    return picture


def _palette(**options: int) -> bytes:
    return encoded(Image.fromarray(four_colours()).quantize(4), "PNG", **options)


# what is sent, what is seen (RGB), tolerance of the codec
ACCEPTED: dict[str, tuple[Callable[[], bytes], Callable[[], Pixels], int]] = {
    "png": (lambda: encoded(four_colours(), "PNG"), four_colours, 0),
    "jpeg": (lambda: encoded(four_colours(), "JPEG", quality=95), four_colours, 12),
    "progressive jpeg": (lambda: encoded(four_colours(), "JPEG", quality=95, progressive=True), four_colours, 12),
    "webp": (lambda: encoded(four_colours(), "WEBP", lossless=True), four_colours, 0),
    "cmyk jpeg": (
        lambda: encoded(Image.fromarray(four_colours()).convert("CMYK"), "JPEG", quality=95),
        four_colours,
        12,
    ),
    "grey jpeg": (lambda: encoded(Image.fromarray(four_colours()).convert("L"), "JPEG", quality=95), _grey, 12),
    "grey png": (lambda: encoded(Image.fromarray(four_colours()).convert("L"), "PNG"), _grey, 0),
    "black and white png": (
        lambda: encoded(Image.fromarray(_grey()[..., 0] > 127), "PNG"),
        lambda: np.where(_grey() > 127, 255, 0).astype(np.uint8),
        0,
    ),
    "16-bit grey": (lambda: sixteen_bit_png(_grey()[..., 0].astype(np.uint16) * 257), _grey, 0),
    "16-bit colour": (lambda: sixteen_bit_png(four_colours().astype(np.uint16) * 257), four_colours, 0),
    "palette": (_palette, four_colours, 0),
    "alpha in png": (lambda: _with_left_half_transparent("PNG"), _left_half_white, 0),
    "alpha in webp": (lambda: _with_left_half_transparent("WEBP"), _left_half_white, 0),
    "one transparent colour": (
        lambda: encoded(four_colours(), "PNG", transparency=(200, 30, 40)),
        lambda: _one_colour_white((200, 30, 40)),
        0,
    ),
    "animated png": (lambda: animated("PNG", first=four_colours()), four_colours, 0),
    "animated webp": (lambda: animated("WEBP", first=four_colours()), four_colours, 0),
    "png and zip in one file": (lambda: encoded(four_colours(), "PNG") + b"PK\x03\x04" + bytes(100), four_colours, 0),
    "jpeg and web page in one file": (
        lambda: encoded(four_colours(), "JPEG", quality=95) + b"<script>alert(1)</script>",
        four_colours,
        12,
    ),
    "1x1": (
        lambda: encoded(Image.new("RGB", (1, 1), (1, 2, 3)), "PNG"),
        lambda: np.array([[[1, 2, 3]]], np.uint8),
        0,
    ),
    "30,000 wide and 20 high": (
        lambda: encoded(Image.new("RGB", (30_000, 20), (9, 8, 7)), "PNG"),
        lambda: np.full((20, 30_000, 3), (9, 8, 7), np.uint8),
        0,
    ),
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_it_shows_what_a_person_would_see(name: str) -> None:
    make, expected, tolerance = ACCEPTED[name]
    data = make()

    image = decode(data)

    seen = expected()
    assert (image.height, image.width, 3) == image.pixels.shape == seen.shape
    if tolerance:
        # Codecs blur edges between colours: compare where there is none.
        seen, shown = seen[4:20:4, 4:28:4], _rgb(image)[4:20:4, 4:28:4]
        assert int(np.abs(seen.astype(int) - shown.astype(int)).max()) <= tolerance
    else:
        assert np.array_equal(_rgb(image), seen)
    assert image.digest == hashlib.sha256(data).hexdigest()
    assert image.pixels.flags.c_contiguous
    with pytest.raises(ValueError, match="read-only"):
        image.pixels[0, 0] = 0


def test_the_upper_byte_counts_of_sixteen_bits() -> None:
    every_level = np.arange(48 * 64, dtype=np.uint16).reshape(48, 64) * 21

    image = decode(sixteen_bit_png(every_level))

    assert np.array_equal(image.pixels[..., 0], (every_level >> 8).astype(np.uint8))


@pytest.mark.parametrize("mode", ["I;16", "I"])
def test_sixteen_bits_are_reduced_without_a_second_copy_of_the_picture(mode: str) -> None:
    """NumPy's memory is traced, Pillow's own is not: one byte a pixel for the answer, and bands beside it."""
    height, width = 1_000, 1_100  # not a whole number of bands
    levels = (np.arange(height * width) % 70_000).astype(np.int32).reshape(height, width)
    expected = (np.minimum(levels, 65_535) >> 8).astype(np.uint8)
    if mode == "I;16":
        levels, expected = (levels % 65_536).astype(np.uint16), ((levels % 65_536) >> 8).astype(np.uint8)
    picture = Image.fromarray(levels)
    assert picture.mode == mode
    tracemalloc.start()
    try:
        grey = _upper_bytes(picture)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert np.array_equal(grey, expected)
    assert peak < 2.5 * height * width


@pytest.mark.parametrize("form", ["PNG", "WEBP"])
@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_it_turns_each_orientation_upright(orientation: int, form: str) -> None:
    stored = stored_as(four_colours(), orientation=orientation)
    options = {"lossless": True} if form == "WEBP" else {}

    image = decode(encoded(stored, form, exif=exif_of(orientation), **options))

    assert (image.width, image.height) == (64, 48)
    assert np.array_equal(_rgb(image), four_colours())


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_a_face_is_found_at_the_same_place_in_each_orientation(orientation: int, permit: Permit) -> None:
    engine = FakeEngine()
    (expected,) = engine.detect(decode(face_picture(1)), permit=permit)

    turned = encoded(stored_as(face_pixels(1), orientation=orientation), "PNG", exif=exif_of(orientation))
    (found,) = engine.detect(decode(turned), permit=permit)

    assert found == expected


@pytest.mark.parametrize(
    "exif",
    [exif_of(0), exif_of(9), exif_of(65_535), b"Exif\0\0nonsense", b"Exif\0\0II*\0" + b"\xff" * 40],
    ids=["0", "9", "65535", "nonsense", "broken directory"],
)
def test_a_camera_s_broken_orientation_leaves_the_picture_as_it_is(exif: bytes) -> None:
    whole = encoded(four_colours(), "JPEG", quality=95)

    image = decode(encoded(four_colours(), "JPEG", quality=95, exif=exif))

    assert np.array_equal(image.pixels, decode(whole).pixels)


@pytest.mark.parametrize("form", ["PNG", "WEBP"])
@pytest.mark.parametrize("exif", [b"MM\0*", b"XX*\0\x08\0\0\0", b"\0", b"II+\0\x08\0\0\0" + bytes(8)])
def test_an_exif_block_that_is_none_leaves_the_picture_as_it_is(form: str, exif: bytes) -> None:
    options = {"lossless": True} if form == "WEBP" else {}

    image = decode(encoded(four_colours(), form, exif=exif, **options))

    assert np.array_equal(_rgb(image), four_colours())


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("subsampling", [0, 1, 2])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_a_jpeg_has_the_pixels_that_pillow_would_give_it(mode: str, subsampling: int, progressive: bool) -> None:
    """Templates of one engine version rest on them, whichever decoder is at work."""
    picture = Image.fromarray(face_pixels(1)).convert(mode)
    data = encoded(picture, "JPEG", quality=83, subsampling=subsampling, progressive=progressive)

    with Image.open(io.BytesIO(data)) as by_pillow:
        expected = np.asarray(by_pillow.convert("RGB"))
    assert np.array_equal(_rgb(decode(data)), expected)


def test_a_jpeg_with_stray_bytes_is_pillow_s_to_judge() -> None:
    """Cameras write worse: the fast decoder objects, what Pillow reads is accepted."""
    data = encoded(face_pixels(1), "JPEG")
    stray = data.replace(b"\xff\xdb", b"\x00\x00\xff\xdb", 1)
    with pytest.raises(ValueError):
        simplejpeg.decode_jpeg(stray)

    assert np.array_equal(decode(stray).pixels, decode(data).pixels)


def test_nothing_is_kept_but_pixels() -> None:
    secret = b"GPS 52.5163 N 13.3777 E"
    exif = Image.Exif()
    exif[0x010E] = secret.decode()

    image = decode(encoded(four_colours(), "PNG", exif=exif.tobytes()))

    assert secret not in image.pixels.tobytes()
    assert not hasattr(image, "info")


def test_limits_are_the_callers() -> None:
    data = encoded(four_colours(), "PNG")

    decode(data, limits=ImageLimits(max_bytes=len(data), max_pixels=64 * 48, max_decoded_pixels=64 * 48))
    for limits in (
        ImageLimits(max_bytes=len(data) - 1),
        ImageLimits(max_pixels=64 * 48 - 1),
        ImageLimits(max_decoded_pixels=64 * 48 - 1),
    ):
        with pytest.raises(ImageTooLarge):
            decode(data, limits=limits)


@pytest.mark.parametrize(
    ("most", "shape"), [(64 * 48, (48, 64)), (64 * 48 - 1, (24, 32)), (700, (12, 16)), (48, (6, 8))]
)
def test_a_large_jpeg_is_decoded_at_the_size_that_the_limit_allows(most: int, shape: tuple[int, int]) -> None:
    image = decode(encoded(four_colours(), "JPEG"), limits=ImageLimits(max_decoded_pixels=most))

    assert image.pixels.shape[:2] == shape
    assert (image.width, image.height) == (64, 48)


def test_a_jpeg_is_refused_when_even_an_eighth_is_too_large() -> None:
    with pytest.raises(ImageTooLarge, match="3,072 pixels"):
        decode(encoded(four_colours(), "JPEG"), limits=ImageLimits(max_decoded_pixels=47))


@given(st.binary(max_size=2_000))
def test_any_byte_string_is_decoded_or_refused(data: bytes) -> None:
    _decoded_or_refused(data)


@given(st.sampled_from([b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\x24\x00\x00\x00WEBP"]), st.binary(max_size=2_000))
@example(b"RIFF\x24\x00\x00\x00WEBP", b"VP8X" + bytes(64))
def test_any_bytes_behind_the_first_ones_of_a_picture_are_decoded_or_refused(start: bytes, rest: bytes) -> None:
    _decoded_or_refused(start + rest)


@settings(max_examples=400)
@given(st.data())
def test_any_damaged_picture_is_decoded_or_refused(data: st.DataObject) -> None:
    whole = data.draw(st.sampled_from(_whole_pictures()))
    damaged = bytearray(whole[: data.draw(st.integers(0, len(whole)))])
    if damaged:
        for _ in range(data.draw(st.integers(0, 8))):
            damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))

    _decoded_or_refused(bytes(damaged))


@cache
def _whole_pictures() -> tuple[bytes, ...]:
    return (
        encoded(four_colours(), "JPEG", exif=exif_of(6)),
        encoded(four_colours(), "JPEG", progressive=True),
        encoded(Image.fromarray(four_colours()).convert("CMYK"), "JPEG"),
        encoded(four_colours(), "PNG", exif=exif_of(8)),
        _palette(transparency=1),
        animated("PNG", first=four_colours()),
        animated("WEBP", first=four_colours()),
        _with_left_half_transparent("WEBP"),
        png(8, 8, rows=bytes(72)),
    )


def _decoded_or_refused(data: bytes) -> None:
    limits = ImageLimits(max_pixels=1_000_000, max_decoded_pixels=500_000)
    try:
        image = decode(data, limits=limits)
    except REFUSALS as refusal:
        assert refusal.detail
        assert refusal.status in (413, 415, 422)
    else:
        assert image.pixels.shape[2] == 3
        assert image.pixels.shape[0] * image.pixels.shape[1] <= limits.max_decoded_pixels
        with Image.open(io.BytesIO(data)) as picture:
            assert picture.format == image.format
