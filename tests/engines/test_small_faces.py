"""Small and many faces: six group photographs made small, a hundred faces in one picture, tiles that miss nobody."""

from __future__ import annotations

import dataclasses
import shutil
from itertools import pairwise

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.downloads import Member, NodePackage, RemoteFile, default_cache_dir, fetch
from common.permits import Permit
from recognition import images
from recognition.engines import detections
from recognition.engines.onnx.engine import OnnxEngine
from recognition.images import UprightImage

_FACE_API = NodePackage(
    name="@vladmandic/face-api",
    version="1.7.15",
    sha256="0d77fffeef362ef9c0939cf6c567f3a2e8e177f114fa257a3270cbd2e509b031",
    size=12677476,
)
_SAMPLES = {
    "sample1.jpg": ("8ecae4b267b2d3169e06e00c7dee97097aa2a94635d45216f7732a5f4943cb51", 144516),
    "sample2.jpg": ("7d2b60ae6f13bf30f422e04df87451081a02c83de469056f25afb44b7000c691", 181758),
    "sample3.jpg": ("8eb081c9efb14370fa94d9feab9e5fbeafd19a627491853a80c2bf67f7ffa936", 221049),
    "sample4.jpg": ("729efa5923061d40eb4ed5f267a18cc7b8ba6f852bb2757b16d8b7e4937476fc", 210824),
    "sample5.jpg": ("6d45095ebb182d8f975c0790e0e4eefd86fbb40609cf4b271776d92e12662938", 166400),
    "sample6.jpg": ("9baad80f9d5e306fb9b8c0913d44445f1e95848df317530efb03d0934c57ba87", 302445),
}


