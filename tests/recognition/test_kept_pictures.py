"""Kept pictures: only where the collection says so, once a tenant, read through the gate, and whole."""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import storages

from common.vocabulary import JobStatus, Operation
from governance import services as governance
from governance.errors import PolicyRefused
from recognition import storage
from recognition.engines.fake import face_picture
from recognition.errors import ImageNotFound
from recognition.models import Collection
from recognition.services import collections, images, keeping
from recognition.tasks import purge
from tests.recognition.conftest import GALLERY, Outbox, decided, in_json, reload, submit, work_off
from tests.recognition.keeping_pictures import age_files, enrol_picture, files_of, path_of, rows_of
from tests.worlds import MoratoriumFactory, Player, World

FACES = f"/v1/collections/{GALLERY}/faces"


def test_a_collection_keeps_no_pictures_unless_it_says_so(alice: Player, gallery: Collection, home: Path) -> None:
    image_id = enrol_picture(alice, face_picture(1))

    known = alice.client.get(f"/v1/images/{image_id}").json()
    content = alice.client.get(f"/v1/images/{image_id}/content")

    assert (known["is_kept"], known["size_bytes"]) == (False, None)
    assert (content.status_code, content.json()["code"]) == (404, "image-not-kept")
    assert (files_of(home), rows_of(alice)) == (set(), [])


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
    assert files_of(home) == {path_of(alice, data)}


def test_only_this_account_can_read_the_files(alice: Player, album: Collection, home: Path) -> None:
    enrol_picture(alice, face_picture(1))

    for path in (home / "images").rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path


def test_no_address_leads_to_a_file() -> None:
    with pytest.raises(ValueError, match="not accessible via a URL"):
        storages["images"].url("anything")


def test_the_same_bytes_are_kept_once_a_tenant(world: World, album: Collection, home: Path) -> None:
    collections.create_collection("second", actor=world.alice.actor, store_images=True)
    collections.create_collection(GALLERY, actor=world.mallory.actor, store_images=True)
    data = face_picture(1)

    first, second = enrol_picture(world.alice, data), enrol_picture(world.alice, data, collection="second")
    enrol_picture(world.mallory, data)

    assert first != second
    assert len(rows_of(world.alice)) == 1
    assert files_of(home) == {path_of(world.alice, data), path_of(world.mallory, data)}


def test_a_job_keeps_its_pictures(alice: Player, album: Collection, outbox: Outbox, home: Path) -> None:
    data = [face_picture(number) for number in range(3)]
    job = submit(alice, [*data, data[0]])

    work_off(job, outbox)

    assert reload(job).status == JobStatus.SUCCEEDED
    assert files_of(home) == {path_of(alice, picture) for picture in data}
    assert {row.unused_since for row in rows_of(alice)} == {None}


def test_what_was_refused_at_the_fence_is_swept(
    alice: Player, album: Collection, home: Path, monkeypatch: pytest.MonkeyPatch, impose: MoratoriumFactory
) -> None:
    write = storage.write

    def switch(*arguments: Any, **named: Any) -> None:
        write(*arguments, **named)
        impose(selector=governance.Selector(operations=[Operation.ENROL]))

    with monkeypatch.context() as patch, pytest.raises(PolicyRefused):
        patch.setattr(keeping.storage, "write", switch)
        enrol_picture(alice, face_picture(1))
    assert len(files_of(home)) == 1

    keeping.sweep(seconds=10)
    assert len(files_of(home)) == 1, "an enrolment may be about to commit"
    age_files()
    purge.apply().get()

    assert (files_of(home), rows_of(alice)) == (set(), [])


@pytest.fixture
def damaged(alice: Player, album: Collection, home: Path) -> Iterator[uuid.UUID]:
    image_id = enrol_picture(alice, face_picture(1))
    (path,) = files_of(home)
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
        enrol_picture(alice, face_picture(1))

    assert not (home / "images" / path_of(alice, face_picture(1))).exists()
    assert alice.client.get(f"{FACES}").json()["items"] == []


def test_what_a_killed_write_left_goes_with_the_picture(alice: Player, album: Collection, home: Path) -> None:
    data = face_picture(1)
    image_id = enrol_picture(alice, data)
    path = home / "images" / path_of(alice, data)
    path.with_name(f".{path.name}.{uuid.uuid4()}").write_bytes(data[:100])

    alice.client.delete(f"/v1/images/{image_id}")

    assert files_of(home) == set()


def test_the_service_gives_the_bytes_of_an_own_picture(world: World, album: Collection) -> None:
    data = face_picture(1)
    image_id = enrol_picture(world.alice, data)

    picture, read = images.read_image(image_id, actor=world.alice.actor)

    assert (read, picture.format, picture.size_bytes) == (data, "PNG", len(data))


@pytest.mark.parametrize("name", ["no id", "", "0190d7a2-0000-7000-8000-000000000000"])
def test_a_picture_is_named_by_collection_and_id(alice: Player, album: Collection, name: str) -> None:
    image_id = enrol_picture(alice, face_picture(1))

    assert images.read_by_name(str(image_id), collection_name=GALLERY, actor=alice.actor) == face_picture(1)
    for key, bucket in ((name, GALLERY), (str(image_id), "another")):
        with pytest.raises(ImageNotFound):
            images.read_by_name(key, collection_name=bucket, actor=alice.actor)
