"""The default engine on real photographs, and beside OpenCV's own pipeline on the same weights."""

from __future__ import annotations

import dataclasses
import io
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from common.permits import Permit
from demo.photographs import Photographs
from recognition import images
from recognition.engines import manifest
from recognition.engines.errors import RuntimeUnusable
from recognition.engines.onnx import golden, session
from recognition.engines.onnx.engine import OnnxEngine
from recognition.engines.onnx.session import Backend
from recognition.images import UprightImage

LARGEST_DIFFERENCE_PX = 1.0


@pytest.fixture(scope="session")
def opencv(models_dir: Path) -> tuple[cv2.FaceDetectorYN, cv2.FaceRecognizerSF]:
    """An independent implementation: OpenCV's C++ on its own runtime."""
    detector, recogniser = (str(models_dir / card.file_name) for card in (manifest.YUNET, manifest.SFACE))
    return (
        cv2.FaceDetectorYN.create(detector, "", (320, 320), 0.5, 0.3, 5000),
        cv2.FaceRecognizerSF.create(recogniser, ""),
    )


@pytest.mark.parametrize("name", ["person_a_1", "person_a_2", "person_c_1", "group"])
def test_it_finds_what_opencv_finds(
    onnx_engine: OnnxEngine,
    opencv: tuple[cv2.FaceDetectorYN, cv2.FaceRecognizerSF],
    pictures: dict[str, UprightImage],
    permit: Permit,
    name: str,
) -> None:
    image = pictures[name]
    opencv[0].setInputSize((image.width, image.height))
    theirs = opencv[0].detect(np.array(image.pixels))[1]
    theirs = theirs[np.argsort(-theirs[:, 2] * theirs[:, 3])]

    ours = onnx_engine.detect(image, permit=permit)

    assert len(ours) == len(theirs)
    for face, row in zip(ours, theirs, strict=True):
        points = [(landmark.x * image.width, landmark.y * image.height) for landmark in face.landmarks]
        box = face.box
        corner = (box.left * image.width, box.top * image.height, box.width * image.width, box.height * image.height)
        assert np.abs(np.array(corner) - row[:4]).max() < LARGEST_DIFFERENCE_PX
        assert np.abs(np.array(points).ravel() - row[4:14]).max() < LARGEST_DIFFERENCE_PX
        assert face.confidence == pytest.approx(100 * row[14], abs=0.1)


def test_its_templates_are_those_of_opencv(
    onnx_engine: OnnxEngine,
    opencv: tuple[cv2.FaceDetectorYN, cv2.FaceRecognizerSF],
    pictures: dict[str, UprightImage],
    permit: Permit,
) -> None:
    image = pictures["group"]
    faces = onnx_engine.detect(image, permit=permit)
    templates = onnx_engine.extract(image, faces, permit=permit)

    for face, template in zip(faces, templates, strict=True):
        points = [value for point in face.landmarks for value in (point.x * image.width, point.y * image.height)]
        row = np.array([[0, 0, 0, 0, *points, 1]], np.float32)
        theirs = opencv[1].feature(opencv[1].alignCrop(np.array(image.pixels), row))[0]
        assert float(template.vector @ theirs / np.linalg.norm(theirs)) > 0.999


def test_the_resolution_of_a_photograph_hardly_matters(
    onnx_engine: OnnxEngine, pictures: dict[str, UprightImage], permit: Permit
) -> None:
    large = pictures["person_a_probe"]
    pixels = cv2.resize(np.array(large.pixels), None, fx=0.3, fy=0.3, interpolation=cv2.INTER_AREA)
    small = dataclasses.replace(large, pixels=pixels)

    faces = onnx_engine.detect(large, permit=permit)[:1]
    vectors = [onnx_engine.extract(image, faces, permit=permit)[0].vector for image in (large, small)]

    # Without averaging before the crop it is 0.975.
    assert float(vectors[0] @ vectors[1]) > 0.985


@pytest.mark.parametrize("orientation", range(2, 9))
def test_it_sees_a_turned_photograph_upright(
    onnx_engine: OnnxEngine, photographs: Photographs, permit: Permit, orientation: int
) -> None:
    upright = images.decode(photographs.read("group"))
    expected = onnx_engine.detect(upright, permit=permit)

    turned = images.decode(_with_orientation(upright, orientation=orientation))
    found = onnx_engine.detect(turned, permit=permit)

    assert (turned.width, turned.height) == (upright.width, upright.height)
    assert len(found) == len(expected)
    for ours, theirs in zip(found, expected, strict=True):
        assert ours.box.left == pytest.approx(theirs.box.left, abs=0.01)
        assert ours.box.top == pytest.approx(theirs.box.top, abs=0.01)


def _with_orientation(image: UprightImage, *, orientation: int) -> bytes:
    """Encode the picture lying as a camera would store it, with the EXIF tag that turns it upright again."""
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    lying = Image.fromarray(image.pixels[:, :, ::-1]).transpose(undo[orientation])
    exif = Image.Exif()
    exif[274] = orientation
    with io.BytesIO() as file:
        lying.save(file, "JPEG", quality=95, exif=exif)
        return file.getvalue()


