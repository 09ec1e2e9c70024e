"""The attributes of the default engine on real photographs; what they are worth is measured, not tested."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import cv2
import numpy as np
import pytest

from common.ids import new_id
from common.permits import Permit, PermitMismatch
from common.vocabulary import FaceAttribute, Operation
from recognition.engines.attributes import Attributes, Presence
from recognition.engines.base import Pose
from recognition.engines.deepface.engine import DeepfaceEngine
from recognition.engines.errors import AttributesNotOffered, WeightsMissing
from recognition.engines.manifest import CORE_MODELS, LANDMARKS
from recognition.engines.onnx.attributes import emotions, gaze
from recognition.engines.onnx.attributes.mesh import _LANDMARKS
from recognition.engines.onnx.engine import OnnxEngine
from recognition.images import UprightImage
from tests.worlds import permit_for

A = FaceAttribute
EVERYTHING = frozenset(OnnxEngine.attributes.fget(None))  # type: ignore[attr-defined]


@pytest.fixture
def analysis(permit: Permit) -> Permit:
    return permit_for(new_id(), Operation.ANALYSE_ATTRIBUTES)


def _said(
    engine: OnnxEngine, image: UprightImage, *, permit: Permit, analysis: Permit, wanted: frozenset[A] = EVERYTHING
) -> Attributes:
    faces = engine.detect(image, permit=permit, max_faces=1)
    return engine.analyse(image, faces, wanted=wanted, permit=analysis)[0]


def _share(presence: Presence | None) -> float:
    """Return how much speaks for it, in per cent."""
    assert presence is not None
    return presence.confidence if presence.value else 100.0 - presence.confidence


def _with_pixels(image: UprightImage, pixels: np.ndarray) -> UprightImage:
    return dataclasses.replace(image, pixels=np.ascontiguousarray(pixels))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("person_a_1", {"eyeglasses": False, "beard": False, "smile": True, "sunglasses": False, "eyes_open": True}),
        ("person_b_1", {"eyeglasses": False, "beard": False, "sunglasses": False, "eyes_open": True}),
        ("person_c_1", {"eyeglasses": False, "sunglasses": False}),
    ],
)
def test_it_says_what_anybody_sees(
    onnx_engine: OnnxEngine,
    pictures: dict[str, UprightImage],
    permit: Permit,
    analysis: Permit,
    name: str,
    expected: dict[str, bool],
) -> None:
    said = _said(onnx_engine, pictures[name], permit=permit, analysis=analysis)

    assert {attribute: getattr(said, attribute).value for attribute in expected} == expected
    assert said.gender is not None and said.gender.value == "male"


def test_every_answer_is_within_its_bounds(
    onnx_engine: OnnxEngine, pictures: dict[str, UprightImage], permit: Permit, analysis: Permit
) -> None:
    image = pictures["group"]
    faces = onnx_engine.detect(image, permit=permit)

    for said in onnx_engine.analyse(image, faces, wanted=EVERYTHING, permit=analysis):
        assert said.age_range is not None and 0 <= said.age_range.low < said.age_range.high <= 100
        assert said.emotions is not None and sum(e.confidence for e in said.emotions) == pytest.approx(100, abs=0.1)
        assert {emotion.type for emotion in said.emotions} == {*emotions.TOLD, "unknown"}
        assert said.eye_direction is not None and abs(said.eye_direction.yaw) <= 90
        assert said.eye_direction.pitch is None and 100 / 3 <= said.eye_direction.confidence <= 100
        assert said.hair_colour is not None and 25 <= said.hair_colour.confidence <= 100
        assert said.landmarks is not None and len({landmark.type for landmark in said.landmarks}) == 30
        for name in (
            "beard",
            "eyeglasses",
            "eyes_open",
            "face_occluded",
            "moustache",
            "mouth_open",
            "smile",
            "sunglasses",
        ):
            assert 50 <= getattr(said, name).confidence <= 100


def test_thirty_landmarks_lie_where_they_belong(
    onnx_engine: OnnxEngine, pictures: dict[str, UprightImage], permit: Permit, analysis: Permit
) -> None:
    image = pictures["person_a_1"]
    (face,) = onnx_engine.detect(image, permit=permit, max_faces=1)
    (said,) = onnx_engine.analyse(image, [face], wanted=frozenset({A.LANDMARKS}), permit=analysis)
    assert said.landmarks is not None
    at = {landmark.type: (landmark.x * image.width, landmark.y * image.height) for landmark in said.landmarks}
    side = face.box.width * image.width

    assert set(at) == {"eyeLeft", "eyeRight", "nose", "mouthLeft", "mouthRight", *_LANDMARKS}
    # The mesh and the detector are two models: where both know a point, they agree.
    for detected, (one, other) in {
        "eyeLeft": ("leftEyeLeft", "leftEyeRight"),
        "eyeRight": ("rightEyeLeft", "rightEyeRight"),
    }.items():
        middle = (np.array(at[one]) + at[other]) / 2
        assert np.linalg.norm(middle - at[detected]) < 0.06 * side
    assert at["leftEyeUp"][1] < at["leftEyeDown"][1]
    assert at["leftEyeBrowUp"][1] < at["leftEyeUp"][1]
    assert at["mouthUp"][1] < at["mouthDown"][1] < at["chinBottom"][1]
    assert at["upperJawlineLeft"][0] < at["midJawlineLeft"][0] < at["chinBottom"][0] < at["midJawlineRight"][0]
    assert at["leftPupil"][0] < at["noseLeft"][0] < at["noseRight"][0] < at["rightPupil"][0]


def test_a_mirrored_face_is_the_same(
    onnx_engine: OnnxEngine, pictures: dict[str, UprightImage], permit: Permit, analysis: Permit
) -> None:
    image = pictures["person_a_2"]
    mirrored = _with_pixels(image, np.array(image.pixels)[:, ::-1])

    one, other = (_said(onnx_engine, each, permit=permit, analysis=analysis) for each in (image, mirrored))

    for name in ("beard", "eyeglasses", "sunglasses", "eyes_open", "face_occluded"):
        assert getattr(one, name).value == getattr(other, name).value, name
    assert one.hair_colour is not None and other.hair_colour is not None
    assert one.hair_colour.value == other.hair_colour.value
    assert one.age_range is not None and other.age_range is not None
    assert one.age_range.low == pytest.approx(other.age_range.low, abs=6)


@pytest.mark.parametrize("name", ["person_a_1", "person_a_2", "person_b_1"])
def test_in_a_mirror_the_eyes_look_to_the_other_side(
    onnx_engine: OnnxEngine, pictures: dict[str, UprightImage], permit: Permit, analysis: Permit, name: str
) -> None:
    image, wanted = pictures[name], frozenset({A.EYE_DIRECTION})
    mirrored = _with_pixels(image, np.array(image.pixels)[:, ::-1])

    one, other = (
        _said(onnx_engine, each, permit=permit, analysis=analysis, wanted=wanted).eye_direction
        for each in (image, mirrored)
    )

    assert one is not None and other is not None
    assert one.yaw == pytest.approx(-other.yaw, abs=8)
    assert one.confidence == pytest.approx(other.confidence, abs=15)


def test_eyes_that_turn_in_the_head_turn_the_direction() -> None:
    still = dict.fromkeys(("eyeLookOutLeft", "eyeLookInRight", "eyeLookInLeft", "eyeLookOutRight"), 0.0)
    to_the_right = still | {"eyeLookOutLeft": 0.9, "eyeLookInRight": 0.9}
    to_the_left = still | {"eyeLookInLeft": 0.9, "eyeLookOutRight": 0.9}

    right, middle, left = (gaze.yaw(each, head_yaw=-12.0) for each in (to_the_right, still, to_the_left))
    assert middle == pytest.approx(-12.0, abs=2)
    assert (right - middle, middle - left) == pytest.approx((27.0, 27.0))
    assert gaze.yaw(to_the_right, head_yaw=80.0) == 90.0
    # Between the lens and a side nobody can be sure; far to the side, or straight ahead, more so.
    sure = [gaze.read(still, head=Pose(yaw, 0.0, 0.0)).confidence for yaw in (0.0, 30.0, 75.0)]
    assert sure[1] < min(sure[0], sure[2])


def test_what_expressions_are_worth_is_in_their_confidence() -> None:
    said = {word: emotions.told(_only(place)) for word, place in emotions.TOLD.items()}
    most = {word: next(e.confidence for e in each if e.type == word) for word, each in said.items()}
    afraid = emotions.told(_only(2))

    # The model is as sure of each; it is believed of smiles.
    assert most["happy"] > most["calm"] > 90 > max(most["angry"], most["sad"]) > most["surprised"] > 50
    assert 5 < most["disgusted"] < 15
    assert afraid[0].type == "unknown" and "fear" not in {emotion.type for emotion in afraid}
    assert sum(emotion.confidence for emotion in afraid) == pytest.approx(100)


def _only(place: int) -> np.ndarray:
    """Return shares of a model that is sure of one of its seven expressions."""
    shares = np.full(7, 1e-4, np.float32)
    shares[place] = 0.9994
    return shares


@pytest.mark.parametrize("name", ["person_a_1", "person_b_1"])
def test_a_hand_or_a_cloth_over_the_mouth_is_noticed(
    onnx_engine: OnnxEngine, pictures: dict[str, UprightImage], permit: Permit, analysis: Permit, name: str
) -> None:
    image, wanted = pictures[name], frozenset({A.FACE_OCCLUDED})
    (face,) = onnx_engine.detect(image, permit=permit, max_faces=1)
    box, pixels = face.box, np.array(image.pixels)
    left, right = int(box.left * image.width), int((box.left + box.width) * image.width)
    top, bottom = (int((box.top + share * box.height) * image.height) for share in (0.55, 1.0))
    cv2.rectangle(pixels, (left, top), (right, bottom), (200, 190, 180), -1)

    (before,) = onnx_engine.analyse(image, [face], wanted=wanted, permit=analysis)
    (after,) = onnx_engine.analyse(_with_pixels(image, pixels), [face], wanted=wanted, permit=analysis)

    assert before.face_occluded is not None and not before.face_occluded.value
    assert _share(after.face_occluded) > _share(before.face_occluded) + 20


def test_drawn_sunglasses_are_noticed(
    onnx_engine: OnnxEngine, pictures: dict[str, UprightImage], permit: Permit, analysis: Permit
) -> None:
    image = pictures["person_a_1"]
    (face,) = onnx_engine.detect(image, permit=permit, max_faces=1)
    pixels = np.array(image.pixels)
    eyes = [(int(p.x * image.width), int(p.y * image.height)) for p in face.landmarks[:2]]
    radius = int(0.21 * np.hypot(eyes[1][0] - eyes[0][0], eyes[1][1] - eyes[0][1]) * 1.6)
    for eye in eyes:
        cv2.ellipse(pixels, eye, (radius, int(radius * 0.75)), 0, 0, 360, (12, 12, 12), -1, cv2.LINE_AA)
    cv2.line(pixels, eyes[0], eyes[1], (12, 12, 12), max(2, radius // 6), cv2.LINE_AA)
    wearing = _with_pixels(image, pixels)

    wanted = frozenset({A.EYEGLASSES, A.FACE_OCCLUDED, A.SUNGLASSES})
    (before,) = onnx_engine.analyse(image, [face], wanted=wanted, permit=analysis)
    (after,) = onnx_engine.analyse(wearing, [face], wanted=wanted, permit=analysis)

    assert _share(after.sunglasses) > _share(before.sunglasses) + 20
    assert _share(after.eyeglasses) > _share(before.eyeglasses) + 20
    assert _share(after.face_occluded) > _share(before.face_occluded) + 20


def test_only_what_is_asked_for_is_loaded_and_said(
    models_dir: Path, pictures: dict[str, UprightImage], permit: Permit, analysis: Permit
) -> None:
    engine = OnnxEngine(models_dir)
    assert engine._analyser.backends == {}

    said = _said(
        engine, pictures["person_b_1"], permit=permit, analysis=analysis, wanted=frozenset({A.GENDER, A.EMOTIONS})
    )

    assert set(engine._analyser.backends) == {"dlib-gender-v1", "mini-xception-fer2013"}
    assert [name for name in A if getattr(said, name.value) is not None] == [A.EMOTIONS, A.GENDER]


def test_what_no_mesh_is_found_on_has_no_attributes_of_the_mesh(
    onnx_engine: OnnxEngine, pictures: dict[str, UprightImage], permit: Permit, analysis: Permit
) -> None:
    image = pictures["person_a_1"]
    faces = onnx_engine.detect(image, permit=permit, max_faces=1)
    nothing = _with_pixels(image, np.full_like(image.pixels, 127))

    (said,) = onnx_engine.analyse(nothing, faces, wanted=frozenset({A.SMILE, A.LANDMARKS, A.BEARD}), permit=analysis)

    assert said == Attributes()


def test_a_permit_for_something_else_says_no_attributes(
    onnx_engine: OnnxEngine, pictures: dict[str, UprightImage], permit: Permit
) -> None:
    faces = onnx_engine.detect(pictures["person_a_1"], permit=permit)

    with pytest.raises(PermitMismatch):
        onnx_engine.analyse(pictures["person_a_1"], faces, wanted=frozenset({A.SMILE}), permit=permit)


def test_without_the_models_detection_goes_on_and_attributes_say_what_is_missing(
    models_dir: Path, tmp_path: Path, pictures: dict[str, UprightImage], permit: Permit, analysis: Permit
) -> None:
    for card in CORE_MODELS:
        (tmp_path / card.file_name).symlink_to((models_dir / card.file_name).resolve())
    engine = OnnxEngine(tmp_path)
    faces = engine.detect(pictures["person_a_1"], permit=permit)

    with pytest.raises(WeightsMissing, match=LANDMARKS.name):
        engine.analyse(pictures["person_a_1"], faces, wanted=frozenset({A.SMILE}), permit=analysis)


def test_the_deepface_engine_says_no_attributes(
    deepface_engine: DeepfaceEngine, pictures: dict[str, UprightImage], permit: Permit
) -> None:
    image = pictures["person_a_1"]
    faces = deepface_engine.detect(image, permit=permit)

    assert deepface_engine.attributes == frozenset()
    assert deepface_engine.analyse(image, faces, wanted=frozenset(), permit=permit) == (Attributes(),) * len(faces)
    with pytest.raises(AttributesNotOffered, match="none beyond"):
        deepface_engine.analyse(image, faces, wanted=frozenset({A.EMOTIONS}), permit=permit)


def test_its_version_of_attributes_is_apart_from_that_of_templates(onnx_engine: OnnxEngine) -> None:
    assert onnx_engine.attributes_version.startswith("attributes@")
    assert onnx_engine.attributes_version not in onnx_engine.version
