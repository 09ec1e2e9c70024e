"""Searching from the page: candidates in words, refusals with their rules."""

from __future__ import annotations

import pytest
from django.test import Client

from common.context import tenant_scope
from common.vocabulary import CustomerCategory, Operation, Purpose, TenantRole
from governance import services as governance
from recognition.engines.fake import face_picture
from recognition.models import Collection, Face
from recognition.services import enrolment
from tests.dashboard.conftest import GALLERY, SignIn, text_of, upload
from tests.worlds import MoratoriumFactory, Player

SEARCH = f"/collections/{GALLERY}/search"


@pytest.fixture(autouse=True)
def enrolled(alice: Player, gallery: Collection) -> None:
    for number, name in ((1, "anna"), (2, "bert")):
        enrolment.enrol_image(face_picture(number), collection_name=GALLERY, actor=alice.actor, external_id=name)


def test_it_finds_the_person_and_says_what_that_means(member: Client) -> None:
    response = member.post(SEARCH, {"image": upload(face_picture(1, variant=1))})

    shown = text_of(response)
    assert response.status_code == 200
    assert "anna" in shown
    assert "bert" not in shown
    assert "An investigative lead, not an identification" in shown
    # Never a bare percentage: each candidate carries its false match rate in words.
    assert shown.count("% similar:") == 1
    assert "1 false match per" in shown.partition("% similar:")[2]


def test_it_searches_for_every_face_of_the_picture(member: Client) -> None:
    picture = face_picture(1, others=(2, 77), variant=1)

    shown = text_of(member.post(SEARCH, {"image": upload(picture), "every_face": "on"}))

    assert "anna" in shown.partition("Face 1")[2].partition("Face 2")[0]
    assert "bert" in shown.partition("Face 2")[2].partition("Face 3")[0]
    assert "Nobody in gallery is as similar as that." in shown.partition("Face 3")[2]


def test_it_searches_for_an_enrolled_face(member: Client, alice: Player) -> None:
    enrolment.enrol_image(
        face_picture(1, variant=5), collection_name=GALLERY, actor=alice.actor, external_id="anna-later"
    )
    with tenant_scope(alice.tenant.id):
        face_id = Face.objects.get(external_id="anna").id

    response = member.post(SEARCH, {"face_id": str(face_id)})

    assert "anna-later" in text_of(response)
    assert "<img" not in response.content.decode()


def test_without_a_picture_it_asks_for_one(member: Client) -> None:
    response = member.post(SEARCH, {"threshold": "90"})

    assert response.status_code == 422
    assert "This field is required." in text_of(response)


def test_a_picture_without_a_face_is_a_clear_page(member: Client, blank_picture: bytes) -> None:
    response = member.post(SEARCH, {"image": upload(blank_picture)})

    assert response.status_code == 422
    assert "No face was found in the image" in text_of(response)


def test_a_moratorium_refuses_and_names_its_rule(member: Client, impose: MoratoriumFactory) -> None:
    impose(selector=governance.Selector(categories=[CustomerCategory.CONSUMER_SOFTWARE], operations=[Operation.SEARCH]))

    response = member.post(SEARCH, {"image": upload()})

    shown = text_of(response)
    assert response.status_code == 403
    assert "Refused by policy" in shown
    assert "MOR-001" in shown
    decision = response.content.decode().partition('href="/decisions/')[2].partition('"')[0]
    assert "Why was I refused?" in text_of(member.get(f"/decisions/{decision}"))


def test_a_purpose_outside_the_approval_is_refused(member: Client) -> None:
    response = member.post(SEARCH, {"image": upload(), "purpose": Purpose.CRIMINAL_INVESTIGATION.value})

    assert response.status_code == 403
    assert "criminal_investigation" in text_of(response)


def test_a_viewer_may_not_search(alice: Player, sign_in: SignIn) -> None:
    response = sign_in(alice, TenantRole.VIEWER).post(SEARCH, {"image": upload()})

    assert response.status_code == 403
    assert "Refused by policy" in text_of(response)


def test_to_htmx_the_answer_is_the_part_alone(member: Client) -> None:
    response = member.post(SEARCH, {"image": upload()}, headers={"HX-Request": "true"})

    page = response.content.decode()
    assert "<html" not in page
    assert "Read this first." in page
