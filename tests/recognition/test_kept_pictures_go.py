"""Kept pictures go with their images, at once or by the sweep, and none that is in use."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, connections, transaction

from common.context import tenant_scope
from recognition import storage
from recognition.engines.fake import face_picture
from recognition.errors import StorageUnavailable
from recognition.models import Collection, StoredFile
from recognition.services import enrolment, keeping
from tests.recognition.conftest import GALLERY, decided, in_json, reload
from tests.recognition.keeping_pictures import age_files, enrol_picture, files_of, rows_of
from tests.worlds import Player, World

FACES = f"/v1/collections/{GALLERY}/faces"


def test_a_picture_goes_with_the_last_of_its_images(alice: Player, album: Collection, home: Path) -> None:
    data = face_picture(1, others=(2,))
    first, second = enrol_picture(alice, data), enrol_picture(alice, data)

    gone = alice.client.delete(f"/v1/images/{first}")
    assert gone.status_code == 204
    assert decided(alice, gone)[1]["removed"] == {
        "faces": 2, "templates": 2, "images": 1, "pictures": 1, "job_results": 0, "staged_files": 0,
    }  # fmt: skip
    assert alice.client.get(f"/v1/images/{first}").status_code == 404
    assert alice.client.get(f"/v1/images/{second}/content").content == data

    alice.client.delete(f"/v1/images/{second}")
    assert (files_of(home), rows_of(alice)) == (set(), [])
    assert reload(album).face_count == 0


def test_a_picture_goes_with_its_last_face(alice: Player, album: Collection, home: Path) -> None:
    faces = enrolment.enrol_image(face_picture(1, others=(2,)), collection_name=GALLERY, actor=alice.actor).face_ids

    alice.client.delete(f"{FACES}/{faces[0]}")
    assert len(files_of(home)) == 1
    alice.client.delete(f"{FACES}/{faces[1]}")

    assert files_of(home) == set()


def test_pictures_go_with_their_collection(alice: Player, album: Collection, home: Path) -> None:
    for number in range(3):
        enrol_picture(alice, face_picture(number))

    response = alice.client.delete(f"/v1/collections/{GALLERY}")

    assert response.status_code == 204
    assert decided(alice, response)[1]["removed"]["pictures"] == 3
    assert (files_of(home), rows_of(alice)) == (set(), [])


def test_a_collection_that_keeps_none_any_more_loses_those_it_kept(
    alice: Player, album: Collection, home: Path
) -> None:
    image_id = enrol_picture(alice, face_picture(1))

    changed = alice.client.patch(f"/v1/collections/{GALLERY}", {"store_images": False}, format="json")

    assert changed.json()["store_images"] is False
    assert files_of(home) == set()
    assert alice.client.get(f"/v1/images/{image_id}").json()["is_kept"] is False
    assert reload(album).face_count == 1


def test_a_storage_that_is_away_while_something_is_deleted_is_swept_later(
    alice: Player, album: Collection, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image_id = enrol_picture(alice, face_picture(1))

    def away(*_: object, **__: object) -> None:
        raise StorageUnavailable

    with monkeypatch.context() as patch:
        patch.setattr(keeping.storage, "remove", away)
        assert alice.client.delete(f"/v1/images/{image_id}").status_code == 204
    assert len(files_of(home)) == 1
    age_files()
    keeping.sweep(seconds=10)

    assert (files_of(home), rows_of(alice)) == (set(), [])


def _announced(player: Player, *, most: int, start: int = 0) -> list[str]:
    """Rows of files that nobody refers to, past the grace; return their digests, oldest first."""
    digests = [f"{start + number:064x}" for number in range(most)]
    with tenant_scope(player.tenant.id):
        for digest in digests:
            StoredFile.objects.create(tenant_id=player.tenant.id, digest=digest, size_bytes=1)
    return digests


def test_a_sweep_takes_more_than_one_batch_and_ends_when_its_time_is_over(alice: Player, home: Path) -> None:
    _announced(alice, most=2 * keeping._SWEPT_AT_ONCE + 1)
    age_files()

    keeping.sweep(seconds=0)
    assert len(rows_of(alice)) == 2 * keeping._SWEPT_AT_ONCE + 1
    keeping.sweep(seconds=30)

    assert rows_of(alice) == []


def test_files_that_cannot_be_deleted_hold_up_no_others(
    world: World, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither those of the same batch nor those of other tenants, however many there are."""
    stuck = _announced(world.alice, most=7)
    _announced(world.alice, most=2, start=7)
    age_files()
    _announced(world.mallory, most=1)
    age_files()

    def away(tenant_id: uuid.UUID, *, digest: str) -> None:
        if tenant_id == world.alice.tenant.id and digest in stuck:
            raise StorageUnavailable

    monkeypatch.setattr(keeping, "_SWEPT_AT_ONCE", 3)
    monkeypatch.setattr(keeping.storage, "remove", away)
    keeping.sweep(seconds=30)

    assert sorted(row.digest for row in rows_of(world.alice)) == stuck
    assert rows_of(world.mallory) == []


