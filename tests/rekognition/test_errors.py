"""Every error that Amazon's model lists for an operation: brought about, or said why it cannot come."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from common.vocabulary import Operation
from governance.audit import ledger
from recognition.engines.fake import face_picture
from recognition.rekognition import model, operations
from recognition.rekognition.operations import OPERATIONS
from recognition.services import enrolment, joining
from recognition.services.tags import MOST_TAGS
from tenants import services as tenants
from tests.rekognition.calls import arguments_of, in_text, set_up
from tests.rekognition.conftest import GALLERY
from tests.rekognition.wire import call, code_of
from tests.worlds import Player, PlayerFactory
from traffic import allowances

# Of every operation.
GENERAL = {
    "AccessDeniedException",
    "InternalServerError",
    "InvalidParameterException",  # tests/rekognition/test_limits.py
    "ProvisionedThroughputExceededException",
    "ThrottlingException",
}
# Operation and error, and why nobody gets it here.
NEVER = {
    **dict.fromkeys(
        [(name, "ConflictException") for name in ("AssociateFaces", "DeleteUser", "DisassociateFaces")],
        "a user that is being changed is waited for",
    ),
    **dict.fromkeys(
        [(name, "ServiceQuotaExceededException") for name in ("CreateCollection", "CreateUser", "IndexFaces")],
        "there is no such quota; the cap of an approval is AccessDenied (GAL-001)",
    ),
    ("ListCollections", "ResourceNotFoundException"): "it names none",
}
Arguments = dict[str, Any]
Asked = tuple[Player, dict[str, Arguments]]


def _own() -> Iterator[tuple[str, str]]:
    for name in sorted(OPERATIONS):
        yield from ((name, code) for code in sorted(model.errors_of(name) - GENERAL))


@pytest.fixture(scope="module")
def asked(make_player: PlayerFactory) -> Asked:
    """A caller, and arguments that are good."""
    player = make_player()
    face_id, arn = set_up(player)
    return player, {name: in_text(arguments) for name, arguments in arguments_of(face_id, arn).items()}


def _images(good: Arguments) -> list[str]:
    return [name for name in good if name.endswith("Image")]


def _with_image(good: Arguments, image: dict[str, Any]) -> list[Arguments]:
    """Return the arguments with another picture, once for each that the operation takes."""
    return [{**good, name: image} for name in _images(good)]


def _nobodys(player: Player, name: str, good: Arguments) -> list[Arguments]:
    if "ResourceArn" in good:
        return [{**good, "ResourceArn": good["ResourceArn"].replace(GALLERY, "nobodys")}]
    users = [{**good, "UserId": "nobody"}] if "UserId" in good and name != "CreateUser" else []
    return [{**good, "CollectionId": "nobodys"}, *users]


def _replayed(player: Player, name: str, good: Arguments) -> list[Arguments]:
    """Call once; return the same token with another user."""
    once = {**good, "UserId": f"of-{name}", "ClientRequestToken": f"{name}-1"}
    if name != "CreateUser":
        call(player, "CreateUser", {"CollectionId": GALLERY, "UserId": f"of-{name}"})
    assert call(player, name, once).status_code == 200
    return [{**once, "UserId": "dora"}]


def _full(player: Player, name: str, good: Arguments) -> list[Arguments]:
    if name == "TagResource":
        call(player, name, {**good, "Tags": {f"t{number}": "" for number in range(MOST_TAGS)}})
        return [{**good, "Tags": {"one-more": ""}}]
    fresh = enrolment.enrol_image(face_picture(2), collection_name=GALLERY, actor=player.actor)  # nobody's yet
    return [{**good, "FaceIds": [str(fresh.face_ids[0])]}]


BRINGING: dict[str, Callable[[Player, str, Arguments], list[Arguments]]] = {
    "ResourceNotFoundException": _nobodys,
    "ResourceAlreadyExistsException": lambda player, name, good: [{**good, "CollectionId": GALLERY}],
    "ConflictException": lambda player, name, good: [{**good, "UserId": "anna"}],
    "IdempotentParameterMismatchException": _replayed,
    "ServiceQuotaExceededException": _full,
    "InvalidPaginationTokenException": lambda player, name, good: [{**good, "NextToken": "of-another-list"}],
    "ImageTooLargeException": lambda player, name, good: _with_image(good, _bytes(b"\xff" * (5 * 1024 * 1024 + 1))),
    "InvalidImageFormatException": lambda player, name, good: _with_image(good, _bytes(b"no picture")),
    "InvalidS3ObjectException": lambda player, name, good: _with_image(
        good, {"S3Object": {"Bucket": "nobodys", "Name": "anna.jpg"}}
    ),
}


def _bytes(data: bytes) -> dict[str, str]:
    return {"Bytes": base64.b64encode(data).decode()}


@pytest.mark.parametrize(("name", "code"), [pair for pair in _own() if pair not in NEVER])
def test_each_error_of_an_operation_comes_when_it_should(
    asked: Asked, monkeypatch: pytest.MonkeyPatch, name: str, code: str
) -> None:
    player, arguments = asked
    if (name, code) == ("AssociateFaces", "ServiceQuotaExceededException"):
        monkeypatch.setattr(joining, "MOST_FACES_OF_A_PERSON", 0)

    wrong = BRINGING[code](player, name, arguments[name])

    assert wrong
    assert {code_of(call(player, name, parameters)) for parameters in wrong} == {code}


def test_what_never_comes_is_listed_by_amazon_and_told_of() -> None:
    assert set(NEVER) <= set(_own())
    assert set.intersection(*(set(model.errors_of(name)) for name in OPERATIONS)) >= GENERAL


def _of_every(player: Player, arguments: dict[str, Arguments]) -> set[str]:
    return {code_of(call(player, name, arguments[name])) for name in OPERATIONS}


def test_a_key_without_the_scope_is_denied_by_every_operation(asked: Asked) -> None:
    player, arguments = asked
    usage = player.actor.usage
    binding = tenants.KeyBinding(
        operations=[Operation.READ_OWN_DECISIONS],
        purposes=[usage.purpose],  # type: ignore[list-item]
        default_purpose=usage.purpose,  # type: ignore[arg-type]
        default_jurisdiction="US",
    )
    narrow = tenants.issue_api_key(player.tenant.id, label="narrow", binding=binding, actor=ledger.SYSTEM)
    pair = (narrow.access_key_id, narrow.secret_access_key)

    for name in OPERATIONS:
        response = call(player, name, arguments[name], pair=pair)
        assert (code_of(response), b"KEY-00" in response.content) == ("AccessDeniedException", True), name


def test_a_bug_in_any_operation_is_an_internal_error(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    player, arguments = asked
    for name in OPERATIONS:
        monkeypatch.setitem(operations.OPERATIONS, name, lambda _: 1 / 0)  # type: ignore[arg-type]

    assert _of_every(player, arguments) == {"InternalServerError"}


def test_every_operation_is_throttled_and_charged(asked: Asked, settings: Settings) -> None:
    player, arguments = asked
    allowances.forget()
    settings.CUSTOS_KEY_REQUESTS_PER_MINUTE = 1
    call(player, "ListCollections")
    throttled = _of_every(player, arguments)
    settings.CUSTOS_KEY_REQUESTS_PER_MINUTE, settings.CUSTOS_KEY_UNITS_PER_DAY = 0, 1
    call(player, "ListCollections")
    spent = _of_every(player, arguments)

    assert throttled == {"ThrottlingException"}
    assert spent == {"ProvisionedThroughputExceededException"}