@pytest.mark.parametrize("side_px", [96, 200, 640, 1280, 2600])
def test_it_finds_one_face_that_fills_the_picture(
    onnx_engine: OnnxEngine, pictures: dict[str, UprightImage], permit: Permit, side_px: int
) -> None:
    image = pictures["person_a_1"]
    box = onnx_engine.detect(image, permit=permit)[0].box
    rows, columns = (
        slice(int(start * size), int((start + length) * size))
        for start, length, size in ((box.top, box.height, image.height), (box.left, box.width, image.width))
    )
    face = np.array(image.pixels[rows, columns])
    scale = side_px / max(face.shape[:2])
    filling = dataclasses.replace(image, pixels=cv2.resize(face, None, fx=scale, fy=scale))

    found = onnx_engine.detect(filling, permit=permit)

    assert len(found) == 1
    assert found[0].box.width > 0.7


def test_a_mirrored_face_looks_the_other_way(
    onnx_engine: OnnxEngine, pictures: dict[str, UprightImage], permit: Permit
) -> None:
    image = pictures["person_d_1"]
    mirrored = dataclasses.replace(image, pixels=np.ascontiguousarray(image.pixels[:, ::-1]))

    pose, other = (onnx_engine.detect(each, permit=permit)[0].pose for each in (image, mirrored))

    assert abs(pose.yaw) > 30
    # The detector's points themselves move by some pixels between the two.
    assert other.yaw == pytest.approx(-pose.yaw, abs=10)
    assert other.pitch == pytest.approx(pose.pitch, abs=10)
    assert other.roll == pytest.approx(-pose.roll, abs=10)


def test_a_blurred_or_dark_photograph_is_of_less_quality(
    onnx_engine: OnnxEngine, pictures: dict[str, UprightImage], permit: Permit
) -> None:
    image = pictures["person_a_1"]
    blurred = dataclasses.replace(image, pixels=cv2.GaussianBlur(np.array(image.pixels), (0, 0), 8))
    dark = dataclasses.replace(image, pixels=(image.pixels // 6).astype(np.uint8))

    plain, soft, dim = (onnx_engine.detect(each, permit=permit)[0].quality for each in (image, blurred, dark))

    assert soft.sharpness < plain.sharpness / 3 and soft.score < plain.score
    assert dim.brightness < plain.brightness / 3 and dim.score < plain.score


@pytest.mark.parametrize("runtime", ["openvino", "onnxruntime"])
def test_both_runtimes_make_the_same_templates(
    onnx_engine: OnnxEngine, models_dir: Path, pictures: dict[str, UprightImage], permit: Permit, runtime: str
) -> None:
    one = OnnxEngine(models_dir, runtime=runtime)
    image = pictures["group"]
    faces = onnx_engine.detect(image, permit=permit)

    found = one.detect(image, permit=permit)
    vectors = [engine.extract(image, faces, permit=permit) for engine in (onnx_engine, one)]

    assert {backend.runtime for backend in one.backends.values()} == {runtime}
    assert one.version == onnx_engine.version
    assert [f.box.left for f in found] == pytest.approx([f.box.left for f in faces], abs=1e-4)
    assert all(float(a.vector @ b.vector) > 0.999 for a, b in zip(*vectors, strict=True))


class _Wrong:
    """A session whose arithmetic is off."""

    def __init__(self, right: session.Session) -> None:
        self._right = right

    def run(self, tensor: np.ndarray) -> tuple[np.ndarray, ...]:
        return tuple(output + np.float32(output.std()) for output in self._right.run(tensor))


def test_a_runtime_that_fails_the_golden_vectors_is_not_used(monkeypatch: pytest.MonkeyPatch, models_dir: Path) -> None:
    genuine = session.open_session

    def spoiled(path: Path, *, backend: Backend, threads: int, **more: Any) -> session.Session:
        opened = genuine(path, backend=backend, threads=threads, **more)
        return _Wrong(opened) if backend.runtime == "openvino" else opened

    monkeypatch.setattr("recognition.engines.onnx.loading.open_session", spoiled)

    fallen_back = OnnxEngine(models_dir)
    assert {str(backend) for backend in fallen_back.backends.values()} == {"onnxruntime f32"}
    with pytest.raises(RuntimeUnusable, match="golden vector's cosine"):
        OnnxEngine(models_dir, runtime="openvino")


def test_an_unknown_runtime_is_said_to_be_so(models_dir: Path) -> None:
    with pytest.raises(RuntimeUnusable, match="no runtime 'abacus'"):
        OnnxEngine(models_dir, runtime="abacus")


def test_a_missing_runtime_is_passed_over(monkeypatch: pytest.MonkeyPatch, models_dir: Path) -> None:
    monkeypatch.setitem(__import__("sys").modules, "openvino", None)

    assert {str(backend) for backend in OnnxEngine(models_dir).backends.values()} == {"onnxruntime f32"}
    monkeypatch.setitem(__import__("sys").modules, "onnxruntime", None)
    with pytest.raises(RuntimeUnusable, match="OpenVINO is not installed"):
        OnnxEngine(models_dir)


def test_its_version_names_the_models_and_everything_that_decides_a_template(
    monkeypatch: pytest.MonkeyPatch, onnx_engine: OnnxEngine, models_dir: Path
) -> None:
    assert onnx_engine.version.startswith("yunet-2023mar+sface-2021dec@")

    monkeypatch.setattr("recognition.engines.onnx.engine.PREPROCESSING", 99)
    assert OnnxEngine(models_dir).version != onnx_engine.version


def test_the_golden_input_is_the_same_on_every_machine() -> None:
    picture = golden.picture(112)

    assert picture.shape == (112, 112, 3)
    assert picture.mean() == pytest.approx(127.3, abs=1.0)