def test_rows_that_the_database_does_not_let_go_hold_up_no_other_tenant(
    world: World, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _announced(world.alice, most=4)
    age_files()
    _announced(world.mallory, most=1)
    age_files()

    def broken(tenant_id: uuid.UUID, *, digest: str) -> None:
        if tenant_id == world.alice.tenant.id:
            raise OperationalError

    monkeypatch.setattr(keeping, "_SWEPT_AT_ONCE", 3)
    monkeypatch.setattr(keeping.storage, "remove", broken)
    keeping.sweep(seconds=30)

    assert (len(rows_of(world.alice)), rows_of(world.mallory)) == (4, [])


def test_a_file_that_an_image_uses_is_never_taken_away(alice: Player, album: Collection, home: Path) -> None:
    enrol_picture(alice, face_picture(1))
    (row,) = rows_of(alice)

    assert keeping.reclaim([row.id], tenant_id=alice.tenant.id) == 0

    assert len(files_of(home)) == 1


def test_a_picture_that_is_deleted_while_it_is_enrolled_again_is_asked_for_again(
    alice: Player, album: Collection, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last image went between the writing of the file and the commit: nothing may refer to a missing file."""
    first = enrol_picture(alice, face_picture(1))
    write = storage.write

    def delete_meanwhile(*arguments: Any, **named: Any) -> None:
        write(*arguments, **named)
        alice.client.delete(f"/v1/images/{first}")

    with monkeypatch.context() as patch:
        patch.setattr(keeping.storage, "write", delete_meanwhile)
        answer = alice.client.post(FACES, {"image": in_json(face_picture(1))}, format="json")

    assert (answer.status_code, answer.json()["code"]) == (503, "storage-unavailable")
    assert files_of(home) == set()
    assert alice.client.post(FACES, {"image": in_json(face_picture(1))}, format="json").status_code == 201
    assert len(files_of(home)) == 1


def test_a_file_whose_deleter_was_killed_before_its_row_went_is_asked_for_again(
    alice: Player, album: Collection, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is gone and its row is not: who enrols the bytes meanwhile must not be told that they are kept."""
    first = enrol_picture(alice, face_picture(1))
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
    assert (files_of(home), len(rows_of(alice))) == (set(), 1)
    again = alice.client.post(FACES, {"image": in_json(face_picture(1))}, format="json")
    assert alice.client.get(f"/v1/images/{again.json()['image_id']}/content").content == face_picture(1)


def test_the_look_up_of_unused_files_tells_only_those(alice: Player, album: Collection) -> None:
    enrol_picture(alice, face_picture(1))
    (row,) = rows_of(alice)

    with transaction.atomic(), connections["default"].cursor() as cursor:
        cursor.execute("SELECT id FROM custos_unused_files(-1, 1000)")
        assert row.id not in {file_id for (file_id,) in cursor.fetchall()}
