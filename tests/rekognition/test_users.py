"""Users, as Rekognition calls persons, through an unmodified SDK; and request tokens, which only they have."""

from __future__ import annotations

import threading
import uuid
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from pytest_django.fixtures import Settings

from common.context import tenant_scope
from recognition.engines.fake import face_picture
from recognition.engines.quality import LOW
from recognition.models import Collection, Person, QualityFilter
from recognition.services import examination, persons
from tests.rekognition.conftest import GALLERY, Sdk
from tests.rekognition.test_faces import NOBODY
from tests.rekognition.wire import call, code_of, content_of
from tests.worlds import Player, World
from traffic import idempotency

THERE = {"CollectionId": GALLERY}


@pytest.fixture
def client(sdk: Sdk, alice: Player, gallery: Collection) -> Any:
    return sdk(alice)


def _index(client: Any, identity: int, *, variant: int = 0) -> str:
    image = {"Bytes": face_picture(identity, variant=variant)}
    face_id: str = client.index_faces(**THERE, Image=image)["FaceRecords"][0]["Face"]["FaceId"]
    return face_id


def _join(client: Any, user_id: str, *face_ids: str, **options: Any) -> Any:
    return client.associate_faces(**THERE, UserId=user_id, FaceIds=list(face_ids), **options)


def test_a_user_comes_gets_a_face_and_goes(client: Any) -> None:
    face_id = _index(client, 1)
    client.create_user(**THERE, UserId="anna")
    created = client.list_users(**THERE)["Users"]
    joined = _join(client, "anna", face_id)

    assert created == [{"UserId": "anna", "UserStatus": "CREATED"}]
    assert joined["AssociatedFaces"] == [{"FaceId": face_id}]
    assert joined["UserStatus"] == "ACTIVE"
    assert client.describe_collection(**THERE)["UserCount"] == 1
    assert client.list_faces(**THERE, UserId="anna")["Faces"][0]["UserId"] == "anna"
    client.delete_user(**THERE, UserId="anna")
    assert client.list_users(**THERE)["Users"] == []
    assert "UserId" not in client.list_faces(**THERE)["Faces"][0]


@pytest.mark.parametrize("name", ["a", "a" * 128, "A_z.0-9:x"])
def test_names_within_the_limits_are_accepted(client: Any, name: str) -> None:
    client.create_user(**THERE, UserId=name)

    assert client.list_users(**THERE)["Users"][0]["UserId"] == name


@pytest.mark.parametrize("name", ["a" * 129, "a b", "ä", ".", ".."])
def test_names_beyond_the_limits_are_refused(client: Any, name: str) -> None:
    with pytest.raises(client.exceptions.InvalidParameterException):
        client.create_user(**THERE, UserId=name)


def test_a_name_is_taken_once(client: Any) -> None:
    client.create_user(**THERE, UserId="anna")

    with pytest.raises(client.exceptions.ConflictException):
        client.create_user(**THERE, UserId="anna")
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.delete_user(**THERE, UserId="ben")


def test_a_paginator_lists_every_user_once(client: Any) -> None:
    names = [f"user-{number}" for number in range(5)]
    for name in names:
        client.create_user(**THERE, UserId=name)

    pages = list(client.get_paginator("list_users").paginate(**THERE, PaginationConfig={"PageSize": 2}))

    assert [user["UserId"] for page in pages for user in page["Users"]] == names
    assert len(pages) == 3
    with pytest.raises(client.exceptions.InvalidParameterException):
        client.list_users(**THERE, MaxResults=501)


def test_faces_that_are_not_joined_say_why(client: Any) -> None:
    one, alike, other, taken = (_index(client, *args) for args in ((1,), (2,), (3,), (4,)))
    same = _index(client, 1, variant=1)
    client.create_user(**THERE, UserId="anna")
    client.create_user(**THERE, UserId="ben")
    _join(client, "ben", taken)
    _join(client, "anna", one)

    joined = _join(client, "anna", one, same, taken, other, NOBODY)

    assert joined["AssociatedFaces"] == [{"FaceId": same}]
    reasons = {face["FaceId"]: face for face in joined["UnsuccessfulFaceAssociations"]}
    assert reasons[taken]["Reasons"] == ["ASSOCIATED_TO_A_DIFFERENT_USER"]
    assert reasons[taken]["UserId"] == "ben"
    assert reasons[other]["Reasons"] == ["LOW_MATCH_CONFIDENCE"]
    assert reasons[other]["Confidence"] < 75
    assert reasons[NOBODY]["Reasons"] == ["FACE_NOT_FOUND"]
    assert one not in reasons
    assert _join(client, "anna", alike, UserMatchThreshold=0)["AssociatedFaces"] == [{"FaceId": alike}]


