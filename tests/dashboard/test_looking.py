"""Pictures that are looked at and not kept: finding faces and comparing."""

from __future__ import annotations

from django.test import Client

from common.context import tenant_scope
from common.vocabulary import TenantRole
from recognition.engines.fake import face_picture
from recognition.models import Image
from tests.dashboard.conftest import SignIn, text_of, upload
from tests.worlds import Player


def test_every_face_is_outlined_with_its_landmarks(member: Client) -> None:
    response = member.post("/detect", {"image": upload(face_picture(1, others=(2,)))})

    page = response.content.decode()
    assert "2 faces found" in text_of(response)
    assert page.count("<rect") == 2
    assert page.count('class="landmark"') == 10
    assert "Quality 90 of 100" in text_of(response)


def test_a_picture_without_a_face_is_no_error(member: Client, blank_picture: bytes) -> None:
    response = member.post("/detect", {"image": upload(blank_picture)})

    assert response.status_code == 200
    assert "There is no face on it" in text_of(response)


def test_two_pictures_are_compared_in_words(member: Client, alice: Player) -> None:
    pictures = {"source": upload(face_picture(1)), "target": upload(face_picture(2, others=(1,), variant=1))}

    response = member.post("/compare", pictures)

    shown = text_of(response)
    assert "1 of 2 faces alike" in shown
    assert "1 false match per" in shown.partition("% similar:")[2]
    assert "Less similar than asked for." in shown
    assert response.content.decode().count("<img") == 2
    with tenant_scope(alice.tenant.id):
        assert not Image.objects.exists()


def test_a_missing_picture_and_a_threshold_out_of_range_are_asked_for(member: Client) -> None:
    assert member.post("/detect", {}).status_code == 200  # nothing was sent: the empty form
    assert member.post("/detect", {"purpose": "nonsense"}).status_code == 422
    response = member.post("/compare", {"source": upload(), "target": upload(), "threshold": "101"})
    assert response.status_code == 422


def test_a_viewer_may_neither(alice: Player, sign_in: SignIn) -> None:
    viewer = sign_in(alice, TenantRole.VIEWER)

    assert viewer.post("/detect", {"image": upload()}).status_code == 403
    assert viewer.post("/compare", {"source": upload(), "target": upload()}).status_code == 403
