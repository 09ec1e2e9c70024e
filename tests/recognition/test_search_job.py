"""Searching for many pictures, as a job."""

from __future__ import annotations

import base64
import uuid
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from common.context import tenant_scope
from common.vocabulary import CustomerCategory, JobKind, JobStatus, Operation
from governance import services as governance
from governance.errors import PolicyRefused
from governance.models import Suspension
from recognition import dispatch
from recognition.engines.fake import face_picture
from recognition.errors import CollectionNotFound, ThresholdBelowCollection, TooManyImages
from recognition.models import Collection, Job, JobItem
from recognition.services import batches, collections, deletion, found, jobs, searches, sweeping
from recognition.services.submission import Submission
from recognition.tasks import run_search_batch
from tests.recognition.conftest import GALLERY, NOT_A_PICTURE, Outbox, enrol, reload
from tests.recognition.test_sweep import _age
from tests.worlds import MoratoriumFactory, Player, PlayerFactory, Staff, World, in_case

URL = f"/v1/collections/{GALLERY}/search:batch"


def _submit(player: Player, *identities: int, **options: Any) -> Job:
    images = [Submission(face_picture(identity, variant=1), f"probe-{identity}") for identity in identities]
    return searches.submit_job(images, collection_name=GALLERY, actor=player.actor, **options)


def _work_off(job: Job, outbox: Outbox) -> None:
    for job_id, first in outbox.of(dispatch.RUN_SEARCH_BATCH):
        if job_id == str(job.id):
            batches.run_batch(job.id, first=first, tenant_id=job.tenant_id)


def _results(player: Player, job: Job) -> list[Any]:
    return jobs.read_results(job.id, actor=player.actor, paginate=lambda rows: found.results_of(rows.order_by("id")))


def test_it_finds_who_is_in_each_picture(alice: Player, gallery: Collection, outbox: Outbox) -> None:
    ids = enrol(alice, *range(1, 11))

    job = _submit(alice, *range(1, 11), 99, threshold=50.0)
    assert (job.kind, job.status, job.total) == (JobKind.SEARCH_FACES, JobStatus.QUEUED, 11)
    _work_off(job, outbox)

    done = reload(job)
    assert (done.status, done.done, done.failed) == (JobStatus.SUCCEEDED, 11, 0)
    results = _results(alice, job)
    assert [result.item.external_id for result in results] == [*(f"probe-{n}" for n in range(1, 11)), "probe-99"]
    hits = [[match.face.id for match in result.search.candidates] for result in results]
    assert hits == [*([face_id] for face_id in ids), []]
    assert {result.search.gallery_size for result in results} == {10}
    assert {result.search.threshold for result in results} == {50.0}


def test_the_answer_is_that_of_a_single_search(alice: Player, gallery: Collection, outbox: Outbox) -> None:
    enrol(alice, 1, 2, 3)
    probe = {"bytes": base64.b64encode(face_picture(2, others=(3, 77), variant=1)).decode()}
    options = {"threshold": 50, "limit": 2, "every_face": True}

    single = alice.client.post(f"/v1/collections/{GALLERY}/search", {"image": probe, **options}).json()
    job = alice.client.post(URL, {"images": [probe], **options}).json()
    batches.run_batch(uuid.UUID(job["id"]), first=0, tenant_id=alice.tenant.id)
    (result,) = alice.client.get(f"/v1/jobs/{job['id']}/results").json()["items"]

    assert result["search"] == single
    assert [len(search["candidates"]) for search in single["searches"]] == [1, 1, 0]
    assert (result["status"], result["faces"], result["image_id"]) == ("done", [], None)


def test_it_answers_202_with_the_place_of_the_job(alice: Player, gallery: Collection) -> None:
    probe = {"bytes": base64.b64encode(face_picture(1)).decode(), "external_id": "a"}

    response = alice.client.post(URL, {"images": [probe]})

    assert response.status_code == 202
    assert alice.client.get(response["Location"]).json() == response.json()


def test_it_searches_for_the_largest_face_unless_told_otherwise(
    alice: Player, gallery: Collection, outbox: Outbox
) -> None:
    enrol(alice, 1, 2)
    images = [Submission(face_picture(1, others=(2,)))]
    several = [
        searches.submit_job(images, collection_name=GALLERY, actor=alice.actor, every_face=every, threshold=50.0)
        for every in (False, True)
    ]
    for job in several:
        _work_off(job, outbox)

    assert [len(_results(alice, job)[0].search.searches) for job in several] == [1, 2]


