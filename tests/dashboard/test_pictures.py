"""The picture that is shown back: upright, small, and outlined where the faces are."""

from __future__ import annotations

import base64
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from dashboard.pictures import Picture, picture_of
from recognition.engines.base import Box
from recognition.errors import EngineBusy
from recognition.services import turns


def _photograph(width: int, height: int, *, orientation: int = 1) -> bytes:
    picture = Image.new("RGB", (width, height), (10, 20, 200))
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "Camera of somebody"
    with io.BytesIO() as file:
        picture.save(file, "JPEG", exif=exif)
        return file.getvalue()


def _decoded(picture: Picture) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(picture.source.partition(",")[2])))


def test_a_large_picture_is_shown_smaller_in_its_own_shape_and_colours() -> None:
    shown = picture_of(_photograph(3000, 1500))

    assert (shown.width, shown.height) == (1280, 640)
    image = _decoded(shown)
    assert image.size == (1280, 640)
    red, _, blue = image.getpixel((600, 300))  # type: ignore[misc]
    assert blue > 150 > red


def test_a_small_picture_keeps_its_size() -> None:
    assert (picture_of(_photograph(100, 60)).width, picture_of(_photograph(100, 60)).height) == (100, 60)


def test_it_is_upright_and_carries_no_metadata() -> None:
    shown = picture_of(_photograph(100, 60, orientation=6))

    assert (shown.width, shown.height) == (60, 100)
    assert dict(_decoded(shown).getexif()) == {}


def test_it_takes_its_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "_turns", turns.Turns(1, wait_seconds=0))

    with turns.turn(), pytest.raises(EngineBusy):
        picture_of(_photograph(100, 60))

    assert picture_of(_photograph(100, 60)).width == 100


fraction = st.floats(-0.5, 1.2)


@given(fraction, fraction, st.floats(0.01, 1.5), st.floats(0.01, 1.5), st.integers(20, 1280), st.integers(20, 1280))
def test_an_outline_is_the_box_in_pixels_and_its_number_is_on_the_picture(
    left: float, top: float, width: float, height: float, picture_width: int, picture_height: int
) -> None:
    picture = Picture(picture_width, picture_height, "data:")

    outline = picture.outline(Box(left, top, width, height), number=1)

    assert abs(outline.left - left * picture_width) <= 0.05 + 1e-9
    assert abs(outline.height - height * picture_height) <= 0.05 + 1e-9
    assert outline.label_left >= 0
    assert outline.label_baseline > 0
