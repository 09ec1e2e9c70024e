"""What is said of a face beyond where it is: asked for by name, as Amazon's SDKs do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from common.ids import new_id
from common.vocabulary import Operation
from recognition.engines.attributes import Attributes
from recognition.engines.base import Pose
from recognition.engines.fake import FakeEngine, face_picture
from recognition.engines.onnx.attributes import emotions, gaze
from recognition.images import decode
from recognition.models import Collection
from recognition.rekognition import model, words
from tests.rekognition.conftest import GALLERY, Sdk
from tests.worlds import ALL_OPERATIONS, Player, PlayerFactory, permit_for

IMAGE = {"Bytes": face_picture(1)}
DEFAULT = {"BoundingBox", "Confidence", "Landmarks", "Pose", "Quality"}
# Value of `Attributes` → member of FaceDetail.
MEMBERS = {
    "AGE_RANGE": "AgeRange",
    "BEARD": "Beard",
    "EMOTIONS": "Emotions",
    "EYE_DIRECTION": "EyeDirection",
    "EYEGLASSES": "Eyeglasses",
    "EYES_OPEN": "EyesOpen",
    "FACE_OCCLUDED": "FaceOccluded",
    "GENDER": "Gender",
    "MOUTH_OPEN": "MouthOpen",
    "MUSTACHE": "Mustache",
    "SMILE": "Smile",
    "SUNGLASSES": "Sunglasses",
}


def test_these_are_all_that_amazon_has() -> None:
    service = model.service()

    assert set(service.shape_for("Attribute").enum) == {*MEMBERS, "ALL", "DEFAULT"}
    assert set(service.shape_for("FaceDetail").members) == {*MEMBERS.values(), *DEFAULT}


def test_all_says_everything_and_further_landmarks(sdk: Sdk, caller: Player) -> None:
    for asked in (["ALL"], ["ALL", "DEFAULT"]):
        (face,) = sdk(caller).detect_faces(Image=IMAGE, Attributes=asked)["FaceDetails"]
        assert set(face) == {*DEFAULT, *MEMBERS.values()}

    assert face["Gender"] == {"Value": "Female", "Confidence": 96.0}
    assert face["AgeRange"]["Low"] < face["AgeRange"]["High"]
    assert face["Emotions"][0]["Type"] in {"HAPPY", "CALM"}
    assert len(face["Landmarks"]) > 5


@pytest.mark.parametrize("name", MEMBERS)
def test_one_attribute_adds_its_member_and_no_other(sdk: Sdk, caller: Player, name: str) -> None:
    (face,) = sdk(caller).detect_faces(Image=IMAGE, Attributes=[name])["FaceDetails"]

    assert set(face) == {*DEFAULT, MEMBERS[name]}


def test_indexing_says_them_too(sdk: Sdk, alice: Player, gallery: Collection) -> None:
    client = sdk(alice)
    for asked, members in (
        (["ALL"], {*DEFAULT, *MEMBERS.values()}),
        (["DEFAULT"], DEFAULT),
        (["SMILE"], {*DEFAULT, "Smile"}),
    ):
        indexed = client.index_faces(CollectionId=GALLERY, Image=IMAGE, DetectionAttributes=asked)
        assert set(indexed["FaceRecords"][0]["FaceDetail"]) == members


def test_the_default_engine_says_eyes_without_pitch_and_no_expression_that_amazon_has_not() -> None:
    still = dict.fromkeys(("eyeLookOutLeft", "eyeLookInRight", "eyeLookInLeft", "eyeLookOutRight"), 0.0)
    said = Attributes(
        eye_direction=gaze.read(still, head=Pose(-40.0, 5.0, 0.0)),
        emotions=emotions.told(np.full(7, 1 / 7, np.float32)),
    )
    (face,) = FakeEngine().detect(decode(IMAGE["Bytes"]), permit=permit_for(new_id(), Operation.DETECT))

    detail = words.face_detail(face, said=said)

    assert set(detail["EyeDirection"]) == {"Yaw", "Confidence"} and detail["EyeDirection"]["Yaw"] < -30.0
    types = {emotion["Type"] for emotion in detail["Emotions"]}
    assert types == set(model.service().shape_for("EmotionName").enum) - {"CONFUSED", "FEAR"}


def test_they_are_a_use_of_their_own(sdk: Sdk, make_player: PlayerFactory) -> None:
    player = make_player(operations=tuple(set(ALL_OPERATIONS) - {Operation.ANALYSE_ATTRIBUTES}))
    client: Any = sdk(player)

    assert len(client.detect_faces(Image=IMAGE)["FaceDetails"]) == 1
    with pytest.raises(client.exceptions.AccessDeniedException, match="VET-004"):
        client.detect_faces(Image=IMAGE, Attributes=["ALL"])