def test_faces_are_taken_away_again(client: Any) -> None:
    one, other, nobodys = (_index(client, identity) for identity in (1, 2, 3))
    for user_id, face_id in (("anna", one), ("ben", other)):
        client.create_user(**THERE, UserId=user_id)
        _join(client, user_id, face_id)

    done = client.disassociate_faces(**THERE, UserId="anna", FaceIds=[one, other, nobodys, NOBODY])

    assert done["DisassociatedFaces"] == [{"FaceId": one}]
    assert done["UserStatus"] == "CREATED"
    reasons = {face["FaceId"]: face["Reasons"] for face in done["UnsuccessfulFaceDisassociations"]}
    assert reasons == {other: ["ASSOCIATED_TO_A_DIFFERENT_USER"], NOBODY: ["FACE_NOT_FOUND"]}


def test_a_face_of_a_user_is_not_deleted(client: Any) -> None:
    face_id = _index(client, 1)
    client.create_user(**THERE, UserId="anna")
    _join(client, "anna", face_id)

    done = client.delete_faces(**THERE, FaceIds=[face_id])

    assert done["DeletedFaces"] == []
    assert done["UnsuccessfulFaceDeletions"] == [
        {"FaceId": face_id, "UserId": "anna", "Reasons": ["ASSOCIATED_TO_AN_EXISTING_USER"]}
    ]


def test_users_are_found_by_image_by_face_and_by_user(client: Any, blank_picture: bytes) -> None:
    for user_id, identity in (("anna", 1), ("ben", 2)):
        client.create_user(**THERE, UserId=user_id)
        _join(client, user_id, _index(client, identity))
    lone = _index(client, 1, variant=3)
    crowd = {"Bytes": face_picture(1, others=(2,), variant=2)}

    by_image = client.search_users_by_image(**THERE, Image=crowd)
    by_face = client.search_users(**THERE, FaceId=lone)
    by_user = client.search_users(**THERE, UserId="anna", UserMatchThreshold=0)

    assert [match["User"] for match in by_image["UserMatches"]] == [{"UserId": "anna", "UserStatus": "ACTIVE"}]
    assert by_image["SearchedFace"]["FaceDetail"]["Confidence"] == 99.0
    assert [face["Reasons"] for face in by_image["UnsearchedFaces"]] == [["FACE_NOT_LARGEST"]]
    assert [match["User"]["UserId"] for match in by_face["UserMatches"]] == ["anna"]
    assert by_face["SearchedFace"] == {"FaceId": lone}
    assert [match["User"]["UserId"] for match in by_user["UserMatches"]] == ["ben"]
    assert by_user["SearchedUser"] == {"UserId": "anna"}
    nobody = client.search_users_by_image(**THERE, Image={"Bytes": blank_picture})
    assert nobody["UserMatches"] == []
    assert "SearchedFace" not in nobody
    for both_or_none in ({}, {"FaceId": lone, "UserId": "anna"}):
        with pytest.raises(client.exceptions.InvalidParameterException):
            client.search_users(**THERE, **both_or_none)


