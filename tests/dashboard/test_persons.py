"""Persons on the pages: made, given faces, taken faces from, searched for, deleted."""

from __future__ import annotations

import uuid

import pytest
from django.test import Client

from common.context import tenant_scope
from common.vocabulary import CustomerCategory, Operation, TenantRole
from governance import services as governance
from recognition.engines.fake import face_picture
from recognition.models import Collection, Face, Person
from recognition.services import enrolment, persons
from tests.dashboard.conftest import GALLERY, SignIn, text_of, upload
from tests.worlds import MoratoriumFactory, Player

PERSONS = f"/collections/{GALLERY}/persons"
ANNA = f"{PERSONS}/anna/"


@pytest.fixture
def anna(alice: Player, gallery: Collection) -> Person:
    return persons.create_person("anna", collection_name=GALLERY, actor=alice.actor, display_name="Anna B.")


def _enrol(player: Player, *, identity: int = 1, variant: int = 0, person: str | None = None) -> uuid.UUID:
    picture = face_picture(identity, variant=variant)
    return enrolment.enrol_image(picture, collection_name=GALLERY, actor=player.actor, person=person).face_ids[0]


def _face_count(player: Player) -> int:
    return persons.get_person("anna", collection_name=GALLERY, actor=player.actor).face_count


def test_a_person_is_created_and_shown(member: Client, gallery: Collection) -> None:
    response = member.post(PERSONS, {"name": "anna", "display_name": "Anna B."}, follow=True)

    assert response.redirect_chain == [(ANNA, 302)]
    assert "Anna B." in text_of(response)
    assert "There is no face yet" in text_of(response)
    assert "anna" in text_of(member.get(PERSONS))


@pytest.mark.parametrize("name", ["anna", "two words", ".."])
def test_an_id_that_cannot_be_is_explained(member: Client, anna: Person, name: str) -> None:
    response = member.post(PERSONS, {"name": name})

    assert response.status_code == 422
    assert 'aria-invalid="true"' in response.content.decode()


def test_the_name_is_changed(member: Client, anna: Person) -> None:
    assert "Anna C." in text_of(member.post(ANNA, {"display_name": "Anna C."}, follow=True))


def test_a_picture_is_enrolled_as_the_person_and_its_face_taken_away(
    member: Client, alice: Player, anna: Person
) -> None:
    shown = member.post(f"{ANNA}enrol", {"image": upload()}, follow=True)
    assert "1 of 100 at most" in text_of(shown)

    with tenant_scope(alice.tenant.id):
        face_id = Face.objects.get(person=anna).id
    shown = member.post(f"{ANNA}faces/{face_id}/remove", follow=True)

    assert "There is no face yet" in text_of(shown)


def test_an_enrolled_face_is_joined(member: Client, alice: Player, anna: Person) -> None:
    face_id = _enrol(alice)
    join = f"/collections/{GALLERY}/faces/{face_id}/person"
    assert join in member.get(f"/collections/{GALLERY}/").content.decode()
    assert "anna" in text_of(member.get(join))

    shown = member.post(join, {"person": "anna"}, follow=True)

    assert shown.redirect_chain == [(ANNA, 302)]
    assert ANNA in member.get(f"/collections/{GALLERY}/").content.decode()


def test_the_form_says_why_a_face_is_not_joined(member: Client, alice: Player, anna: Person) -> None:
    _enrol(alice, person="anna")
    persons.create_person("ben", collection_name=GALLERY, actor=alice.actor)
    his, stranger = _enrol(alice, identity=5, person="ben"), _enrol(alice, identity=9)

    def said(face_id: uuid.UUID, person: str) -> str:
        response = member.post(f"/collections/{GALLERY}/faces/{face_id}/person", {"person": person})
        assert response.status_code == 422
        return text_of(response)

    assert "There is no such person in the collection" in said(stranger, "nobody")
    assert "not alike enough" in said(stranger, "anna")
    assert "another person's: ben" in said(his, "anna")
    assert "not in the collection" in said(uuid.UUID(int=7), "anna")
    assert _face_count(alice) == 1


def test_a_person_is_found_by_a_picture_in_words(member: Client, alice: Player, anna: Person) -> None:
    for variant in (0, 1):
        _enrol(alice, variant=variant, person="anna")

    shown = text_of(member.post(f"{PERSONS}:search", {"image": upload(face_picture(1, variant=7))}))

    assert "Anna B." in shown
    assert "An investigative lead, not an identification" in shown
    assert "1 false match per" in shown.partition("% similar:")[2]
    nobody = text_of(member.post(f"{PERSONS}:search", {"image": upload(face_picture(77))}))
    assert "Nobody in gallery is as similar as that." in nobody


def test_a_person_is_deleted_by_its_name(member: Client, alice: Player, anna: Person) -> None:
    face_id = _enrol(alice, person="anna")

    assert member.post(f"{ANNA}delete", {"name": "ben"}).status_code == 422
    assert member.post(f"{ANNA}delete", {"name": "anna"}).status_code == 302

    assert member.get(ANNA).status_code == 404
    assert str(face_id) in member.get(f"/collections/{GALLERY}/").content.decode()


def test_a_viewer_sees_persons_and_changes_none(alice: Player, anna: Person, sign_in: SignIn) -> None:
    viewer = sign_in(alice, TenantRole.VIEWER)

    assert viewer.get(ANNA).status_code == 200
    for path, form in ((PERSONS, {"name": "ben"}), (ANNA, {"display_name": "x"}), (f"{ANNA}delete", {"name": "anna"})):
        assert viewer.post(path, form).status_code == 403, path


def test_a_moratorium_refuses_and_names_its_rule(member: Client, anna: Person, impose: MoratoriumFactory) -> None:
    impose(selector=governance.Selector(categories=[CustomerCategory.CONSUMER_SOFTWARE], operations=[Operation.SEARCH]))

    response = member.post(f"{PERSONS}:search", {"image": upload()})

    assert response.status_code == 403
    assert "MOR-001" in text_of(response)
