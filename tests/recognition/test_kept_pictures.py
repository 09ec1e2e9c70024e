"""Kept pictures: only where the collection says so, once a tenant, read through the gate, gone with their images."""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import storages
from django.db import OperationalError, connections, transaction

from common.context import tenant_scope
from common.vocabulary import JobStatus, Operation, Purpose
from governance import services as governance
from governance.errors import PolicyRefused
from recognition import storage
from recognition.engines.fake import face_picture
from recognition.errors import ImageNotFound, StorageUnavailable
from recognition.models import Collection, Image, StoredFile
from recognition.services import batches, collections, enrolment, images, keeping
from recognition.tasks import purge
from tests.recognition.conftest import GALLERY, Outbox, decided, in_json, reload, submit, work_off
from tests.worlds import MoratoriumFactory, Player, World

FACES = f"/v1/collections/{GALLERY}/faces"


@pytest.fixture
def album(alice: Player) -> Collection:
    """Alice's empty collection, which keeps pictures."""
    return collections.create_collection(GALLERY, actor=alice.actor, store_images=True)


def _enrol(player: Player, data: bytes, *, collection: str = GALLERY) -> uuid.UUID:
    return enrolment.enrol_image(data, collection_name=collection, actor=player.actor).image_id


def _files(home: Path) -> set[Path]:
    folder = home / "images"
    return {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}


def _path(player: Player, data: bytes) -> Path:
    digest = hashlib.sha256(data).hexdigest()
    return Path(str(player.tenant.id)) / digest[:2] / digest


def _rows(player: Player) -> list[StoredFile]:
    with tenant_scope(player.tenant.id):
        return list(StoredFile.objects.all())


def _age_files(seconds: float = keeping.GRACE_SECONDS + 1) -> None:
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT tenant_id, id FROM custos_unused_files(-1, 1000)")
        for tenant_id, file_id in cursor.fetchall():
            with tenant_scope(tenant_id):
                cursor.execute(
                    "UPDATE recognition_storedfile SET unused_since = unused_since - make_interval(secs => %s)"
                    " WHERE id = %s",
                    [seconds, file_id],
                )


# --- kept or not ---


def test_a_collection_keeps_no_pictures_unless_it_says_so(alice: Player, gallery: Collection, home: Path) -> None:
    image_id = _enrol(alice, face_picture(1))

    known = alice.client.get(f"/v1/images/{image_id}").json()
    content = alice.client.get(f"/v1/images/{image_id}/content")

    assert (known["is_kept"], known["size_bytes"]) == (False, None)
    assert (content.status_code, content.json()["code"]) == (404, "image-not-kept")
    assert (_files(home), _rows(alice)) == (set(), [])


def test_a_kept_picture_is_read_as_it_was_sent(alice: Player, album: Collection, home: Path) -> None:
    data = face_picture(1)
    image_id = alice.client.post(FACES, {"image": in_json(data)}, format="json").json()["image_id"]

    known = alice.client.get(f"/v1/images/{image_id}")
    content = alice.client.get(f"/v1/images/{image_id}/content", HTTP_ACCEPT="image/avif")

    assert content.status_code == 200
    assert content.content == data
    assert content["Content-Type"] == "image/png"
    assert content["Cache-Control"] == "private, no-store"
    assert known.json()["digest"] == hashlib.sha256(data).hexdigest()
    assert (known.json()["is_kept"], known.json()["size_bytes"]) == (True, len(data))
    assert decided(alice, content)[0]["action"] == "read_result"
    assert _files(home) == {_path(alice, data)}


def test_only_this_account_can_read_the_files(alice: Player, album: Collection, home: Path) -> None:
    _enrol(alice, face_picture(1))

    for path in (home / "images").rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path


def test_no_address_leads_to_a_file() -> None:
    with pytest.raises(ValueError, match="not accessible via a URL"):
        storages["images"].url("anything")


