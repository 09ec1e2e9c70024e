"""Collections: list, create, look into, delete."""

from __future__ import annotations

from django.test import Client

from common.context import tenant_scope
from recognition.models import Collection, Face
from tests.dashboard.conftest import GALLERY, text_of, upload
from tests.worlds import Player


def _names(player: Player) -> set[str]:
    with tenant_scope(player.tenant.id):
        return set(Collection.objects.values_list("name", flat=True))


def test_it_creates_a_collection(member: Client, alice: Player) -> None:
    response = member.post("/collections", {"name": "family", "description": "ours", "retention_days": "30"})

    assert response.status_code == 302
    assert response["Location"] == "/collections/family/"
    shown = text_of(member.get("/collections/family/"))
    assert "The collection family is ready." in shown
    assert "30 days" in shown
    assert _names(alice) == {"family"}


def test_it_refuses_a_name_that_no_address_can_hold(member: Client, alice: Player) -> None:
    for name in ("two words", "a/b", "..", "", "ä"):
        response = member.post("/collections", {"name": name})

        assert response.status_code == 422, name
        assert 'aria-invalid="true"' in response.content.decode(), name
    assert _names(alice) == set()


def test_it_says_that_a_name_is_taken(member: Client, gallery: Collection) -> None:
    response = member.post("/collections", {"name": GALLERY})

    assert response.status_code == 422
    assert "There is a collection gallery already." in text_of(response)


def test_it_lists_the_faces_of_a_collection_by_pages(member: Client, gallery: Collection) -> None:
    for external_id in ("anna", "bert"):
        member.post(f"/collections/{GALLERY}/enrol", {"images": upload(), "external_id": external_id, "max_faces": 1})

    first = member.get(f"/collections/{GALLERY}/?limit=1").content.decode()
    cursor = first.partition("?cursor=")[2].partition('"')[0]
    second = member.get(f"/collections/{GALLERY}/?limit=1&cursor={cursor}").content.decode()

    assert "anna" in first and "bert" not in first
    assert "bert" in second and "anna" not in second


def test_it_deletes_a_face(member: Client, alice: Player, gallery: Collection) -> None:
    member.post(f"/collections/{GALLERY}/enrol", {"images": upload(), "max_faces": 1})
    with tenant_scope(alice.tenant.id):
        face_id = Face.objects.get().id

    response = member.post(f"/collections/{GALLERY}/faces/{face_id}/delete", follow=True)

    assert "The face and its template are deleted." in text_of(response)
    with tenant_scope(alice.tenant.id):
        assert not Face.objects.exists()


def test_it_deletes_a_collection_only_by_its_name(member: Client, alice: Player, gallery: Collection) -> None:
    assert "cannot be taken back" in text_of(member.get(f"/collections/{GALLERY}/delete"))

    mistyped = member.post(f"/collections/{GALLERY}/delete", {"name": "galery"})
    assert mistyped.status_code == 422
    assert _names(alice) == {GALLERY}

    response = member.post(f"/collections/{GALLERY}/delete", {"name": GALLERY}, follow=True)
    assert "is deleted" in text_of(response)
    assert _names(alice) == set()
