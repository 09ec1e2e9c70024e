"""Persons of a collection: created, listed, read, changed, deleted, and gone with their collection."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, connections, transaction

from common.context import tenant_scope
from common.vocabulary import CustomerCategory, Operation
from governance import services as governance
from recognition.engines.fake import face_picture
from recognition.models import Collection, Face, Person
from recognition.services import collections, deletion, enrolment, persons
from tests.recognition.conftest import GALLERY, decided, enrol, in_json, reload
from tests.worlds import MoratoriumFactory, Player, World

PERSONS = f"/v1/collections/{GALLERY}/persons"
ANNA = f"{PERSONS}/anna:1998"


def _create(player: Player, person_id: str = "anna:1998", **fields: Any) -> Any:
    return player.client.post(PERSONS, {"person_id": person_id, **fields}, format="json")


def _etag(player: Player, url: str = ANNA) -> str:
    return str(player.client.get(url)["ETag"])


def test_a_person_is_created_without_a_face(alice: Player, gallery: Collection) -> None:
    response = _create(alice, display_name="Anna")

    assert response.status_code == 201
    created = response.json()
    assert alice.client.get(ANNA).json() == created
    assert created.pop("created_at")
    assert created == {"person_id": "anna:1998", "display_name": "Anna", "status": "created", "face_count": 0}
    assert alice.client.get(f"/v1/collections/{GALLERY}").json()["person_count"] == 1


def test_neither_log_entry_says_how_a_person_is_called(alice: Player, gallery: Collection) -> None:
    decision, outcome = decided(alice, _create(alice, display_name="Anna"))

    with tenant_scope(alice.tenant.id):
        person = Person.objects.get()
    assert outcome["resource"] == {"type": "person", "id": str(person.id)}
    assert "anna" not in str((decision, outcome)).lower()


@pytest.mark.parametrize("person_id", ["", "a b", "ä", "a/b", ".", "..", "x" * 129, None, True])
def test_an_id_of_another_form_is_refused(alice: Player, gallery: Collection, person_id: Any) -> None:
    refused = alice.client.post(PERSONS, {"person_id": person_id}, format="json")

    assert refused.status_code == 400
    assert refused.json()["errors"][0]["pointer"] == "/person_id"
    assert reload(gallery).person_count == 0


@pytest.mark.parametrize("person_id", ["x" * 128, "A-Z_0.9:", "...", ":", "-"])
def test_every_id_of_the_form_can_be_asked_for(alice: Player, gallery: Collection, person_id: str) -> None:
    assert _create(alice, person_id).status_code == 201
    assert alice.client.get(f"{PERSONS}/{person_id}").json()["person_id"] == person_id


def test_an_id_is_given_once_in_a_collection(alice: Player, gallery: Collection) -> None:
    collections.create_collection("other", actor=alice.actor)
    assert _create(alice).status_code == 201

    again = _create(alice, display_name="somebody else")

    assert (again.status_code, again.json()["code"]) == (409, "person-exists")
    assert reload(gallery).person_count == 1
    elsewhere = alice.client.post("/v1/collections/other/persons", {"person_id": "anna:1998"}, format="json")
    assert elsewhere.status_code == 201


def test_they_are_listed_in_pages(alice: Player, gallery: Collection) -> None:
    for number in range(5):
        _create(alice, f"p{number}")

    first = alice.client.get(PERSONS, {"limit": 3}).json()
    second = alice.client.get(PERSONS, {"limit": 3, "cursor": first["next_cursor"]}).json()

    assert [p["person_id"] for p in (*first["items"], *second["items"])] == ["p0", "p1", "p2", "p3", "p4"]
    assert second["next_cursor"] is None


def test_the_name_is_changed_only_if_it_is_what_the_caller_has_seen(alice: Player, gallery: Collection) -> None:
    _create(alice, display_name="Anna")
    seen = _etag(alice)

    first = alice.client.patch(ANNA, {"display_name": "Anna B."}, format="json", headers={"If-Match": seen})
    second = alice.client.patch(ANNA, {"display_name": "Anna C."}, format="json", headers={"If-Match": seen})

    assert (first.status_code, second.status_code) == (200, 412)
    assert alice.client.get(ANNA).json()["display_name"] == "Anna B."
    assert first["ETag"] == _etag(alice) != seen


def test_deleting_a_person_frees_its_faces(alice: Player, gallery: Collection) -> None:
    (face_id,) = enrol(alice, 1)
    _create(alice)
    persons.associate_faces("anna:1998", face_ids=[face_id], collection_name=GALLERY, actor=alice.actor)
    face = f"/v1/collections/{GALLERY}/faces/{face_id}"
    assert alice.client.get(face).json()["person_id"] == "anna:1998"

    assert alice.client.delete(ANNA).status_code == 204

    assert "person_id" not in alice.client.get(face).json()
    assert (reload(gallery).person_count, reload(gallery).face_count) == (0, 1)
    assert alice.client.get(ANNA).json()["code"] == "person-not-found"


def test_a_person_that_changed_is_not_deleted(alice: Player, gallery: Collection) -> None:
    _create(alice)
    seen = _etag(alice)
    (face_id,) = enrol(alice, 1)
    persons.associate_faces("anna:1998", face_ids=[face_id], collection_name=GALLERY, actor=alice.actor)

    assert alice.client.delete(ANNA, headers={"If-Match": seen}).status_code == 412
    assert alice.client.get(ANNA).status_code == 200


def test_a_collection_takes_its_persons_with_it(alice: Player, gallery: Collection) -> None:
    _create(alice)
    enrolment.enrol_image(face_picture(1), collection_name=GALLERY, actor=alice.actor, person="anna:1998")

    deletion.delete_collection(GALLERY, actor=alice.actor)

    with tenant_scope(alice.tenant.id):
        assert (Person.objects.count(), Face.objects.count()) == (0, 0)


def test_a_moratorium_stops_creating_and_seeing_but_not_deleting(
    alice: Player, gallery: Collection, impose: MoratoriumFactory
) -> None:
    _create(alice)
    impose(selector=governance.Selector(categories=[CustomerCategory.CONSUMER_SOFTWARE], operations=[Operation.ENROL]))

    answers = [_create(alice, "ben"), alice.client.get(PERSONS), alice.client.get(ANNA)]
    answers.append(alice.client.patch(ANNA, {"display_name": "x"}, format="json"))
    assert {(a.status_code, a.json()["rules"][0]["id"]) for a in answers} == {(403, "MOR-001")}
    assert alice.client.delete(ANNA).status_code == 204


def test_a_request_sent_again_creates_one_person(alice: Player, gallery: Collection) -> None:
    key = {"Idempotency-Key": "once"}
    first = alice.client.post(PERSONS, {"person_id": "ben"}, format="json", headers=key)
    again = alice.client.post(PERSONS, {"person_id": "ben"}, format="json", headers=key)

    assert (again.status_code, again.json()) == (201, first.json())
    assert again["Idempotency-Replayed"] == "true"


# --- enrolling somebody at once ---


def test_a_picture_is_enrolled_as_a_persons(alice: Player, gallery: Collection) -> None:
    _create(alice)
    picture = {"image": in_json(face_picture(1, others=(2,))), "person": "anna:1998"}

    enrolled = alice.client.post(f"/v1/collections/{GALLERY}/faces", picture, format="json").json()

    (face,) = enrolled["faces"]
    assert face["person_id"] == "anna:1998"
    assert [rejected["reasons"] for rejected in enrolled["rejected"]] == [["EXCEEDS_MAX_FACES"]]
    assert alice.client.get(ANNA).json()["face_count"] == 1


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"person": "nobody"}, 404, "person-not-found"),
        ({"person": "anna:1998", "max_faces": 2}, 400, "validation-failed"),
    ],
)
def test_nothing_is_enrolled_for_whom_it_cannot_be(
    alice: Player, gallery: Collection, fields: dict[str, Any], status: int, code: str
) -> None:
    _create(alice)

    refused = alice.client.post(
        f"/v1/collections/{GALLERY}/faces", {"image": in_json(face_picture(1)), **fields}, format="json"
    )

    assert (refused.status_code, refused.json()["code"]) == (status, code)
    assert reload(gallery).face_count == 0


# --- what the database itself refuses ---


def test_a_face_cannot_be_given_to_a_person_of_another_tenant_or_collection(world: World, gallery: Collection) -> None:
    (face_id,) = enrol(world.alice, 1)
    for player, name in ((world.mallory, GALLERY), (world.alice, "other")):
        collections.create_collection(name, actor=player.actor)
        person = persons.create_person("p", collection_name=name, actor=player.actor)
        with pytest.raises(IntegrityError, match="face_person_of_tenant"), tenant_scope(world.alice.tenant.id):
            Face.objects.filter(id=face_id).update(person_id=person.id)
            connections["default"].check_constraints()


def test_a_person_with_a_face_has_a_template(alice: Player, gallery: Collection) -> None:
    _create(alice)
    with (
        pytest.raises(IntegrityError, match="person_with_faces_has_a_template"),
        tenant_scope(alice.tenant.id),
        transaction.atomic(),
    ):
        Person.objects.update(face_count=1)