def test_the_same_bytes_are_kept_once_a_tenant(world: World, album: Collection, home: Path) -> None:
    collections.create_collection("second", actor=world.alice.actor, store_images=True)
    collections.create_collection(GALLERY, actor=world.mallory.actor, store_images=True)
    data = face_picture(1)

    first, second = _enrol(world.alice, data), _enrol(world.alice, data, collection="second")
    _enrol(world.mallory, data)

    assert first != second
    assert len(_rows(world.alice)) == 1
    assert _files(home) == {_path(world.alice, data), _path(world.mallory, data)}


def test_a_job_keeps_its_pictures(alice: Player, album: Collection, outbox: Outbox, home: Path) -> None:
    data = [face_picture(number) for number in range(3)]
    job = submit(alice, [*data, data[0]])

    work_off(job, outbox)

    assert reload(job).status == JobStatus.SUCCEEDED
    assert _files(home) == {_path(alice, picture) for picture in data}
    assert {row.unused_since for row in _rows(alice)} == {None}


def test_what_was_refused_at_the_fence_is_swept(
    alice: Player, album: Collection, home: Path, monkeypatch: pytest.MonkeyPatch, impose: MoratoriumFactory
) -> None:
    write = storage.write

    def switch(*arguments: Any, **named: Any) -> None:
        write(*arguments, **named)
        impose(selector=governance.Selector(operations=[Operation.ENROL]))

    with monkeypatch.context() as patch, pytest.raises(PolicyRefused):
        patch.setattr(keeping.storage, "write", switch)
        _enrol(alice, face_picture(1))
    assert len(_files(home)) == 1

    keeping.sweep(seconds=10)
    assert len(_files(home)) == 1, "an enrolment may be about to commit"
    _age_files()
    purge.apply().get()

    assert (_files(home), _rows(alice)) == (set(), [])


# --- deleted ---


def test_a_picture_goes_with_the_last_of_its_images(alice: Player, album: Collection, home: Path) -> None:
    data = face_picture(1, others=(2,))
    first, second = _enrol(alice, data), _enrol(alice, data)

    gone = alice.client.delete(f"/v1/images/{first}")
    assert gone.status_code == 204
    assert decided(alice, gone)[1]["removed"] == {
        "faces": 2, "templates": 2, "images": 1, "pictures": 1, "job_results": 0, "staged_files": 0,
    }  # fmt: skip
    assert alice.client.get(f"/v1/images/{first}").status_code == 404
    assert alice.client.get(f"/v1/images/{second}/content").content == data

    alice.client.delete(f"/v1/images/{second}")
    assert (_files(home), _rows(alice)) == (set(), [])
    assert reload(album).face_count == 0


def test_a_picture_goes_with_its_last_face(alice: Player, album: Collection, home: Path) -> None:
    faces = enrolment.enrol_image(face_picture(1, others=(2,)), collection_name=GALLERY, actor=alice.actor).face_ids

    alice.client.delete(f"{FACES}/{faces[0]}")
    assert len(_files(home)) == 1
    alice.client.delete(f"{FACES}/{faces[1]}")

    assert _files(home) == set()


def test_pictures_go_with_their_collection(alice: Player, album: Collection, home: Path) -> None:
    for number in range(3):
        _enrol(alice, face_picture(number))

    response = alice.client.delete(f"/v1/collections/{GALLERY}")

    assert response.status_code == 204
    assert decided(alice, response)[1]["removed"]["pictures"] == 3
    assert (_files(home), _rows(alice)) == (set(), [])


def test_a_collection_that_keeps_none_any_more_loses_those_it_kept(
    alice: Player, album: Collection, home: Path
) -> None:
    image_id = _enrol(alice, face_picture(1))

    changed = alice.client.patch(f"/v1/collections/{GALLERY}", {"store_images": False}, format="json")

    assert changed.json()["store_images"] is False
    assert _files(home) == set()
    assert alice.client.get(f"/v1/images/{image_id}").json()["is_kept"] is False
    assert reload(album).face_count == 1