def test_a_picture_that_cannot_be_searched_for_fails_alone(
    alice: Player, gallery: Collection, outbox: Outbox, blank_picture: bytes
) -> None:
    enrol(alice, 1)
    images = [Submission(data) for data in (face_picture(1), NOT_A_PICTURE, blank_picture)]
    job = searches.submit_job(images, collection_name=GALLERY, actor=alice.actor)

    _work_off(job, outbox)

    results = _results(alice, job)
    assert [r.item.problem["code"] if r.item.problem else None for r in results] == [
        None, "image-format-unsupported", "no-face-found",
    ]  # fmt: skip
    assert (reload(job).done, reload(job).failed) == (1, 2)


def test_it_enrols_nobody(alice: Player, gallery: Collection, outbox: Outbox) -> None:
    job = _submit(alice, 1, 2)

    _work_off(job, outbox)

    assert reload(job).status == JobStatus.SUCCEEDED
    assert reload(gallery).face_count == 0


def test_a_batch_that_is_delivered_again_changes_nothing(alice: Player, gallery: Collection, outbox: Outbox) -> None:
    enrol(alice, 1)
    job = _submit(alice, 1, threshold=50.0)
    _work_off(job, outbox)
    enrol(alice, 1)

    _work_off(job, outbox)

    assert len(_results(alice, job)[0].search.candidates) == 1


def test_whom_it_found_is_not_named_once_deleted(alice: Player, gallery: Collection, outbox: Outbox) -> None:
    first, second = enrol(alice, 1, 1)
    job = _submit(alice, 1, threshold=50.0)
    _work_off(job, outbox)
    deletion.delete_face(first, collection_name=GALLERY, actor=alice.actor)

    (result,) = alice.client.get(f"/v1/jobs/{job.id}/results").json()["items"]

    (candidate,) = result["search"]["searches"][0]["candidates"]
    assert (candidate["rank"], candidate["face"]["id"]) == (1, str(second))


def test_nothing_is_left_of_it_when_the_collection_is_deleted(
    alice: Player, gallery: Collection, outbox: Outbox
) -> None:
    enrol(alice, 1)
    job = _submit(alice, 1)
    _work_off(job, outbox)

    deletion.delete_collection(GALLERY, actor=alice.actor)

    with tenant_scope(alice.tenant.id):
        assert not JobItem.objects.filter(job_id=job.id).exists()


def test_a_moratorium_halts_it_and_destroys_what_it_found(
    alice: Player, gallery: Collection, outbox: Outbox, impose: MoratoriumFactory
) -> None:
    enrol(alice, 1)
    job = _submit(alice, *range(1, 12))
    batches.run_batch(job.id, first=0, tenant_id=job.tenant_id)
    impose(selector=governance.Selector(operations=[Operation.SEARCH]))

    _work_off(job, outbox)

    assert reload(job).status == JobStatus.HALTED_BY_POLICY
    with tenant_scope(alice.tenant.id):
        assert not JobItem.objects.filter(job_id=job.id).exists()


def test_what_it_found_is_unreadable_while_a_moratorium_on_searches_lasts(
    alice: Player, gallery: Collection, outbox: Outbox, impose: MoratoriumFactory
) -> None:
    job = _submit(alice, 1)
    _work_off(job, outbox)
    impose(selector=governance.Selector(operations=[Operation.ENROL]))
    assert len(_results(alice, job)) == 1
    impose(selector=governance.Selector(operations=[Operation.SEARCH]))

    with pytest.raises(PolicyRefused):
        _results(alice, job)


def test_what_it_found_is_unreadable_while_its_collection_is_suspended(
    alice: Player, gallery: Collection, outbox: Outbox, staff: Staff
) -> None:
    enrol(alice, 1)
    job = _submit(alice, 1)
    _work_off(job, outbox)
    url = f"/v1/jobs/{job.id}/results"

    suspension = governance.suspend(
        alice.tenant.id,
        target=Suspension.Target.COLLECTION,
        target_id=gallery.id,
        reason="test",
        imposed_by=staff.oversight[0],
    )
    refused = alice.client.get(url)
    governance.lift_suspension(suspension, lifters=staff.oversight)
    read = alice.client.get(url)

    assert (refused.status_code, [rule["id"] for rule in refused.json()["rules"]]) == (403, ["SUS-001"])
    assert (read.status_code, len(read.json()["items"])) == (200, 1)


