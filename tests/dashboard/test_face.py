"""The page of a face: outlined on its picture, where that is kept."""

from __future__ import annotations

from django.test import Client

from recognition.engines.fake import face_picture
from recognition.models import Collection
from recognition.services import collections, enrolment
from tests.dashboard.conftest import GALLERY, SignIn, text_of
from tests.worlds import Player, World


def _enrolled(player: Player, *, keeps: bool) -> str:
    collections.create_collection("album", actor=player.actor, store_images=keeps)
    enrolled = enrolment.enrol_image(
        face_picture(1), collection_name="album", actor=player.actor, external_id="anna", max_faces=1
    )
    return f"/collections/album/faces/{enrolled.face_ids[0]}/"


def test_it_outlines_the_face_on_the_kept_picture(alice: Player, member: Client) -> None:
    address = _enrolled(alice, keeps=True)

    page = member.get(address)

    assert page.status_code == 200
    assert 'src="data:image/jpeg;base64,' in page.content.decode()
    assert "The picture that the face was enrolled from" in page.content.decode()
    assert "anna" in text_of(page)
    assert address in member.get("/collections/album/").content.decode()


def test_it_says_that_the_picture_was_not_kept(alice: Player, member: Client) -> None:
    page = member.get(_enrolled(alice, keeps=False))

    assert "The picture was not kept." in text_of(page)
    assert "data:image" not in page.content.decode()


def test_another_tenants_face_has_no_page(world: World, sign_in: SignIn) -> None:
    address = _enrolled(world.alice, keeps=True)

    assert sign_in(world.mallory).get(address).status_code == 404


def test_a_collection_is_made_that_keeps_pictures(alice: Player, member: Client) -> None:
    member.post("/collections", {"name": GALLERY, "store_images": "on"})

    assert collections.get_collection(GALLERY, actor=alice.actor).store_images is True
    assert "kept" in text_of(member.get(f"/collections/{GALLERY}/"))


def test_its_two_buttons_lead_somewhere(alice: Player, member: Client, gallery: Collection) -> None:
    address = _enrolled(alice, keeps=True)
    page = member.get(address).content.decode()

    assert 'action="/collections/album/search"' in page
    assert member.post(f"{address}delete").status_code == 302
    assert member.get(address).status_code == 404