def test_a_storage_that_is_away_while_something_is_deleted_is_swept_later(
    alice: Player, album: Collection, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image_id = _enrol(alice, face_picture(1))

    def away(*_: object, **__: object) -> None:
        raise StorageUnavailable

    with monkeypatch.context() as patch:
        patch.setattr(keeping.storage, "remove", away)
        assert alice.client.delete(f"/v1/images/{image_id}").status_code == 204
    assert len(_files(home)) == 1
    _age_files()
    keeping.sweep(seconds=10)

    assert (_files(home), _rows(alice)) == (set(), [])


def _announced(player: Player, *, most: int, start: int = 0) -> list[str]:
    """Rows of files that nobody refers to, past the grace; return their digests, oldest first."""
    digests = [f"{start + number:064x}" for number in range(most)]
    with tenant_scope(player.tenant.id):
        for digest in digests:
            StoredFile.objects.create(tenant_id=player.tenant.id, digest=digest, size_bytes=1)
    return digests


def test_a_sweep_takes_more_than_one_batch_and_ends_when_its_time_is_over(alice: Player, home: Path) -> None:
    _announced(alice, most=2 * keeping._SWEPT_AT_ONCE + 1)
    _age_files()

    keeping.sweep(seconds=0)
    assert len(_rows(alice)) == 2 * keeping._SWEPT_AT_ONCE + 1
    keeping.sweep(seconds=30)

    assert _rows(alice) == []


def test_files_that_cannot_be_deleted_hold_up_no_others(
    world: World, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither those of the same batch nor those of other tenants, however many there are."""
    stuck = _announced(world.alice, most=7)
    _announced(world.alice, most=2, start=7)
    _age_files()
    _announced(world.mallory, most=1)
    _age_files()

    def away(tenant_id: uuid.UUID, *, digest: str) -> None:
        if tenant_id == world.alice.tenant.id and digest in stuck:
            raise StorageUnavailable

    monkeypatch.setattr(keeping, "_SWEPT_AT_ONCE", 3)
    monkeypatch.setattr(keeping.storage, "remove", away)
    keeping.sweep(seconds=30)

    assert sorted(row.digest for row in _rows(world.alice)) == stuck
    assert _rows(world.mallory) == []


def test_rows_that_the_database_does_not_let_go_hold_up_no_other_tenant(
    world: World, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _announced(world.alice, most=4)
    _age_files()
    _announced(world.mallory, most=1)
    _age_files()

    def broken(tenant_id: uuid.UUID, *, digest: str) -> None:
        if tenant_id == world.alice.tenant.id:
            raise OperationalError

    monkeypatch.setattr(keeping, "_SWEPT_AT_ONCE", 3)
    monkeypatch.setattr(keeping.storage, "remove", broken)
    keeping.sweep(seconds=30)

    assert (len(_rows(world.alice)), _rows(world.mallory)) == (4, [])


def test_a_file_that_an_image_uses_is_never_taken_away(alice: Player, album: Collection, home: Path) -> None:
    _enrol(alice, face_picture(1))
    (row,) = _rows(alice)

    assert keeping.reclaim([row.id], tenant_id=alice.tenant.id) == 0

    assert len(_files(home)) == 1


def test_a_picture_that_is_deleted_while_it_is_enrolled_again_is_asked_for_again(
    alice: Player, album: Collection, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last image went between the writing of the file and the commit: nothing may refer to a missing file."""
    first = _enrol(alice, face_picture(1))
    write = storage.write

    def delete_meanwhile(*arguments: Any, **named: Any) -> None:
        write(*arguments, **named)
        alice.client.delete(f"/v1/images/{first}")

    with monkeypatch.context() as patch:
        patch.setattr(keeping.storage, "write", delete_meanwhile)
        answer = alice.client.post(FACES, {"image": in_json(face_picture(1))}, format="json")

    assert (answer.status_code, answer.json()["code"]) == (503, "storage-unavailable")
    assert _files(home) == set()
    assert alice.client.post(FACES, {"image": in_json(face_picture(1))}, format="json").status_code == 201
    assert len(_files(home)) == 1


def test_a_file_whose_deleter_was_killed_before_its_row_went_is_asked_for_again(
    alice: Player, album: Collection, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is gone and its row is not: who enrols the bytes meanwhile must not be told that they are kept."""
    first = _enrol(alice, face_picture(1))
    write, remove = storage.write, storage.remove

    def killed(*arguments: Any, **named: Any) -> None:
        remove(*arguments, **named)
        raise OperationalError("The connection is gone, and the transaction with it.")

    def delete_meanwhile(*arguments: Any, **named: Any) -> None:
        write(*arguments, **named)
        assert alice.client.delete(f"/v1/images/{first}").status_code == 204

    with monkeypatch.context() as patch:
        patch.setattr(keeping.storage, "write", delete_meanwhile)
        patch.setattr(keeping.storage, "remove", killed)
        answer = alice.client.post(FACES, {"image": in_json(face_picture(1))}, format="json")

    assert (answer.status_code, answer.json()["code"]) == (503, "storage-unavailable")
    assert (_files(home), len(_rows(alice))) == (set(), 1)
    again = alice.client.post(FACES, {"image": in_json(face_picture(1))}, format="json")
    assert alice.client.get(f"/v1/images/{again.json()['image_id']}/content").content == face_picture(1)


# --- damaged ---


@pytest.fixture
def damaged(alice: Player, album: Collection, home: Path) -> Iterator[uuid.UUID]:
    image_id = _enrol(alice, face_picture(1))
    (path,) = _files(home)
    (home / "images" / path).write_bytes(face_picture(2))
    yield image_id


def test_a_file_that_was_changed_is_not_given_out(alice: Player, damaged: uuid.UUID) -> None:
    for answer in (
        alice.client.get(f"/v1/images/{damaged}/content"),
        alice.client.post("/v1/detect", {"image": {"image_id": str(damaged)}}, format="json"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (422, "stored-image-damaged")


def test_a_folder_that_cannot_be_written_refuses_the_enrolment(alice: Player, album: Collection, home: Path) -> None:
    (home / "images").write_text("a file where the folder should be")

    answer = alice.client.post(FACES, {"image": in_json(face_picture(1))}, format="json")

    assert (answer.status_code, answer.json()["code"]) == (503, "storage-unavailable")
    assert reload(album).face_count == 0


def test_a_write_that_was_killed_leaves_nothing_under_the_name(
    alice: Player, album: Collection, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise SystemExit(137)

    with monkeypatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr(os, "fsync", killed)
        _enrol(alice, face_picture(1))

    assert not (home / "images" / _path(alice, face_picture(1))).exists()
    assert alice.client.get(f"{FACES}").json()["items"] == []


def test_what_a_killed_write_left_goes_with_the_picture(alice: Player, album: Collection, home: Path) -> None:
    data = face_picture(1)
    image_id = _enrol(alice, data)
    path = home / "images" / _path(alice, data)
    path.with_name(f".{path.name}.{uuid.uuid4()}").write_bytes(data[:100])

    alice.client.delete(f"/v1/images/{image_id}")

    assert _files(home) == set()


# --- as a reference ---


def test_a_kept_picture_stands_for_its_bytes_everywhere(
    alice: Player, album: Collection, outbox: Outbox, home: Path
) -> None:
    image_id = _enrol(alice, face_picture(1))
    named, sent = {"image_id": str(image_id)}, in_json(face_picture(1))
    post = alice.client.post

    assert post("/v1/detect", {"image": named}).json() == post("/v1/detect", {"image": sent}).json()
    same = post("/v1/compare", {"source": named, "target": sent}).json()
    assert len(same["matches"]) == 1
    (search,) = post(f"/v1/collections/{GALLERY}/search", {"image": named}).json()["searches"]
    assert search["candidates"][0]["face"]["image_id"] == str(image_id)
    again = post(FACES, {"image": named, "external_id": "again"})
    assert (again.status_code, len(_files(home))) == (201, 1)


def test_a_batch_may_mix_bytes_and_references(alice: Player, album: Collection, outbox: Outbox) -> None:
    image_id = _enrol(alice, face_picture(1))
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
    both = {**in_json(face_picture(1)), "image_id": str(_enrol(alice, face_picture(1)))}

    for image in (both, {"external_id": "anna"}):
        response = alice.client.post(f"{FACES}:batch", {"images": [image]}, format="json")
        assert (response.status_code, response.json()["code"]) == (400, "validation-failed")


def test_an_image_without_its_picture_cannot_be_used(alice: Player, gallery: Collection) -> None:
    named = {"image": {"image_id": str(_enrol(alice, face_picture(1)))}}

    response = alice.client.post("/v1/detect", named, format="json")

    assert (response.status_code, response.json()["code"]) == (404, "image-not-kept")


def test_another_tenants_picture_is_not_there(world: World, album: Collection) -> None:
    image_id = _enrol(world.alice, face_picture(1))
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
    image_id = _enrol(alice, face_picture(1))
    impose(selector=governance.Selector(operations=[Operation.ENROL]))

    for answer in (
        alice.client.get(f"/v1/images/{image_id}"),
        alice.client.get(f"/v1/images/{image_id}/content"),
        alice.client.post("/v1/detect", {"image": {"image_id": str(image_id)}}, format="json"),
    ):
        assert (answer.status_code, answer.json()["rules"][0]["id"]) == (403, "MOR-001")
    assert alice.client.post("/v1/detect", {"image": in_json(face_picture(1))}, format="json").status_code == 200
    assert alice.client.delete(f"/v1/images/{image_id}").status_code == 204


# --- what it was made for ---


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
    _enrol(player, face_picture(1))

    answer = player.client.get(FACES, HTTP_CUSTOS_PURPOSE="second_factor")

    assert decided(player, answer)[0]["purpose"] == "second_factor"
    recorded = player.client.get("/v1/decisions?limit=3").json()["items"]
    assert {entry["purpose"] for entry in recorded if entry["operation"] == "read_result"} == {
        "photo_organisation", "second_factor",
    }  # fmt: skip


def test_a_collection_that_is_emptied_is_for_nothing_any_more(make_player: Any, impose: MoratoriumFactory) -> None:
    player = make_player(purposes=(Purpose.PHOTO_ORGANISATION, Purpose.SECOND_FACTOR))
    collections.create_collection(GALLERY, actor=player.actor)
    image_id = _enrol(player, face_picture(1))
    impose(selector=governance.Selector(purposes=[Purpose.PHOTO_ORGANISATION]))

    player.client.delete(f"/v1/images/{image_id}")

    assert player.client.get(FACES, HTTP_CUSTOS_PURPOSE="second_factor").status_code == 200


def test_the_look_up_of_unused_files_tells_only_those(alice: Player, album: Collection) -> None:
    _enrol(alice, face_picture(1))
    (row,) = _rows(alice)

    with transaction.atomic(), connections["default"].cursor() as cursor:
        cursor.execute("SELECT id FROM custos_unused_files(-1, 1000)")
        assert row.id not in {file_id for (file_id,) in cursor.fetchall()}


def test_the_service_gives_the_bytes_of_an_own_picture(world: World, album: Collection) -> None:
    data = face_picture(1)
    image_id = _enrol(world.alice, data)

    picture, read = images.read_image(image_id, actor=world.alice.actor)

    assert (read, picture.format, picture.size_bytes) == (data, "PNG", len(data))


@pytest.mark.parametrize("name", ["no id", "", "0190d7a2-0000-7000-8000-000000000000"])
def test_a_picture_is_named_by_collection_and_id(alice: Player, album: Collection, name: str) -> None:
    image_id = _enrol(alice, face_picture(1))

    assert images.read_by_name(str(image_id), collection_name=GALLERY, actor=alice.actor) == face_picture(1)
    for key, bucket in ((name, GALLERY), (str(image_id), "another")):
        with pytest.raises(ImageNotFound):
            images.read_by_name(key, collection_name=bucket, actor=alice.actor)
