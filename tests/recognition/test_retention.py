"""Retention: what is past its time is neither found nor read from that instant on, and soon not stored either."""

from __future__ import annotations

import time
import uuid
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from pytest_django.fixtures import Settings

from common.context import tenant_scope
from governance import services as governance
from governance.audit.models import AuditEntry
from governance.models import Suspension
from recognition.engines.fake import face_picture
from recognition.errors import StorageUnavailable
from recognition.models import Collection, CollectionUse, Job, JobItem
from recognition.services import batches, collections, enrolment, identification, purging, references, searches
from recognition.services.submission import Submission
from tests.conftest import admin_connection
from tests.recognition.conftest import (
    GALLERY,
    Outbox,
    Traces,
    enrol,
    in_json,
    let_days_pass,
    reload,
    submit,
    traces_of,
    work_off,
)
from tests.worlds import MoratoriumFactory, Player, World

FACES = f"/v1/collections/{GALLERY}/faces"
SEARCH = f"/v1/collections/{GALLERY}/search"
NOTHING = Traces(collections=1, templates=0, faces=0, images=0, items=0)


@pytest.fixture
def month(alice: Player) -> Collection:
    """Alice's empty collection, which keeps faces and pictures for thirty days."""
    return collections.create_collection(GALLERY, actor=alice.actor, retention_days=30, store_images=True)


def _purge() -> None:
    purging.purge(seconds=30)


def _candidates(player: Player, identity: int) -> list[str]:
    answer = player.client.post(SEARCH, {"image": in_json(face_picture(identity))}).json()
    return [candidate["face"]["id"] for search in answer["searches"] for candidate in search["candidates"]]


def _events(player: Player) -> list[dict[str, Any]]:
    with tenant_scope(player.tenant.id):
        entries = AuditEntry.objects.filter(kind="event").order_by("ins_id")
        purged = [entry.content for entry in entries if entry.content["action"] == "retention:purged"]
    for event in purged:
        assert len(event["data"].pop("certificate_sha256")) == 64
    return purged


def _search_job(player: Player, *identities: int) -> Job:
    job = searches.submit_job(
        [Submission(face_picture(identity)) for identity in identities], collection_name=GALLERY, actor=player.actor
    )
    batches.run_batch(job.id, first=0, tenant_id=job.tenant_id)
    return job


# --- faces and images ---


