"""Searching persons, and searching faces by a person."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from common.ids import new_id
from common.vocabulary import CustomerCategory, Operation, Purpose
from governance import services as governance
from recognition.engines.fake import FakeEngine, face_picture
from recognition.models import Collection
from recognition.services import enrolment, persons
from recognition.services.results import calibration_of_persons
from tests.recognition.conftest import GALLERY, decided, in_json
from tests.worlds import MoratoriumFactory, Player, PlayerFactory

SEARCH = f"/v1/collections/{GALLERY}/persons:search"


def _person(player: Player, name: str, *, identity: int, variants: tuple[int, ...] = (0, 1)) -> list[uuid.UUID]:
    """Make a person with some photographs."""
    persons.create_person(name, collection_name=GALLERY, actor=player.actor)
    return [
        enrolment.enrol_image(
            face_picture(identity, variant=variant), collection_name=GALLERY, actor=player.actor, person=name
        ).face_ids[0]
        for variant in variants
    ]


@pytest.fixture
def people(alice: Player, gallery: Collection) -> dict[str, list[uuid.UUID]]:
    """Anna and Ben with two faces each, and Nobody without one."""
    persons.create_person("nobody", collection_name=GALLERY, actor=alice.actor)
    return {name: _person(alice, name, identity=number) for number, name in enumerate(("anna", "ben"), start=1)}


def _search(player: Player, **body: Any) -> Any:
    return player.client.post(SEARCH, body, format="json")


def _names(answer: Any) -> list[str]:
    return [candidate["person"]["person_id"] for candidate in answer.json()["candidates"]]


def test_it_finds_the_person_of_a_picture(alice: Player, people: object) -> None:
    answer = _search(alice, image=in_json(face_picture(2, others=(1,), variant=7)))

    (candidate,) = answer.json()["candidates"]
    assert candidate["person"]["person_id"] == "ben"
    assert (candidate["rank"], candidate["person"]["face_count"]) == (1, 2)
    assert candidate["similarity"] > 95
    assert answer.json()["probe"]["box"]["left"] > 0
    assert len(answer.json()["others"]) == 1
    assert answer.json()["gallery_size"] == 2
    assert "not the probability" in answer.json()["notice"]


def test_several_faces_of_a_person_say_more_than_one(alice: Player, gallery: Collection) -> None:
    _person(alice, "one", identity=1, variants=(0,))
    _person(alice, "many", identity=1, variants=(1, 2, 3, 4))

    assert _names(_search(alice, image=in_json(face_picture(1, variant=9)))) == ["many", "one"]


def test_a_stranger_is_not_found(alice: Player, people: object) -> None:
    assert _names(_search(alice, image=in_json(face_picture(9)))) == []


def test_a_face_finds_whose_it_is(alice: Player, people: dict[str, list[uuid.UUID]]) -> None:
    answer = _search(alice, face_id=str(people["anna"][0]))

    assert _names(answer) == ["anna"]
    assert (answer.json()["probe"], answer.json()["others"]) == (None, [])


def test_a_person_finds_others_and_not_itself(alice: Player, people: object) -> None:
    _person(alice, "anna-again", identity=1, variants=(5, 6))

    assert _names(_search(alice, person_id="anna")) == ["anna-again"]


def test_the_limit_holds(alice: Player, people: object) -> None:
    _person(alice, "anna-again", identity=1, variants=(5,))

    assert len(_names(_search(alice, image=in_json(face_picture(1)), limit=1))) == 1
    assert _search(alice, image=in_json(face_picture(1)), limit=501).status_code == 400


def test_a_person_of_several_faces_is_falsely_matched_more_often_and_it_says_so(alice: Player, people: object) -> None:
    at_80 = _search(alice, image=in_json(face_picture(1)), threshold=80).json()
    of_faces, of_persons = FakeEngine.calibration, calibration_of_persons(FakeEngine.calibration)

    assert at_80["expected_false_candidates"] == pytest.approx(2 * 1e-4)
    assert of_persons.score(80) > of_faces.score(80)
    assert of_persons.fmr(0.5) == pytest.approx(3 * of_faces.fmr(0.5))


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 400, "validation-failed"),
        ({"person_id": "anna", "face_id": str(new_id())}, 400, "validation-failed"),
        ({"person_id": "unknown"}, 404, "person-not-found"),
        ({"person_id": "nobody"}, 422, "person-without-faces"),
        ({"face_id": str(new_id())}, 404, "face-not-found"),
    ],
)
def test_it_says_whom_it_cannot_search_for(
    alice: Player, people: object, body: dict[str, Any], status: int, code: str
) -> None:
    answer = _search(alice, **body)

    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_picture_without_a_face_cannot_be_searched_for(alice: Player, people: object, blank_picture: bytes) -> None:
    assert _search(alice, image=in_json(blank_picture)).json()["code"] == "no-face-found"


def test_an_upload_is_searched_for_like_json(alice: Player, people: object) -> None:
    upload = SimpleUploadedFile("a.png", face_picture(1, variant=3))

    assert _names(alice.client.post(SEARCH, {"image": upload}, format="multipart")) == ["anna"]


def test_it_is_logged_as_a_search_without_names(alice: Player, people: object) -> None:
    decision, outcome = decided(alice, _search(alice, image=in_json(face_picture(1))))

    assert (decision["action"], decision["params"]["gallery_size"]) == ("search", 3)
    assert outcome["n_candidates"] == 1
    assert "anna" not in str((decision, outcome))


def test_law_enforcement_must_ask_for_99(make_player: PlayerFactory) -> None:
    police = make_player(CustomerCategory.LAW_ENFORCEMENT, purposes=(Purpose.CRIMINAL_INVESTIGATION,))
    police.client.post("/v1/collections", {"name": GALLERY}, format="json")

    refused = _search(police, image=in_json(face_picture(1)), threshold=98)

    assert "THR-001" in [rule["id"] for rule in refused.json()["rules"]]


def test_a_moratorium_on_searching_stops_it(alice: Player, people: object, impose: MoratoriumFactory) -> None:
    impose(selector=governance.Selector(categories=[CustomerCategory.CONSUMER_SOFTWARE], operations=[Operation.SEARCH]))

    for body in ({"image": in_json(face_picture(1))}, {"person_id": "anna"}):
        assert _search(alice, **body).json()["rules"][0]["id"] == "MOR-001"


# --- faces by a person ---


def _faces_like(player: Player, person: str, **options: Any) -> Any:
    body = {"person_id": person, **options}
    return player.client.post(f"/v1/collections/{GALLERY}/search", body, format="json")


def test_faces_like_a_person_are_found_but_not_its_own(alice: Player, people: dict[str, list[uuid.UUID]]) -> None:
    (free,) = enrolment.enrol_image(face_picture(1, variant=8), collection_name=GALLERY, actor=alice.actor).face_ids

    (search,) = _faces_like(alice, "anna").json()["searches"]

    assert [candidate["face"]["id"] for candidate in search["candidates"]] == [str(free)]
    assert search["probe"] == {"box": None, "confidence": None}


def test_found_faces_say_whose_they_are(alice: Player, people: dict[str, list[uuid.UUID]]) -> None:
    answer = alice.client.post(
        f"/v1/collections/{GALLERY}/search", {"image": in_json(face_picture(2, variant=5))}, format="json"
    )

    (search,) = answer.json()["searches"]
    assert {candidate["face"]["person_id"] for candidate in search["candidates"]} == {"ben"}


def test_every_face_goes_with_a_picture_only(alice: Player, people: object) -> None:
    assert _faces_like(alice, "anna", every_face=True).status_code == 400
    assert _faces_like(alice, "nobody").json()["code"] == "person-without-faces"