def test_the_suspension_of_another_collection_is_no_matter(
    alice: Player, gallery: Collection, outbox: Outbox, staff: Staff
) -> None:
    job = _submit(alice, 1)
    _work_off(job, outbox)
    other = collections.create_collection("other", actor=alice.actor)

    governance.suspend(
        alice.tenant.id,
        target=Suspension.Target.COLLECTION,
        target_id=other.id,
        reason="test",
        imposed_by=staff.oversight[0],
    )

    assert alice.client.get(f"/v1/jobs/{job.id}/results").status_code == 200


def test_a_threshold_under_the_floor_is_refused(make_player: PlayerFactory) -> None:
    police = in_case(make_player(CustomerCategory.LAW_ENFORCEMENT))
    collections.create_collection(GALLERY, actor=police.actor)

    with pytest.raises(PolicyRefused) as refusal:
        _submit(police, 1, threshold=98.0)

    assert "THR-001" in [rule["id"] for rule in refusal.value.rules]


def test_the_collections_own_threshold_is_a_floor(alice: Player, gallery: Collection, outbox: Outbox) -> None:
    collections.update_collection(GALLERY, actor=alice.actor, changes={"threshold": 95.0})

    with pytest.raises(ThresholdBelowCollection):
        _submit(alice, 1, threshold=94.9)
    job = _submit(alice, 1)
    _work_off(job, outbox)

    assert _results(alice, job)[0].search.threshold == 95.0


def test_it_ends_when_the_collection_asks_for_more_meanwhile(
    alice: Player, gallery: Collection, outbox: Outbox
) -> None:
    job, quiet = _submit(alice, 1, threshold=90.0), _submit(alice, 2, threshold=90.0)
    collections.update_collection(GALLERY, actor=alice.actor, changes={"threshold": 95.0})

    _work_off(job, outbox)
    assert jobs.recheck(quiet, collection=reload(gallery)) is False

    for ended in (reload(job), reload(quiet)):
        assert (ended.status, ended.problem["code"]) == (JobStatus.FAILED, "threshold-below-collection")


def test_a_lost_message_is_sent_again_by_its_own_name(alice: Player, gallery: Collection, outbox: Outbox) -> None:
    job = _submit(alice, 1)
    outbox.messages.clear()
    _age(job, seconds=3600)

    sweeping.sweep()

    assert (str(job.id), 0) in outbox.of(dispatch.RUN_SEARCH_BATCH)
    # Other jobs of this database may be due as well.
    assert (str(job.id), 0) not in outbox.of(dispatch.RUN_ENROLMENT_BATCH)


def test_the_task_runs_a_batch_for_the_tenant_in_its_header(alice: Player, gallery: Collection) -> None:
    job = _submit(alice, 1)

    run_search_batch.apply(args=[str(job.id), 0], headers={"custos_tenant": str(alice.tenant.id)}).get()

    assert reload(job).status == JobStatus.SUCCEEDED


def test_another_tenant_can_neither_search_nor_read(world: World, gallery: Collection, outbox: Outbox) -> None:
    job = _submit(world.alice, 1)
    _work_off(job, outbox)

    with pytest.raises(CollectionNotFound):
        _submit(world.mallory, 1)
    assert world.mallory.client.get(f"/v1/jobs/{job.id}/results").status_code == 404


def test_it_takes_so_many_images_and_no_more(alice: Player, gallery: Collection, settings: Settings) -> None:
    settings.CUSTOS_MAX_BATCH_IMAGES = 2

    with pytest.raises(TooManyImages):
        _submit(alice, 1, 2, 3)


@pytest.mark.parametrize(
    "body",
    [
        {"images": []},
        {},
        {"images": [{"bytes": "?"}]},
        {"images": [{"bytes": "AA=="}], "limit": 101},
        {"images": ["AA=="]},
    ],
)
def test_a_bad_request_is_a_clear_400(alice: Player, gallery: Collection, body: dict[str, Any]) -> None:
    response = alice.client.post(URL, body)

    assert (response.status_code, response.json()["code"]) == (400, "validation-failed")


def test_an_image_that_is_not_there_is_refused_clearly(alice: Player, gallery: Collection) -> None:
    for route in ("search:batch", "faces:batch"):
        response = alice.client.post(
            f"/v1/collections/{GALLERY}/{route}", {"images": [{"image_id": str(uuid.uuid4())}]}
        )
        assert (response.status_code, response.json()["code"]) == (404, "image-not-found")
