"""Faces of a collection: list by pages, read, delete one or many."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from common.context import tenant_scope
from common.ids import new_id
from common.vocabulary import Operation
from governance import services as governance
from recognition.engines.fake import face_picture
from recognition.models import Collection, Face, Image, JobItem
from recognition.services import collections, enrolment
from tests.recognition.conftest import (
    GALLERY,
    NOT_A_PICTURE,
    Outbox,
    Traces,
    decided,
    enrol,
    in_json,
    reload,
    submit,
    traces_of,
    work_off,
)
from tests.worlds import MoratoriumFactory, Player, World

URL = f"/v1/collections/{GALLERY}/faces"


def _pages(player: Player, *, limit: int) -> list[list[dict[str, Any]]]:
    pages, cursor = [], ""
    while True:
        found = player.client.get(f"{URL}?limit={limit}&cursor={cursor}").json()
        pages.append(found["items"])
        if found["next_cursor"] is None:
            return pages
        cursor = found["next_cursor"]


def test_an_enrolled_face_is_answered_with_its_ids(alice: Player, gallery: Collection) -> None:
    body = {"image": in_json(face_picture(1, others=(2,))), "external_id": "anna", "max_faces": 1}

    response = alice.client.post(URL, body, format="json")

    made = response.json()
    assert response.status_code == 201
    assert len(made["faces"]) == 1
    assert made["faces"][0]["external_id"] == "anna"
    assert made["faces"][0]["image_id"] == made["image_id"]
    assert made["rejected"] == [{"box": made["rejected"][0]["box"], "reasons": ["EXCEEDS_MAX_FACES"]}]
    assert alice.client.get(f"{URL}/{made['faces'][0]['id']}").json() == made["faces"][0]


def test_an_upload_is_enrolled_like_json(alice: Player, gallery: Collection) -> None:
    files = {"image": SimpleUploadedFile("x", face_picture(3)), "external_id": "otto", "quality": "none"}

    response = alice.client.post(URL, files, format="multipart")

    assert response.status_code == 201
    assert response.json()["faces"][0]["external_id"] == "otto"


@pytest.mark.parametrize(
    "options", [{"max_faces": 0}, {"max_faces": 101}, {"quality": "best"}, {"external_id": "x" * 256}]
)
def test_an_option_out_of_range_is_refused(alice: Player, gallery: Collection, options: dict[str, Any]) -> None:
    response = alice.client.post(URL, {"image": in_json(face_picture(1)), **options}, format="json")

    assert response.status_code == 400
    assert response.json()["errors"][0]["pointer"] == f"/{next(iter(options))}"
    assert traces_of(alice).faces == 0


def test_it_lists_every_face_once_by_pages(alice: Player, gallery: Collection) -> None:
    ids = enrol(alice, 1, 2, 3, 4, 5)

    pages = _pages(alice, limit=2)

    assert [len(page) for page in pages] == [2, 2, 1]
    assert [face["id"] for page in pages for face in page] == [str(face_id) for face_id in ids]


def test_a_full_last_page_has_no_next_one(alice: Player, gallery: Collection) -> None:
    enrol(alice, 1, 2)

    assert [len(page) for page in _pages(alice, limit=2)] == [2]


def test_faces_enrolled_meanwhile_do_not_disturb_the_pages(alice: Player, gallery: Collection) -> None:
    ids = enrol(alice, 1, 2, 3)
    first = alice.client.get(f"{URL}?limit=2").json()
    late = enrol(alice, 4)
    alice.client.delete(f"{URL}/{ids[0]}")

    second = alice.client.get(f"{URL}?limit=2&cursor={first['next_cursor']}").json()

    assert [face["id"] for face in second["items"]] == [str(ids[2]), str(late[0])]


def test_an_empty_collection_is_an_empty_page(alice: Player, gallery: Collection) -> None:
    assert alice.client.get(URL).json() == {"items": [], "next_cursor": None}


def test_no_answer_holds_a_template(alice: Player, gallery: Collection) -> None:
    enrol(alice, 1, external_id="anna")

    (face,) = alice.client.get(URL).json()["items"]

    assert set(face) == {
        "id", "image_id", "external_id", "box", "confidence", "landmarks", "pose", "quality",
    }  # fmt: skip


def test_a_face_of_another_collection_is_not_there(alice: Player, gallery: Collection) -> None:
    collections.create_collection("other", actor=alice.actor)
    (face_id,) = enrolment.enrol_image(face_picture(1), collection_name="other", actor=alice.actor).face_ids

    for answer in (alice.client.get(f"{URL}/{face_id}"), alice.client.delete(f"{URL}/{face_id}")):
        assert (answer.status_code, answer.json()["code"]) == (404, "face-not-found")
    assert alice.client.get(f"/v1/collections/other/faces/{face_id}").status_code == 200


def test_another_tenants_faces_are_not_there(world: World, gallery: Collection) -> None:
    (face_id,) = enrol(world.alice, 1)
    collections.create_collection(GALLERY, actor=world.mallory.actor)

    assert world.mallory.client.get(f"{URL}/{face_id}").status_code == 404
    assert world.mallory.client.get(URL).json()["items"] == []
    assert world.mallory.client.post(f"{URL}:delete", {"ids": [str(face_id)]}, format="json").json() == {
        "deleted": [],
        "failed": [{"id": str(face_id), "code": "face-not-found"}],
    }
    assert traces_of(world.alice).faces == 1


def test_deleting_a_face_takes_its_template_and_its_image(alice: Player, gallery: Collection) -> None:
    first, second = enrol(alice, 1, 2)

    response = alice.client.delete(f"{URL}/{first}")

    assert response.status_code == 204
    assert traces_of(alice) == Traces(collections=1, templates=1, faces=1, images=1, items=0)
    assert reload(gallery).face_count == 1
    assert decided(alice, response)[1]["n_faces"] == 1
    assert alice.client.delete(f"{URL}/{first}").status_code == 404
    assert alice.client.get(f"{URL}/{second}").status_code == 200


def test_an_image_stays_as_long_as_one_of_its_faces(alice: Player, gallery: Collection) -> None:
    faces = enrolment.enrol_image(face_picture(1, others=(2,)), collection_name=GALLERY, actor=alice.actor).face_ids

    alice.client.delete(f"{URL}/{faces[0]}")
    assert traces_of(alice).images == 1
    alice.client.delete(f"{URL}/{faces[1]}")

    assert traces_of(alice) == Traces(collections=1, templates=0, faces=0, images=0, items=0)


def test_a_job_forgets_who_was_on_an_image_that_is_gone(alice: Player, gallery: Collection, outbox: Outbox) -> None:
    job = submit(alice, [face_picture(1)])
    work_off(job, outbox)
    with tenant_scope(alice.tenant.id):
        face_id = Face.objects.get().id

    alice.client.delete(f"{URL}/{face_id}")

    with tenant_scope(alice.tenant.id):
        item = JobItem.objects.get(job_id=job.id)
        assert not Image.objects.exists()
    assert (item.status, item.image_id, item.n_faces, item.external_id) == ("done", None, 0, "")


def test_it_deletes_many_and_names_those_that_were_not_there(alice: Player, gallery: Collection) -> None:
    first, second, third = enrol(alice, 1, 2, 3)
    unknown = new_id()
    ids = [str(face_id) for face_id in (third, unknown, first, third)]

    response = alice.client.post(f"{URL}:delete", {"ids": ids}, format="json")

    assert response.status_code == 200
    assert response.json() == {
        "deleted": [str(third), str(first)],
        "failed": [{"id": str(unknown), "code": "face-not-found"}],
    }
    assert [face["id"] for face in alice.client.get(URL).json()["items"]] == [str(second)]
    assert reload(gallery).face_count == 1


@pytest.mark.parametrize(
    "ids", [[], None, "all", ["*"], [None], [str(uuid.UUID(int=number)) for number in range(1_001)]]
)
def test_what_is_no_list_of_ids_is_refused(alice: Player, gallery: Collection, ids: object) -> None:
    enrol(alice, 1)

    response = alice.client.post(f"{URL}:delete", {"ids": ids}, format="json")

    assert response.status_code == 400
    assert traces_of(alice).faces == 1


def test_a_stopped_tenant_cannot_read_faces_and_can_delete_them(
    alice: Player, gallery: Collection, impose: MoratoriumFactory
) -> None:
    first, second = enrol(alice, 1, 2)
    impose(selector=governance.Selector(operations=[Operation.ENROL]))

    for url in (URL, f"{URL}/{first}"):
        refused = alice.client.get(url)
        assert refused.status_code == 403
        assert str(first) not in refused.content.decode().replace(refused.json()["detail"], "")
    assert alice.client.delete(f"{URL}/{first}").status_code == 204
    assert alice.client.post(f"{URL}:delete", {"ids": [str(second)]}, format="json").status_code == 200
    assert traces_of(alice).templates == 0


def test_reading_is_recorded_as_reading_the_result_of_an_enrolment(alice: Player, gallery: Collection) -> None:
    (face_id,) = enrol(alice, 1)

    decision, outcome = decided(alice, alice.client.get(f"{URL}/{face_id}"))

    assert (decision["action"], decision["facts"]["result_of"]) == ("read_result", "enrol")
    assert outcome["resource"] == {"type": "face", "id": str(face_id)}


def test_nothing_is_enrolled_into_a_collection_that_is_not_there(alice: Player) -> None:
    response = alice.client.post(URL, {"image": in_json(NOT_A_PICTURE)}, format="json")

    assert (response.status_code, response.json()["code"]) == (404, "collection-not-found")
