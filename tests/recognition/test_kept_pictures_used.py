"""Kept pictures as references, and reading judged by what they were made for."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import pytest

from common.context import tenant_scope
from common.vocabulary import Operation, Purpose
from governance import services as governance
from recognition.engines.fake import face_picture
from recognition.models import Collection, Image
from recognition.services import batches, collections, enrolment
from tests.recognition.conftest import GALLERY, Outbox, decided, in_json, reload
from tests.recognition.keeping_pictures import enrol_picture, files_of
from tests.worlds import MoratoriumFactory, Player, World

FACES = f"/v1/collections/{GALLERY}/faces"


def test_a_kept_picture_stands_for_its_bytes_everywhere(
    alice: Player, album: Collection, outbox: Outbox, home: Path
) -> None:
    image_id = enrol_picture(alice, face_picture(1))
    named, sent = {"image_id": str(image_id)}, in_json(face_picture(1))
    post = alice.client.post

    assert post("/v1/detect", {"image": named}).json() == post("/v1/detect", {"image": sent}).json()
    same = post("/v1/compare", {"source": named, "target": sent}).json()
    assert len(same["matches"]) == 1
    (search,) = post(f"/v1/collections/{GALLERY}/search", {"image": named}).json()["searches"]
    assert search["candidates"][0]["face"]["image_id"] == str(image_id)
    again = post(FACES, {"image": named, "external_id": "again"})
    assert (again.status_code, len(files_of(home))) == (201, 1)


def test_a_batch_may_mix_bytes_and_references(alice: Player, album: Collection, outbox: Outbox) -> None:
    image_id = enrol_picture(alice, face_picture(1))
    body = {"images": [{"image_id": str(image_id), "external_id": "anna"}, in_json(face_picture(2))]}

    for route in ("faces:batch", "search:batch"):
        response = alice.client.post(f"/v1/collections/{GALLERY}/{route}", body)
        assert response.status_code == 202, route
        batches.run_batch(uuid.UUID(response.json()["id"]), first=0, tenant_id=alice.tenant.id)
        results = alice.client.get(f"/v1/jobs/{response.json()['id']}/results").json()["items"]
        assert [item["status"] for item in results] == ["done", "done"], route

    assert reload(album).face_count == 3


@pytest.mark.parametrize("image", [{"image_id": "no id"}, {"image_id": 5}, {"image_id": None}])
def test_a_reference_that_is_none_is_a_clear_400(alice: Player, image: dict[str, object]) -> None:
    response = alice.client.post("/v1/detect", {"image": image}, format="json")

    assert (response.status_code, response.json()["errors"][0]["pointer"]) == (400, "/image")


def test_a_batch_image_is_bytes_or_a_reference(alice: Player, album: Collection) -> None:
    both = {**in_json(face_picture(1)), "image_id": str(enrol_picture(alice, face_picture(1)))}

    for image in (both, {"external_id": "anna"}):
        response = alice.client.post(f"{FACES}:batch", {"images": [image]}, format="json")
        assert (response.status_code, response.json()["code"]) == (400, "validation-failed")


def test_an_image_without_its_picture_cannot_be_used(alice: Player, gallery: Collection) -> None:
    named = {"image": {"image_id": str(enrol_picture(alice, face_picture(1)))}}

    response = alice.client.post("/v1/detect", named, format="json")

    assert (response.status_code, response.json()["code"]) == (404, "image-not-kept")


def test_another_tenants_picture_is_not_there(world: World, album: Collection) -> None:
    image_id = enrol_picture(world.alice, face_picture(1))
    named = {"image_id": str(image_id)}
    client = world.mallory.client

    for answer in (
        client.get(f"/v1/images/{image_id}"),
        client.get(f"/v1/images/{image_id}/content"),
        client.delete(f"/v1/images/{image_id}"),
        client.post("/v1/detect", {"image": named}, format="json"),
        client.post("/v1/compare", {"source": named, "target": named}, format="json"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "image-not-found")
    with tenant_scope(world.alice.tenant.id):
        assert Image.objects.count() == 1


def test_a_moratorium_on_enrolling_stops_reading_and_using_pictures(
    alice: Player, album: Collection, impose: MoratoriumFactory
) -> None:
    image_id = enrol_picture(alice, face_picture(1))
    impose(selector=governance.Selector(operations=[Operation.ENROL]))

    for answer in (
        alice.client.get(f"/v1/images/{image_id}"),
        alice.client.get(f"/v1/images/{image_id}/content"),
        alice.client.post("/v1/detect", {"image": {"image_id": str(image_id)}}, format="json"),
    ):
        assert (answer.status_code, answer.json()["rules"][0]["id"]) == (403, "MOR-001")
    assert alice.client.post("/v1/detect", {"image": in_json(face_picture(1))}, format="json").status_code == 200
    assert alice.client.delete(f"/v1/images/{image_id}").status_code == 204


def test_what_was_made_for_a_stopped_purpose_is_not_read_under_another(
    make_player: Any, impose: MoratoriumFactory
) -> None:
    purposes = (Purpose.PHOTO_ORGANISATION, Purpose.SECOND_FACTOR)
    player = make_player(purposes=purposes)
    collections.create_collection(GALLERY, actor=player.actor, store_images=True)
    enrolled = enrolment.enrol_image(face_picture(1), collection_name=GALLERY, actor=player.actor)
    addresses = [FACES, f"{FACES}/{enrolled.face_ids[0]}", f"/v1/images/{enrolled.image_id}/content"]
    other = {"HTTP_CUSTOS_PURPOSE": "second_factor"}
    for address in addresses:
        assert player.client.get(address, **other).status_code == 200

    impose(selector=governance.Selector(purposes=[Purpose.PHOTO_ORGANISATION]))

    for address in addresses:
        for stated in ({}, other):
            answer = player.client.get(address, **stated)
            assert (answer.status_code, answer.json()["rules"][0]["id"]) == (403, "MOR-001"), (address, stated)


def test_contents_made_for_another_purpose_are_judged_for_both(make_player: Any) -> None:
    player = make_player(purposes=(Purpose.PHOTO_ORGANISATION, Purpose.SECOND_FACTOR))
    collections.create_collection(GALLERY, actor=player.actor)
    enrol_picture(player, face_picture(1))

    answer = player.client.get(FACES, HTTP_CUSTOS_PURPOSE="second_factor")

    assert decided(player, answer)[0]["purpose"] == "second_factor"
    recorded = player.client.get("/v1/decisions?limit=3").json()["items"]
    assert {entry["purpose"] for entry in recorded if entry["operation"] == "read_result"} == {
        "photo_organisation", "second_factor",
    }  # fmt: skip


def test_a_collection_that_is_emptied_is_for_nothing_any_more(make_player: Any, impose: MoratoriumFactory) -> None:
    player = make_player(purposes=(Purpose.PHOTO_ORGANISATION, Purpose.SECOND_FACTOR))
    collections.create_collection(GALLERY, actor=player.actor)
    image_id = enrol_picture(player, face_picture(1))
    impose(selector=governance.Selector(purposes=[Purpose.PHOTO_ORGANISATION]))

    player.client.delete(f"/v1/images/{image_id}")

    assert player.client.get(FACES, HTTP_CUSTOS_PURPOSE="second_factor").status_code == 200
