"""Pictures that are looked at and not kept: finding faces and comparing."""

from __future__ import annotations

from django.test import Client

from common.context import tenant_scope
from common.vocabulary import Operation, TenantRole
from recognition.engines.fake import face_picture
from recognition.engines.liveness_figures import figures
from recognition.models import Image
from tests.dashboard.conftest import SignIn, text_of, upload
from tests.worlds import ALL_OPERATIONS, Player, PlayerFactory


def test_every_face_is_outlined_with_its_landmarks(member: Client) -> None:
    response = member.post("/detect", {"image": upload(face_picture(1, others=(2,)))})

    page = response.content.decode()
    assert "2 faces found" in text_of(response)
    assert page.count("<rect") == 2
    assert page.count('class="landmark"') == 10
    assert "Quality 90 of 100" in text_of(response)


def test_each_face_is_described_beside_its_box_when_asked(member: Client) -> None:
    picture = face_picture(1, others=(2,))

    plain = text_of(member.post("/detect", {"image": upload(picture)}))
    response = member.post("/detect", {"image": upload(picture), "describe": "on"})

    page = response.content.decode()
    assert "years old" not in plain
    assert page.count('class="said"') == 2
    assert text_of(response).count("years old") == 2
    assert page.count('class="landmark"') == 12  # six of each, where landmarks were asked for; else five


def test_liveness_is_shown_as_advice_with_a_way_to_its_figures(member: Client) -> None:
    response = member.post("/detect", {"image": upload(face_picture(1)), "liveness": "on"})

    shown = text_of(response)
    assert "Advisory 75 of 100 genuine photographs look less like one of a live person" in shown
    assert 'href="/liveness"' in response.content.decode()
    assert "years old" not in shown
    worth = text_of(member.get("/liveness"))
    assert "No real attack was ever measured" in worth
    for kind in figures().kinds:
        assert f"{kind.apcer.name} {kind.apcer.value} %" in worth


def test_who_may_not_describe_faces_may_still_find_them(make_player: PlayerFactory, sign_in: SignIn) -> None:
    operations = tuple(set(ALL_OPERATIONS) - {Operation.ANALYSE_ATTRIBUTES})
    member = sign_in(make_player(operations=operations))

    assert member.post("/detect", {"image": upload()}).status_code == 200
    refused = member.post("/detect", {"image": upload(), "describe": "on"})
    assert refused.status_code == 403
    assert "VET-004" in text_of(refused)


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
