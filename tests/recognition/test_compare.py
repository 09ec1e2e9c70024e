"""Comparing two pictures: the largest face of one with every face of the other."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from common.vocabulary import CustomerCategory
from recognition.engines.fake import face_picture
from recognition.services.results import FaceView, match_of, top_bucket
from tests.recognition.conftest import Traces, decided, in_json, traces_of
from tests.worlds import Player, PlayerFactory, in_case

URL = "/v1/compare"


def _compare(player: Player, source: bytes, target: bytes, **options: Any) -> Any:
    body = {"source": in_json(source), "target": in_json(target), **options}
    return player.client.post(URL, body, format="json")


def test_two_pictures_of_one_person_match(alice: Player) -> None:
    found = _compare(alice, face_picture(1), face_picture(1, variant=9)).json()

    (match,) = found["matches"]
    assert found["unmatched"] == []
    assert found["threshold"] == 80.0
    assert match["similarity"] > 99.0
    assert match["score"] == pytest.approx(0.8, abs=0.15)
    assert match["fmr"] < 1e-6
    assert match["fmr_words"].endswith("(beyond the measured data)")


def test_two_people_do_not_match(alice: Player) -> None:
    found = _compare(alice, face_picture(1), face_picture(2)).json()

    assert found["matches"] == []
    assert len(found["unmatched"]) == 1


def test_it_compares_the_largest_face_with_every_face(alice: Player) -> None:
    source, target = face_picture(1, others=(2,)), face_picture(2, others=(3, 1), variant=5)

    found = _compare(alice, source, target).json()

    (match,) = found["matches"]
    assert found["source_face"]["box"]["width"] == pytest.approx(96 / 192)
    assert match["face"]["box"]["left"] == pytest.approx(192 / 256)
    assert len(found["unmatched"]) == 2


def test_the_best_match_comes_first(alice: Player) -> None:
    found = _compare(alice, face_picture(1), face_picture(1, others=(4, 1), variant=5), threshold=0).json()

    scores = [match["score"] for match in found["matches"]]
    assert len(scores) == 3
    assert scores == sorted(scores, reverse=True)


def test_the_threshold_is_the_one_asked_for(alice: Player) -> None:
    similarity = _compare(alice, face_picture(1), face_picture(1, variant=9)).json()["matches"][0]["similarity"]

    at = _compare(alice, face_picture(1), face_picture(1, variant=9), threshold=similarity).json()
    above = _compare(alice, face_picture(1), face_picture(1, variant=9), threshold=similarity + 0.001).json()

    assert (len(at["matches"]), len(above["matches"])) == (1, 0)
    assert at["threshold"] == similarity


@pytest.mark.parametrize("threshold", [-0.1, 100.1, "NaN", "Infinity", "high", [80]])
def test_a_threshold_that_is_no_per_cent_is_refused(alice: Player, threshold: object) -> None:
    response = _compare(alice, face_picture(1), face_picture(1), threshold=threshold)

    assert response.status_code == 400
    assert response.json()["errors"][0]["pointer"] == "/threshold"


def test_a_threshold_below_the_floor_is_refused_and_not_raised(make_player: PlayerFactory) -> None:
    police = in_case(make_player(CustomerCategory.LAW_ENFORCEMENT))

    response = _compare(police, face_picture(1), face_picture(1), threshold=98)

    assert response.status_code == 403
    assert [rule["id"] for rule in response.json()["rules"]] == ["THR-001"]


def test_a_source_without_a_face_is_refused(alice: Player, blank_picture: bytes) -> None:
    response = _compare(alice, blank_picture, face_picture(1))

    assert (response.status_code, response.json()["code"]) == (422, "no-face-found")
    assert "source" in response.json()["detail"]


def test_a_target_without_a_face_is_an_empty_answer(alice: Player, blank_picture: bytes) -> None:
    found = _compare(alice, face_picture(1), blank_picture).json()

    assert (found["matches"], found["unmatched"]) == ([], [])


def test_an_upload_is_answered_like_json(alice: Player) -> None:
    source, target = face_picture(1), face_picture(1, variant=2)
    files = {"source": SimpleUploadedFile("a", source), "target": SimpleUploadedFile("b", target), "threshold": "80"}

    upload = alice.client.post(URL, files, format="multipart")

    assert upload.status_code == 200
    assert upload.json() == _compare(alice, source, target).json()


def test_nothing_is_stored_and_the_log_holds_no_score(alice: Player) -> None:
    response = _compare(alice, face_picture(1), face_picture(1, variant=9))

    decision, outcome = decided(alice, response)
    assert decision["params"]["threshold_milli"] == 80_000
    assert {name: outcome[name] for name in ("status", "n_faces", "n_candidates", "top_score_bucket")} == {
        "status": "succeeded",
        "n_faces": 2,
        "n_candidates": 1,
        "top_score_bucket": 90,
    }
    assert traces_of(alice) == Traces(0, 0, 0, 0, 0)


@pytest.mark.parametrize(("score", "bucket"), [(0.0, 0), (0.45, 80), (0.6, 90), (1.0, 100)])
def test_the_bucket_of_a_score_is_rounded_down_to_ten(score: float, bucket: int) -> None:
    from recognition.engines.fake import FakeEngine

    matches = [match_of(value, face=_view(), calibration=FakeEngine.calibration) for value in (-1.0, score)]

    assert top_bucket(matches) == bucket
    assert top_bucket([]) is None


def _view() -> FaceView:
    from recognition.engines.base import Box, DetectedFace, Pose, Quality

    return FaceView(DetectedFace(Box(0, 0, 1, 1), 99.0, (), Pose(0, 0, 0), Quality(1, 1, 1)))