def test_faces_that_are_not_searched_for_say_why(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    crowd = {"Bytes": face_picture(1, others=(2,))}
    monkeypatch.setitem(examination.BARS, QualityFilter.MEDIUM, replace(LOW, side_px=60))
    monkeypatch.setitem(examination.BARS, QualityFilter.HIGH, replace(LOW, side_px=2000))

    def unsearched(quality: str) -> list[list[str]]:
        found = client.search_users_by_image(**THERE, Image=crowd, QualityFilter=quality)
        return [face["Reasons"] for face in found["UnsearchedFaces"]]

    assert unsearched("LOW") == [["FACE_NOT_LARGEST"]]
    assert unsearched("MEDIUM") == [["SMALL_BOUNDING_BOX"]]
    assert unsearched("HIGH") == []


def test_who_is_not_there_cannot_be_searched_for(client: Any) -> None:
    client.create_user(**THERE, UserId="anna")

    for probe, error in (
        ({"FaceId": NOBODY}, "InvalidParameterException"),
        ({"UserId": "ben"}, "ResourceNotFoundException"),
        ({"UserId": "anna"}, "InvalidParameterException"),
    ):
        with pytest.raises(getattr(client.exceptions, error)):
            client.search_users(**THERE, **probe)


def test_a_user_has_at_most_a_hundred_faces(client: Any) -> None:
    photographs = (face_picture(1, others=tuple(range(2 + n * 10, 11 + n * 10))) for n in range(11))
    indexed = [client.index_faces(**THERE, Image={"Bytes": data}, ExternalImageId="all") for data in photographs]
    face_ids = [record["Face"]["FaceId"] for answer in indexed for record in answer["FaceRecords"]]
    client.create_user(**THERE, UserId="anna")

    joined = _join(client, "anna", *face_ids[:100], UserMatchThreshold=0)

    assert [face["FaceId"] for face in joined["AssociatedFaces"]] == face_ids[:100]
    with pytest.raises(client.exceptions.ServiceQuotaExceededException):
        _join(client, "anna", face_ids[100], UserMatchThreshold=0)
    assert len(client.list_faces(**THERE, UserId="anna")["Faces"]) == 100
    with pytest.raises(client.exceptions.InvalidParameterException):
        _join(client, "anna", *(str(uuid.UUID(int=n)) for n in range(101)))


def test_another_tenants_users_are_not_there(sdk: Sdk, world: World, gallery: Collection) -> None:
    face_id = _index(sdk(world.alice), 1)
    sdk(world.alice).create_user(**THERE, UserId="anna")
    client = sdk(world.mallory)

    calls: list[tuple[Any, dict[str, Any]]] = [
        (client.create_user, {"UserId": "ben"}),
        (client.list_users, {}),
        (client.delete_user, {"UserId": "anna"}),
        (client.associate_faces, {"UserId": "anna", "FaceIds": [face_id]}),
        (client.disassociate_faces, {"UserId": "anna", "FaceIds": [face_id]}),
        (client.search_users, {"FaceId": face_id}),
        (client.search_users_by_image, {"Image": {"Bytes": face_picture(1)}}),
    ]
    for ask, arguments in calls:
        with pytest.raises(client.exceptions.ResourceNotFoundException):
            ask(**THERE, **arguments)


# --- request tokens ---


def test_a_token_gives_the_first_answer_again(client: Any, alice: Player) -> None:
    face_id = _index(client, 1)
    client.create_user(**THERE, UserId="anna", ClientRequestToken="token-1")
    client.create_user(**THERE, UserId="anna", ClientRequestToken="token-1")
    first = _join(client, "anna", face_id, ClientRequestToken="token-1")
    again = _join(client, "anna", face_id, ClientRequestToken="token-1")

    assert again["AssociatedFaces"] == first["AssociatedFaces"] == [{"FaceId": face_id}]
    assert len(client.list_users(**THERE)["Users"]) == 1
    # Without the token it is another request, and the face is the user's already.
    assert _join(client, "anna", face_id)["AssociatedFaces"] == []


def test_a_token_with_other_parameters_is_a_mismatch(client: Any) -> None:
    client.create_user(**THERE, UserId="anna", ClientRequestToken="token-1")

    with pytest.raises(client.exceptions.IdempotentParameterMismatchException):
        client.create_user(**THERE, UserId="ben", ClientRequestToken="token-1")
    for beyond in ("a" * 65, "a b"):
        with pytest.raises(ClientError) as refused:
            client.create_user(**THERE, UserId="ben", ClientRequestToken=beyond)
        assert refused.value.response["Error"]["Code"] == "InvalidParameterException"


def test_an_error_leaves_the_token_free(client: Any) -> None:
    for _ in range(2):
        with pytest.raises(client.exceptions.ResourceNotFoundException):
            client.delete_user(**THERE, UserId="anna", ClientRequestToken="token-1")
    client.create_user(**THERE, UserId="anna")

    client.delete_user(**THERE, UserId="anna", ClientRequestToken="token-1")

    assert client.list_users(**THERE)["Users"] == []


def test_a_token_that_is_being_worked_on_is_to_be_tried_again(
    client: Any, alice: Player, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As an SDK does whose connection broke: the second attempt waits, and gets the first answer."""
    parameters = {**THERE, "UserId": "anna", "ClientRequestToken": "token-1"}
    codes: list[str] = []
    create = persons.create_person

    def slow(*args: Any, **options: Any) -> Person:
        codes.append(code_of(call(alice, "CreateUser", parameters)))
        return create(*args, **options)

    monkeypatch.setattr(persons, "create_person", slow)
    assert call(alice, "CreateUser", parameters).status_code == 200

    assert codes == ["ThrottlingException"]
    assert content_of(call(alice, "CreateUser", parameters)) == {}


def test_two_tenants_may_use_one_token(sdk: Sdk, world: World) -> None:
    for player in (world.alice, world.mallory):
        sdk(player).create_collection(CollectionId=GALLERY)
        sdk(player).create_user(**THERE, UserId="anna", ClientRequestToken="token-1")
        with tenant_scope(player.tenant.id):
            assert Person.objects.count() == 1


def test_one_user_is_created_by_many_attempts_at_once(client: Any, settings: Settings) -> None:
    outcomes: list[str] = []

    def attempt() -> None:
        try:
            client.create_user(**THERE, UserId="anna")
            outcomes.append("ok")
        except ClientError as error:
            outcomes.append(error.response["Error"]["Code"])

    threads = [threading.Thread(target=attempt) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert sorted(outcomes) == ["ConflictException"] * 5 + ["ok"]


def test_a_kept_answer_is_not_given_once_policy_refuses(client: Any, alice: Player, staff: Any) -> None:
    from governance import services as governance
    from governance.models import Suspension

    client.create_user(**THERE, UserId="anna", ClientRequestToken="token-1")
    governance.suspend(
        alice.tenant.id,
        target=Suspension.Target.ORGANISATION,
        target_id=alice.tenant.id,
        reason="test",
        imposed_by=staff.oversight[0],
    )

    with pytest.raises(client.exceptions.AccessDeniedException, match="SUS-001"):
        client.create_user(**THERE, UserId="anna", ClientRequestToken="token-1")


def test_records_are_kept_for_a_day() -> None:
    assert idempotency.RECORD_SECONDS == 24 * 3600