def _made_to(image: UprightImage, *, scale: float) -> UprightImage:
    pixels = cv2.resize(np.array(image.pixels), None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return dataclasses.replace(image, pixels=pixels, width=pixels.shape[1], height=pixels.shape[0])


def _centres(engine: OnnxEngine, image: UprightImage, *, permit: Permit, thorough: bool = False) -> np.ndarray:
    """Return centres and shorter sides of the faces, in shares of the picture's width and height."""
    faces = engine.detect(image, permit=permit, thorough=thorough)
    return np.array([(f.box.left + f.box.width / 2, f.box.top + f.box.height / 2, f.box.width) for f in faces])


@pytest.fixture(scope="session")
def groups() -> list[UprightImage]:
    if shutil.which("npm") is None:
        pytest.skip("The group photographs come by npm, which is not installed.")
    files = [
        RemoteFile(name=name, sha256=sha256, size=size, sources=(Member(_FACE_API, f"package/demo/{name}"),))
        for name, (sha256, size) in _SAMPLES.items()
    ]
    return [images.decode(fetch(file, cache_dir=default_cache_dir()).read_bytes()) for file in files]


@pytest.mark.parametrize(("side_px", "thorough"), [(28, False), (14, True)])
def test_all_28_people_of_seven_group_photographs_are_found(
    onnx_engine: OnnxEngine,
    groups: list[UprightImage],
    pictures: dict[str, UprightImage],
    permit: Permit,
    side_px: int,
    thorough: bool,
) -> None:
    found = people = false = 0
    for image in (*groups, pictures["group"]):
        # Looked at with a person's eyes: at full size these are the people, and nothing else.
        surely = [face for face in onnx_engine.detect(image, permit=permit) if face.confidence >= 80]
        median_px = float(np.median([face.box.width * image.width for face in surely]))
        small = _centres(onnx_engine, _made_to(image, scale=side_px / median_px), permit=permit, thorough=thorough)
        for face in surely:
            there = (face.box.left + face.box.width / 2, face.box.top + face.box.height / 2)
            found += bool((np.abs(small[:, :2] - there).max(axis=1) < face.box.width / 2).any())
        people += len(surely)
        false += max(0, len(small) - len(surely))

    assert (found, people) == (28, 28)
    assert false <= 1


def test_a_hundred_faces_are_found_and_no_more_answered(
    onnx_engine: OnnxEngine, pictures: dict[str, UprightImage], permit: Permit
) -> None:
    image = pictures["group"]
    cells = []
    for face in onnx_engine.detect(image, permit=permit)[:5]:
        box = face.box
        left, top = (box.left - 0.4 * box.width) * image.width, (box.top - 0.3 * box.height) * image.height
        side = 1.6 * box.height * image.height
        view = cv2.warpAffine(
            np.array(image.pixels), np.float32([[96 / side, 0, -left * 96 / side], [0, 96 / side, -top * 96 / side]]),
            (96, 96), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE,
        )  # fmt: skip
        cells.append(view)
    rows = [np.hstack([cells[(row + column) % 5] for column in range(12)]) for row in range(10)]
    crowd = dataclasses.replace(image, pixels=np.ascontiguousarray(np.vstack(rows)), width=1152, height=960)

    found = onnx_engine.detect(crowd, permit=permit)

    assert len(found) == 100
    assert len({(round(face.box.left * 12), round(face.box.top * 10)) for face in found}) == 100


def test_a_small_face_of_a_large_picture_is_found_by_a_thorough_look_alone(
    onnx_engine: OnnxEngine, pictures: dict[str, UprightImage], permit: Permit
) -> None:
    small = _made_to(pictures["person_b_1"], scale=0.06)
    large = np.full((2400, 3200, 3), 127, np.uint8)
    large[1500 : 1500 + small.height, 2100 : 2100 + small.width] = small.pixels
    image = dataclasses.replace(small, pixels=large, width=3200, height=2400)

    (face,) = onnx_engine.detect(image, permit=permit, thorough=True)

    assert onnx_engine.detect(image, permit=permit) == ()
    assert 2100 <= face.box.left * 3200 <= 2100 + small.width
    assert 1500 <= face.box.top * 2400 <= 1500 + small.height


@given(height=st.integers(1, 9000), width=st.integers(1, 9000))
def test_tiles_cover_a_picture_of_any_size_and_are_not_too_many(height: int, width: int) -> None:
    tiles = detections._tiles(height, width)

    assert 1 <= len(tiles) <= detections.MOST_TILES
    for axis, length in ((0, width), (1, height)):
        spans = sorted({(tile[axis], tile[axis] + tile[2]) for tile in tiles})
        assert spans[0][0] == 0 and spans[-1][1] >= length
        assert all(second[0] < first[1] for first, second in pairwise(spans))


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(scale=st.floats(0.35, 1.6), left=st.integers(0, 200), top=st.integers(0, 200), mirrored=st.booleans())
def test_a_padded_rescaled_or_mirrored_picture_has_its_faces_where_they_must_be(
    onnx_engine: OnnxEngine,
    pictures: dict[str, UprightImage],
    permit: Permit,
    scale: float,
    left: int,
    top: int,
    mirrored: bool,
) -> None:
    image = _made_to(pictures["group"], scale=0.6)
    expected = onnx_engine.detect(image, permit=permit)
    changed = _made_to(image, scale=scale)
    pixels = cv2.copyMakeBorder(np.array(changed.pixels), top, 40, left, 60, cv2.BORDER_CONSTANT, value=(90, 90, 90))
    pixels = np.ascontiguousarray(pixels[:, ::-1]) if mirrored else pixels
    height, width = pixels.shape[:2]

    found = onnx_engine.detect(dataclasses.replace(image, pixels=pixels, width=width, height=height), permit=permit)

    centres = [((f.box.left + f.box.width / 2) * width, (f.box.top + f.box.height / 2) * height) for f in found]
    centres = [(width - x if mirrored else x, y) for x, y in centres]
    assert len([face for face in found if face.confidence >= 75]) <= len(expected) <= len(found)
    for face in expected:
        x = left + (face.box.left + face.box.width / 2) * changed.width
        y = top + (face.box.top + face.box.height / 2) * changed.height
        side = face.box.width * changed.width
        assert min(np.hypot(x - cx, y - cy) for cx, cy in centres) < 0.25 * side
