"""JSON 1.1 as SDKs speak it: targets, bodies, sizes, types, and errors in their own words."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from common.context import tenant_scope
from recognition.engines.fake import face_picture
from recognition.models import Collection
from recognition.rekognition import model, operations
from recognition.services import detection
from tests.rekognition.conftest import GALLERY
from tests.rekognition.wire import call, code_of, content_of, message
from tests.worlds import Player
from traffic.models import UsageCounter

IMAGE = {"Bytes": base64.b64encode(face_picture(1)).decode()}


def test_the_front_page_is_still_where_it_was() -> None:
    assert Client().get("/").status_code == 200
    assert Client().put("/").status_code == 405


def test_every_operation_that_amazon_has_is_answered_or_refused_as_not_offered(caller: Player) -> None:
    names = model.service().operation_names
    assert len(names) >= 75

    for name in sorted(set(names) - set(operations.OPERATIONS)):
        response = call(caller, name)
        assert (response.status_code, code_of(response)) == (400, "AccessDeniedException"), name
        assert name in content_of(response)["message"]
    assert set(operations.OPERATIONS) <= set(names)


@pytest.mark.parametrize(
    "target", ["RekognitionService.GuessNames", "RekognitionService.", "S3.ListCollections", "List"]
)
def test_an_operation_that_nobody_has_is_unknown(caller: Player, target: str) -> None:
    sent = message(caller, "", headers={"X-Amz-Target": target})

    assert code_of(sent.send()) == "UnknownOperationException"


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"1",
        b"null",
        b'"a"',
        b"{",
        b"\xff\xfe",
        b"{} {}",
        b'{"MaxResults": NaN}',
        b"[" * 100_000,
        b'{"MaxResults": ' + b"9" * 5000 + b"}",
    ],
    ids=lambda body: repr(body[:12]),
)
def test_a_body_that_is_no_object_is_refused(caller: Player, body: bytes) -> None:
    response = call(caller, "ListCollections", body=body)

    assert (response.status_code, code_of(response)) == (400, "SerializationException")


def test_an_empty_body_has_no_members(caller: Player) -> None:
    assert call(caller, "ListCollections", body=b"").status_code == 200


def test_another_content_type_is_refused(caller: Player) -> None:
    response = call(caller, "ListCollections", headers={"Content-Type": "application/json"})

    assert code_of(response) == "SerializationException"


def test_a_body_that_is_announced_too_large_is_not_read(caller: Player) -> None:
    sent = message(caller, "ListCollections", body=b"{}" + b" " * (15 * 1024 * 1024))

    response = sent.send()

    assert (response.status_code, code_of(response)) == (413, "RequestEntityTooLargeException")


def test_two_pictures_of_five_megabytes_have_room(caller: Player) -> None:
    five = base64.b64encode(face_picture(1) + bytes(5 * 1024 * 1024 - len(face_picture(1)))).decode()

    response = call(caller, "CompareFaces", {"SourceImage": {"Bytes": five}, "TargetImage": {"Bytes": five}})

    assert response.status_code == 200, response.content


def test_members_that_nobody_knows_and_nulls_are_passed_over(caller: Player) -> None:
    assert call(caller, "ListCollections", {"Colour": "blue", "NextToken": None}).status_code == 200


WRONG: dict[str, tuple[str, dict[str, Any], str]] = {
    "missing": ("CreateCollection", {}, "InvalidParameterException"),
    "null": ("CreateCollection", {"CollectionId": None}, "InvalidParameterException"),
    "number for text": ("CreateCollection", {"CollectionId": 5}, "SerializationException"),
    "text for number": ("ListCollections", {"MaxResults": "5"}, "SerializationException"),
    "fraction": ("ListCollections", {"MaxResults": 1.5}, "SerializationException"),
    "truth": ("ListCollections", {"MaxResults": True}, "SerializationException"),
    "64 bits": ("ListCollections", {"MaxResults": 2**31}, "SerializationException"),
    "infinite": ("SearchFaces", {"CollectionId": "a", "FaceId": "0" * 8, "FaceMatchThreshold": 1e999}, ""),
    "list for text": ("CreateCollection", {"CollectionId": ["a"]}, "SerializationException"),
    "text for list": ("DeleteFaces", {"CollectionId": "a", "FaceIds": "b"}, "SerializationException"),
    "text for object": ("DetectFaces", {"Image": "b"}, "SerializationException"),
    "text for map": ("CreateCollection", {"CollectionId": "a", "Tags": "b"}, "SerializationException"),
    "half a surrogate pair": (
        "CreateCollection",
        {"CollectionId": "a", "Tags": {"k": "\ud800"}},
        "SerializationException",
    ),
    "no base64": ("DetectFaces", {"Image": {"Bytes": "%%%"}}, "SerializationException"),
    "base64 that is no text": ("DetectFaces", {"Image": {"Bytes": 5}}, "SerializationException"),
    "empty picture": ("DetectFaces", {"Image": {"Bytes": ""}}, "InvalidParameterException"),
    "no picture": ("DetectFaces", {"Image": {}}, "InvalidParameterException"),
    "two pictures": (
        "DetectFaces",
        {"Image": {**IMAGE, "S3Object": {"Bucket": "abc", "Name": "d"}}},
        "InvalidParameterException",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_value_of_a_wrong_kind_is_refused_without_being_repeated(caller: Player, name: str) -> None:
    operation, parameters, code = WRONG[name]

    response = call(caller, operation, parameters)

    assert response.status_code == 400
    assert code_of(response) == (code or "SerializationException")


def test_a_bug_is_answered_in_the_words_of_the_protocol(caller: Player, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(operations.OPERATIONS, "ListCollections", lambda _: 1 / 0)  # type: ignore[arg-type]

    response = call(caller, "ListCollections")

    assert (response.status_code, code_of(response)) == (500, "InternalServerError")
    assert "division" not in response.content.decode()


def test_a_host_that_is_not_ours_is_refused_in_the_words_of_the_protocol(caller: Player) -> None:
    response = call(caller, "ListCollections", headers={"Host": "elsewhere.example"})

    assert (response.status_code, code_of(response)) == (400, "ValidationException")


def test_a_platform_that_cannot_answer_says_so_and_may_be_asked_again(
    alice: Player, settings: Settings, tmp_path: Any
) -> None:
    settings.CUSTOS_KEYS_DIR = tmp_path

    response = call(alice, "ListCollections")

    assert (response.status_code, code_of(response)) == (500, "InternalServerError")


def test_calls_are_counted_throttled_and_charged(alice: Player, gallery: Collection, settings: Settings) -> None:
    call(alice, "DetectFaces", {"Image": IMAGE})
    call(alice, "CompareFaces", {"SourceImage": IMAGE, "TargetImage": IMAGE})
    call(alice, "DescribeCollection", {"CollectionId": "none"})
    settings.CUSTOS_KEY_REQUESTS_PER_MINUTE = 1
    throttled = [call(alice, "ListCollections") for _ in range(2)]
    settings.CUSTOS_KEY_REQUESTS_PER_MINUTE, settings.CUSTOS_KEY_UNITS_PER_DAY = 0, 1
    spent = [call(alice, "DetectFaces", {"Image": IMAGE}) for _ in range(2)][1]

    assert code_of(throttled[1]) == "ThrottlingException"
    assert code_of(spent) == "ProvisionedThroughputExceededException"
    with tenant_scope(alice.tenant.id):
        counted = {row.operation: row for row in UsageCounter.objects.all()}
    assert counted["rekognition.CompareFaces"].images == 2
    assert counted["rekognition.DescribeCollection"].failed == 1
    assert counted["rekognition.ListCollections"].throttled >= 1
    assert counted["rekognition.DetectFaces"].requests == 3


def test_errors_of_a_use_case_are_those_that_the_operation_may_answer(
    alice: Player, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An SDK has a class for each error of the model, and none for others."""
    from recognition.errors import EngineVersionMismatch

    def mismatched(*_: Any, **__: Any) -> None:
        raise EngineVersionMismatch

    monkeypatch.setattr(detection, "detect_faces", mismatched)

    assert code_of(call(alice, "DetectFaces", {"Image": IMAGE})) == "InvalidParameterException"


def test_an_answer_is_not_kept_by_a_browser_and_names_its_decision(alice: Player, gallery: Collection) -> None:
    response = call(alice, "DescribeCollection", {"CollectionId": GALLERY})

    assert response["Cache-Control"] == "no-store"
    assert json.loads(response.content)["FaceCount"] == 0
    assert response["Custos-Decision"]
