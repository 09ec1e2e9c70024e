"""What every engine promises, whatever is inside: one suite over all of them."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from common.permits import Permit
from demo.photographs import Photographs
from recognition import images
from recognition.engines.base import FaceEngine
from recognition.engines.fake import FakeEngine, face_picture
from recognition.images import UprightImage


@dataclass(frozen=True)
class Bench:
    """An engine with pictures that it can work on: two of one person, one of another, one of several people."""

    engine: FaceEngine
    same: tuple[UprightImage, UprightImage]
    other: UprightImage
    group: UprightImage
    group_size: int
    nobody: UprightImage


@pytest.fixture(params=["fake", "onnx", "deepface"])
def bench(request: pytest.FixtureRequest, photographs: Photographs) -> Bench:
    blank = images.decode(_png(np.full((240, 320, 3), 127, np.uint8)))
    if request.param == "fake":
        drawn: Callable[..., UprightImage] = lambda *people, **more: images.decode(face_picture(*people, **more))  # noqa: E731
        return Bench(FakeEngine(), (drawn(1), drawn(1, variant=1)), drawn(2), drawn(1, others=(2, 3)), 3, blank)
    a_1, a_2, b, group = (
        images.decode(photographs.read(name)) for name in ("person_a_1", "person_a_2", "person_b_1", "group")
    )
    engine: FaceEngine = request.getfixturevalue(f"{request.param}_engine")
    return Bench(engine, (a_1, a_2), b, group, 6, blank)


def _png(pixels: np.ndarray) -> bytes:
    import cv2

    return bytes(cv2.imencode(".png", pixels)[1])


def _vector(bench: Bench, image: UprightImage, *, permit: Permit) -> np.ndarray:
    faces = bench.engine.detect(image, permit=permit)
    return bench.engine.extract(image, faces[:1], permit=permit)[0].vector


def test_it_finds_everybody_largest_first(bench: Bench, permit: Permit) -> None:
    faces = bench.engine.detect(bench.group, permit=permit)

    areas = [face.box.width * face.box.height for face in faces]
    assert len(faces) == bench.group_size
    assert areas == sorted(areas, reverse=True)


def test_it_finds_no_more_than_it_is_asked_for(bench: Bench, permit: Permit) -> None:
    everybody = bench.engine.detect(bench.group, permit=permit)

    assert bench.engine.detect(bench.group, permit=permit, max_faces=2) == everybody[:2]


def test_it_finds_nobody_where_there_is_nobody(bench: Bench, permit: Permit) -> None:
    assert bench.engine.detect(bench.nobody, permit=permit) == ()
    assert bench.engine.extract(bench.nobody, [], permit=permit) == ()


def test_its_boxes_landmarks_and_scores_are_within_bounds(bench: Bench, permit: Permit) -> None:
    for face in bench.engine.detect(bench.group, permit=permit):
        box, points = face.box, {landmark.type: landmark for landmark in face.landmarks}
        assert 0 < box.width < 1 and 0 < box.height < 1
        assert 50 <= face.confidence <= 100
        assert list(points) == ["eyeLeft", "eyeRight", "nose", "mouthLeft", "mouthRight"]
        assert all(box.left <= p.x <= box.left + box.width for p in points.values())
        assert all(box.top <= p.y <= box.top + box.height for p in points.values())
        assert points["eyeLeft"].x < points["eyeRight"].x
        assert points["mouthLeft"].y > points["eyeLeft"].y
        assert all(0 <= value <= 100 for value in (face.quality.brightness, face.quality.sharpness, face.quality.score))


def test_its_templates_are_unit_vectors_of_its_version(bench: Bench, permit: Permit) -> None:
    faces = bench.engine.detect(bench.group, permit=permit)

    templates = bench.engine.extract(bench.group, faces, permit=permit)

    assert len(templates) == len(faces)
    for template in templates:
        assert template.vector.shape == (bench.engine.dimensions,)
        assert template.vector.dtype == np.float32
        assert np.linalg.norm(template.vector) == pytest.approx(1.0, abs=1e-5)
        assert template.engine_version == bench.engine.version
        with pytest.raises(ValueError, match="read-only"):
            template.vector[0] = 0.0


def test_two_photographs_of_one_person_match_and_two_people_do_not(bench: Bench, permit: Permit) -> None:
    first, second = (_vector(bench, image, permit=permit) for image in bench.same)
    stranger = _vector(bench, bench.other, permit=permit)

    similarity = bench.engine.calibration.similarity
    assert similarity(float(first @ second)) > 95.0
    assert similarity(float(first @ stranger)) < 80.0


def test_it_answers_the_same_again(bench: Bench, permit: Permit) -> None:
    assert bench.engine.detect(bench.group, permit=permit) == bench.engine.detect(bench.group, permit=permit)
    np.testing.assert_array_equal(
        _vector(bench, bench.other, permit=permit), _vector(bench, bench.other, permit=permit)
    )


def test_threads_may_share_it(bench: Bench, permit: Permit) -> None:
    expected = _vector(bench, bench.group, permit=permit)
    answers: list[np.ndarray] = []

    def work() -> None:
        for _ in range(3):
            answers.append(_vector(bench, bench.group, permit=permit))

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(answers) == 18
    assert all(np.array_equal(expected, answer) for answer in answers)


def test_it_works_for_nobody_without_a_permit(bench: Bench, permit: Permit) -> None:
    faces = bench.engine.detect(bench.group, permit=permit)
    for no_permit in (None, "permit", object()):
        with pytest.raises(TypeError, match="Permit"):
            bench.engine.detect(bench.group, permit=no_permit)  # type: ignore[arg-type]
        with pytest.raises(TypeError, match="Permit"):
            bench.engine.extract(bench.group, faces, permit=no_permit)  # type: ignore[arg-type]


def test_it_refuses_to_work_in_a_fork(bench: Bench, permit: Permit) -> None:
    faces = bench.engine.detect(bench.group, permit=permit)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        # Nothing but the two calls and the pipe: the threads of the runtime and of pytest stayed behind.
        answers = []
        for call in (
            lambda: bench.engine.detect(bench.group, permit=permit),
            lambda: bench.engine.extract(bench.group, faces, permit=permit),
        ):
            try:
                call()
                answers.append("worked")
            except BaseException as error:
                answers.append(type(error).__name__)
        os.write(writing, ",".join(answers).encode())
        os._exit(0)
    os.waitpid(child, 0)

    assert os.read(reading, 200) == b"EngineInWrongProcess,EngineInWrongProcess"
    os.close(reading)
    os.close(writing)