def test_a_face_past_its_time_is_not_found_or_read_before_any_purge(alice: Player, month: Collection) -> None:
    enrolled = enrolment.enrol_image(face_picture(1), collection_name=GALLERY, actor=alice.actor)
    (face_id,) = enrolled.face_ids
    assert _candidates(alice, 1) == [str(face_id)]

    let_days_pass(alice, 30.01)

    assert _candidates(alice, 1) == []
    assert alice.client.get(FACES).json()["items"] == []
    for answer in (
        alice.client.get(f"{FACES}/{face_id}"),
        alice.client.post(SEARCH, {"face_id": str(face_id)}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "face-not-found")
    for answer in (
        alice.client.get(f"/v1/images/{enrolled.image_id}"),
        alice.client.get(f"/v1/images/{enrolled.image_id}/content"),
        alice.client.post("/v1/detect", {"image": {"image_id": str(enrolled.image_id)}}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "image-not-found")


def test_a_face_within_its_time_is_found_and_stays(alice: Player, month: Collection) -> None:
    (face_id,) = enrol(alice, 1)

    let_days_pass(alice, 29.99)
    _purge()

    assert _candidates(alice, 1) == [str(face_id)]
    assert traces_of(alice).templates == 1


def test_the_purge_deletes_every_trace_and_says_how_many(alice: Player, month: Collection, home: Path) -> None:
    enrol(alice, 1, 2)
    let_days_pass(alice, 31)
    (young,) = enrol(alice, 3)

    _purge()

    assert traces_of(alice) == Traces(collections=1, templates=1, faces=1, images=1, items=0)
    assert reload(month).face_count == 1
    assert len([path for path in (home / "images").rglob("*") if path.is_file()]) == 1
    (event,) = _events(alice)
    assert event["data"] == {
        "faces": 2, "templates": 2, "images": 2, "pictures": 2, "job_results": 0, "staged_files": 0,
    }  # fmt: skip
    assert event["resource"] == {"type": "collection", "id": str(month.id)}
    assert _candidates(alice, 3) == [str(young)]


def test_a_collection_without_retention_keeps_its_faces_for_three_years(alice: Player, gallery: Collection) -> None:
    (face_id,) = enrol(alice, 1)

    let_days_pass(alice, 1_094)
    _purge()
    assert _candidates(alice, 1) == [str(face_id)]
    let_days_pass(alice, 1)

    assert _candidates(alice, 1) == []
    _purge()
    assert traces_of(alice) == NOTHING


def test_a_shorter_retention_holds_for_what_is_there_already(alice: Player, gallery: Collection) -> None:
    enrol(alice, 1)
    let_days_pass(alice, 2)

    alice.client.patch(f"/v1/collections/{GALLERY}", {"retention_days": 1}, format="json")

    assert _candidates(alice, 1) == []
    _purge()
    assert traces_of(alice) == NOTHING
    with tenant_scope(alice.tenant.id):
        assert not CollectionUse.objects.exists()


def test_faces_past_their_time_take_no_place_among_the_candidates(alice: Player, month: Collection) -> None:
    """Two pictures of one person: the older one, as alike, must not use up the limit."""
    (old,) = enrol(alice, 1)
    _rename(alice, old, older_by_days=32)
    let_days_pass(alice, 32)
    (young,) = enrol(alice, 1)

    answer = alice.client.post(SEARCH, {"image": in_json(face_picture(1)), "limit": 1}).json()

    assert [found["face"]["id"] for found in answer["searches"][0]["candidates"]] == [str(young)]


def _rename(player: Player, face_id: uuid.UUID, *, older_by_days: int) -> None:
    """Give a face the id that it would have got so many days earlier."""
    earlier = uuid.UUID(int=face_id.int - (older_by_days * 86_400_000 << 80))
    with admin_connection(connections["default"].settings_dict["NAME"]) as admin:
        admin.execute("UPDATE recognition_face SET id = %s WHERE id = %s", [earlier, face_id])
        admin.execute("UPDATE recognition_template SET face_id = %s WHERE face_id = %s", [earlier, face_id])


def test_it_works_in_batches_and_repeating_it_changes_nothing(
    alice: Player, month: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(purging, "BATCH_FACES", 2)
    enrol(alice, 1, 2, 3, 4, 5)
    let_days_pass(alice, 31)

    assert purging.purge_faces(month.id, tenant_id=alice.tenant.id) is True
    assert traces_of(alice).faces == 3
    _purge()
    assert traces_of(alice) == NOTHING
    assert [event["data"]["faces"] for event in _events(alice)] == [2, 2, 1]
    _purge()

    assert len(_events(alice)) == 3


def test_a_purge_that_is_killed_loses_nothing_and_is_gone_on_with(
    alice: Player, month: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    enrol(alice, 1)
    let_days_pass(alice, 31)

    def killed(*_: object, **__: object) -> None:
        raise SystemExit(137)

    with monkeypatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr(purging, "_certify", killed)
        _purge()
    assert traces_of(alice).templates == 1
    _purge()

    assert traces_of(alice) == NOTHING


def test_the_trouble_of_one_collection_is_its_own(
    world: World, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    for player in (world.alice, world.mallory):
        collections.create_collection(GALLERY, actor=player.actor, retention_days=1)
        enrol(player, 1)
        let_days_pass(player, 2)
    destroy = references.destroy

    def fail_for_alice(ids: Any, *, collection: Collection, **named: Any) -> Any:
        if collection.tenant_id == world.alice.tenant.id:
            raise StorageUnavailable
        return destroy(ids, collection=collection, **named)

    with monkeypatch.context() as patch:
        patch.setattr(purging.references, "destroy", fail_for_alice)
        _purge()

    assert (traces_of(world.alice).faces, traces_of(world.mallory).faces) == (1, 0)
    _purge()
    assert traces_of(world.alice).faces == 0


def test_neither_moratorium_nor_suspension_stops_it(world: World, impose: MoratoriumFactory, month: Collection) -> None:
    enrol(world.alice, 1)
    let_days_pass(world.alice, 31)
    impose(selector=governance.Selector())
    governance.suspend(
        world.alice.tenant.id,
        target=Suspension.Target.ORGANISATION,
        target_id=world.alice.tenant.id,
        reason="test",
        imposed_by=world.staff.oversight[0],
    )

    _purge()

    assert traces_of(world.alice) == NOTHING


def test_it_stops_when_its_time_is_up(alice: Player, month: Collection) -> None:
    enrol(alice, 1)
    let_days_pass(alice, 31)
    started = time.monotonic()

    purging.purge(seconds=0)

    assert time.monotonic() - started < 30
    assert traces_of(alice).faces == 1


# --- results of jobs ---


def test_results_are_kept_no_longer_than_the_platform_says(
    alice: Player, gallery: Collection, settings: Settings
) -> None:
    settings.CUSTOS_JOB_RESULT_DAYS = 7
    enrol(alice, 1)
    job = _search_job(alice, 1, 2)
    results = f"/v1/jobs/{job.id}/results"
    let_days_pass(alice, 6.9)
    _purge()
    assert len(alice.client.get(results).json()["items"]) == 2

    let_days_pass(alice, 0.2)
    before = alice.client.get(results)
    _purge()
    after = alice.client.get(results)

    for answer in (before, after):
        assert (answer.status_code, answer.json()["code"]) == (409, "job-results-expired")
    assert traces_of(alice).items == 0
    assert reload(job).results_purged_at is not None
    assert alice.client.get(f"/v1/jobs/{job.id}").json()["progress"]["done"] == 2
    assert [event["data"]["job_results"] for event in _events(alice)] == [2]


def test_results_are_kept_no_longer_than_the_collection_keeps_faces(alice: Player, month: Collection) -> None:
    collections.update_collection(GALLERY, actor=alice.actor, changes={"retention_days": 2})
    enrol(alice, 1)
    job = _search_job(alice, 1)

    let_days_pass(alice, 3)
    _purge()

    assert traces_of(alice) == NOTHING
    assert alice.client.get(f"/v1/jobs/{job.id}/results").status_code == 409


def test_of_an_enrolment_whose_faces_stay_nothing_more_is_told(
    alice: Player, gallery: Collection, outbox: Outbox
) -> None:
    job = submit(alice, [face_picture(1), b"no picture"])
    work_off(job, outbox)

    let_days_pass(alice, 31)
    _purge()

    with tenant_scope(alice.tenant.id):
        (item,) = JobItem.objects.filter(job_id=job.id)
    assert (item.external_id, item.rejected) == ("", [])
    assert traces_of(alice).faces == 1
    assert alice.client.get(FACES).json()["items"][0]["external_id"] == "image-0"


def test_an_open_job_is_not_purged(alice: Player, gallery: Collection, outbox: Outbox) -> None:
    job = submit(alice, [face_picture(1)])

    let_days_pass(alice, 400)
    _purge()
    assert purging.purge_results(job.id, tenant_id=alice.tenant.id) is False
    work_off(job, outbox)

    assert reload(job).status == "succeeded"


def test_results_of_a_search_forget_a_face_that_is_purged(alice: Player, month: Collection) -> None:
    (old,) = enrol(alice, 1)
    let_days_pass(alice, 31)
    enrol(alice, 2)
    with tenant_scope(alice.tenant.id):
        collections_now = Collection.objects.get()
    assert collections_now.face_count == 2
    job = _search_job(alice, 2)
    with tenant_scope(alice.tenant.id):
        JobItem.objects.filter(job_id=job.id).update(search=_naming(old, job))

    _purge()

    with tenant_scope(alice.tenant.id):
        (item,) = JobItem.objects.filter(job_id=job.id)
    assert str(old) not in str(item.search)
    assert len(item.search["searches"][0]["candidates"]) == 1


def _naming(face_id: uuid.UUID, job: Job) -> dict[str, Any]:
    """Return a stored search as it was, with one more candidate."""
    content: dict[str, Any] = JobItem.objects.get(job_id=job.id).search
    candidates = content["searches"][0]["candidates"]
    candidates.append({**candidates[0], "face_id": str(face_id)})
    return content


def test_a_deleted_face_is_in_no_stored_search(alice: Player, gallery: Collection) -> None:
    first, second = enrol(alice, 1, 1)
    job = _search_job(alice, 1)

    alice.client.delete(f"{FACES}/{first}")

    with tenant_scope(alice.tenant.id):
        (item,) = JobItem.objects.filter(job_id=job.id)
    (search,) = item.search["searches"]
    assert [candidate["face_id"] for candidate in search["candidates"]] == [str(second)]


def test_searching_by_a_face_is_as_before(alice: Player, month: Collection) -> None:
    first, second = enrol(alice, 1, 1)

    found = identification.search_by_face(first, collection_name=GALLERY, actor=alice.actor)

    assert [match.face.id for match in found.candidates] == [second]


def test_only_what_is_past_its_time_is_looked_up(alice: Player, month: Collection, gallery_of_others: None) -> None:
    enrol(alice, 1)

    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT id FROM custos_expired_collections(1000)")
        assert month.id not in {found for (found,) in cursor.fetchall()}
    let_days_pass(alice, 31)
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT id FROM custos_expired_collections(1000)")
        assert month.id in {found for (found,) in cursor.fetchall()}


@pytest.fixture
def gallery_of_others(world: World) -> None:
    """A collection of somebody else, without retention, which is never looked up."""
    collections.create_collection("others", actor=world.mallory.actor)
