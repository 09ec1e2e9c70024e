"""Detecting faces: what is found, in fractions; nothing stored, everything recorded."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from common.vocabulary import Operation
from governance import services as governance
from recognition.engines import registry
from recognition.engines.errors import WeightsMissing
from recognition.engines.fake import FakeEngine, face_picture
from tests.recognition.conftest import Traces, decided, in_json, traces_of
from tests.worlds import MoratoriumFactory, Player

URL = "/v1/detect"


def _detect(player: Player, data: bytes, **options: Any) -> Any:
    return player.client.post(URL, {"image": in_json(data), **options}, format="json")


def test_it_finds_every_face_largest_first(alice: Player) -> None:
    found = _detect(alice, face_picture(1, others=(2, 3))).json()

    width, height = 256, 128
    assert found["image"] == {"width": width, "height": height}
    assert [face["box"] for face in found["faces"]] == [
        {"left": 16 / width, "top": 16 / height, "width": 96 / width, "height": 96 / height},
        {"left": 128 / width, "top": 16 / height, "width": 48 / width, "height": 48 / height},
        {"left": 192 / width, "top": 16 / height, "width": 48 / width, "height": 48 / height},
    ]


def test_it_tells_of_a_face_all_that_was_seen_and_no_more(alice: Player) -> None:
    (face,) = _detect(alice, face_picture(1)).json()["faces"]

    assert set(face) == {"box", "confidence", "landmarks", "pose", "quality"}
    assert face["confidence"] == 99.0
    assert face["pose"] == {"yaw": 0.0, "pitch": 0.0, "roll": 0.0}
    assert face["quality"] == {"brightness": 60.0, "sharpness": 80.0, "score": 90.0}
    assert {point["type"] for point in face["landmarks"]} == {"eyeLeft", "eyeRight", "nose", "mouthLeft", "mouthRight"}


def test_an_upload_is_answered_like_json(alice: Player) -> None:
    data = face_picture(1, others=(2,))

    upload = alice.client.post(URL, {"image": SimpleUploadedFile("x", data)}, format="multipart")

    assert upload.status_code == 200
    assert upload.json() == _detect(alice, data).json()


def test_nothing_is_stored_and_the_use_is_recorded(alice: Player) -> None:
    response = _detect(alice, face_picture(1, others=(2,)))

    decision, outcome = decided(alice, response)
    assert (decision["action"], decision["params"]["model"]) == ("detect", "fake@1")
    assert (outcome["status"], outcome["n_faces"]) == ("succeeded", 2)
    assert traces_of(alice) == Traces(0, 0, 0, 0, 0)


@pytest.mark.parametrize(("attributes", "status"), [(["default"], 200), ([], 200), ("default", 400)])
def test_attributes_are_a_list_of_names(alice: Player, attributes: object, status: int) -> None:
    assert _detect(alice, face_picture(1), attributes=attributes).status_code == status


def test_nothing_is_answered_when_the_policy_changes_while_it_looks(
    alice: Player, impose: MoratoriumFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    detect = FakeEngine.detect

    def detect_meanwhile(*args: Any, **kwargs: Any) -> object:
        impose(selector=governance.Selector(operations=[Operation.DETECT]))
        return detect(*args, **kwargs)

    monkeypatch.setattr(FakeEngine, "detect", detect_meanwhile)

    response = _detect(alice, face_picture(1))

    assert response.status_code == 403
    assert "faces" not in response.json()
    assert decided(alice, response)[1]["status"] == "halted"


def test_an_engine_without_its_models_is_unavailable(alice: Player, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_: str) -> None:
        raise WeightsMissing("Run `manage.py fetch_models`.")

    monkeypatch.setattr(registry, "get", missing)

    response = _detect(alice, face_picture(1))

    assert (response.status_code, response.json()["code"]) == (503, "engine-not-loaded")
