"""Jobs over HTTP: submitted, followed, cancelled, and what they did with each image."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from pytest_django.fixtures import Settings

from common.errors import Conflict
from common.ids import new_id
from common.vocabulary import CustomerCategory, JobStatus, Operation
from governance import services as governance
from governance.errors import PolicyRefused
from recognition import dispatch
from recognition.engines.fake import face_picture
from recognition.errors import EngineVersionMismatch
from recognition.models import Collection, Job
from recognition.services import batches, deletion, enrolment, jobs
from tests.recognition.conftest import (
    GALLERY,
    NOT_A_PICTURE,
    Outbox,
    Traces,
    in_json,
    pictures,
    reload,
    submit,
    traces_of,
    work_off,
)
from tests.worlds import MoratoriumFactory, Player, PlayerFactory, World

BATCH = f"/v1/collections/{GALLERY}/faces:batch"
JOBS = "/v1/jobs"


def _post(player: Player, *images: bytes, **options: Any) -> Any:
    return player.client.post(BATCH, {"images": [in_json(image) for image in images], **options}, format="json")


def test_it_is_accepted_and_says_where_to_look(alice: Player, gallery: Collection, outbox: Outbox) -> None:
    response = _post(alice, *pictures(9))

    job = response.json()
    assert response.status_code == 202
    assert response["Location"] == f"{JOBS}/{job['id']}"
    assert (job["kind"], job["status"], job["collection"]) == ("enrol_faces", "queued", GALLERY)
    assert job["progress"] == {"done": 0, "total": 9, "failed": 0}
    assert (job["problem"], job["started_at"], job["finished_at"]) == (None, None, None)
    assert outbox.of(dispatch.RUN_ENROLMENT_BATCH) == [(job["id"], 0), (job["id"], 8)]
    assert alice.client.get(response["Location"]).json() == job


def test_its_progress_can_be_followed_to_the_end(alice: Player, gallery: Collection, outbox: Outbox) -> None:
    location = _post(alice, *pictures(9), NOT_A_PICTURE)["Location"]
    job_id = uuid.UUID(location.rsplit("/", 1)[1])

    enrolment.run_batch(job_id, first=0, tenant_id=alice.tenant.id)
    half = alice.client.get(location).json()
    enrolment.run_batch(job_id, first=8, tenant_id=alice.tenant.id)
    done = alice.client.get(location).json()

    assert (half["status"], half["progress"]) == ("running", {"done": 8, "total": 10, "failed": 0})
    assert (done["status"], done["progress"]) == ("succeeded", {"done": 9, "total": 10, "failed": 1})
    assert half["started_at"] == done["started_at"] <= done["finished_at"]


def test_an_upload_is_accepted_with_its_ids(alice: Player, gallery: Collection, outbox: Outbox) -> None:
    body = {
        "images": [SimpleUploadedFile(str(number), data) for number, data in enumerate(pictures(2))],
        "external_ids": ["anna", "otto"],
        "max_faces": "1",
    }

    job = alice.client.post(BATCH, body, format="multipart").json()
    work_off(Job(id=uuid.UUID(job["id"]), tenant_id=alice.tenant.id), outbox)

    results = alice.client.get(f"{JOBS}/{job['id']}/results").json()["items"]
    assert [item["external_id"] for item in results] == ["anna", "otto"]
    assert [face["external_id"] for item in results for face in item["faces"]] == ["anna", "otto"]


def test_its_results_tell_of_each_image(
    alice: Player, gallery: Collection, outbox: Outbox, blank_picture: bytes
) -> None:
    job = submit(alice, [face_picture(1, others=(2,)), NOT_A_PICTURE, blank_picture], max_faces=1)
    work_off(job, outbox)

    enrolled, unsupported, empty = alice.client.get(f"{JOBS}/{job.id}/results").json()["items"]

    assert (enrolled["sequence"], enrolled["status"], enrolled["external_id"]) == (0, "done", "image-0")
    assert enrolled["faces"][0]["image_id"] == enrolled["image_id"]
    assert enrolled["rejected"][0]["reasons"] == ["EXCEEDS_MAX_FACES"]
    assert [(item["status"], item["problem"]["code"]) for item in (unsupported, empty)] == [
        ("failed", "image-format-unsupported"),
        ("failed", "no-face-found"),
    ]
    assert unsupported["faces"] == []


def test_its_results_come_in_order_by_pages(alice: Player, gallery: Collection, outbox: Outbox) -> None:
    job = submit(alice, pictures(5))
    work_off(job, outbox)

    seen: list[int] = []
    cursor = ""
    while cursor is not None:
        found = alice.client.get(f"{JOBS}/{job.id}/results?limit=2&cursor={cursor}").json()
        seen += [item["sequence"] for item in found["items"]]
        cursor = found["next_cursor"]

    assert seen == [0, 1, 2, 3, 4]


def test_the_results_of_a_job_that_goes_on_can_be_read(alice: Player, gallery: Collection) -> None:
    job = submit(alice, pictures(9))
    enrolment.run_batch(job.id, first=8, tenant_id=job.tenant_id)

    items = alice.client.get(f"{JOBS}/{job.id}/results").json()["items"]

    assert [item["status"] for item in items] == ["pending"] * 8 + ["done"]


def test_jobs_are_listed_newest_first(alice: Player, gallery: Collection) -> None:
    made = [str(submit(alice, pictures(1)).id) for _ in range(3)]

    first = alice.client.get(f"{JOBS}?limit=2").json()
    second = alice.client.get(f"{JOBS}?limit=2&cursor={first['next_cursor']}").json()

    assert [job["id"] for job in first["items"] + second["items"]] == made[::-1]
    assert second["next_cursor"] is None


def test_a_job_is_cancelled_once(alice: Player, gallery: Collection, outbox: Outbox) -> None:
    job = submit(alice, pictures(9))
    enrolment.run_batch(job.id, first=0, tenant_id=job.tenant_id)

    response = alice.client.post(f"{JOBS}/{job.id}:cancel")
    again = alice.client.post(f"{JOBS}/{job.id}:cancel")

    assert (response.status_code, response.json()["status"]) == (200, "cancelled")
    assert response.json()["progress"]["done"] == 8
    assert (again.status_code, again.json()["code"]) == (409, "job-closed")
    assert len(alice.client.get(f"{JOBS}/{job.id}/results?limit=8").json()["items"]) == 8


def test_a_halted_job_has_no_results(
    alice: Player, gallery: Collection, outbox: Outbox, impose: MoratoriumFactory, staff: Any
) -> None:
    job = submit(alice, pictures(2))
    moratorium = impose(selector=governance.Selector(operations=[Operation.ENROL]))
    work_off(job, outbox)

    refused = alice.client.get(f"{JOBS}/{job.id}/results")
    state = alice.client.get(f"{JOBS}/{job.id}").json()
    governance.lift_moratorium(moratorium, lifters=staff.oversight)
    empty = alice.client.get(f"{JOBS}/{job.id}/results")

    assert refused.status_code == 403
    assert (state["status"], state["problem"]["code"]) == ("halted_by_policy", "policy-refused")
    assert (empty.status_code, empty.json()["code"]) == (409, "job-halted")


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_job_that_is_not_there_is_a_clear_404(alice: Player, method: str) -> None:
    for suffix in ("", "/results") if method == "get" else (":cancel",):
        response = getattr(alice.client, method)(f"{JOBS}/{new_id()}{suffix}")
        assert (response.status_code, response.json()["code"]) == (404, "job-not-found")


def test_another_tenants_job_is_not_there(world: World, gallery: Collection) -> None:
    job = submit(world.alice, pictures(1))

    for answer in (
        world.mallory.client.get(f"{JOBS}/{job.id}"),
        world.mallory.client.get(f"{JOBS}/{job.id}/results"),
        world.mallory.client.post(f"{JOBS}/{job.id}:cancel"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "job-not-found")
    assert world.mallory.client.get(JOBS).json()["items"] == []
    assert reload(job).status == JobStatus.QUEUED


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"images": []}, "/images"),
        ({}, "/images"),
        ({"images": [{"bytes": "!"}]}, "/images"),
        ({"images": [{"external_id": "anna"}]}, "/images/0/bytes"),
        ({"images": [{"bytes": "aGVsbG8=", "name": "anna"}]}, "/images/0/name"),
        ({"images": [{"bytes": "aGVsbG8="}], "max_faces": 0}, "/max_faces"),
    ],
)
def test_a_batch_that_is_not_well_formed_is_refused(
    alice: Player, gallery: Collection, body: dict[str, Any], pointer: str
) -> None:
    response = alice.client.post(BATCH, body, format="json")

    assert response.status_code == 400
    assert response.json()["errors"][0]["pointer"].startswith(pointer)
    assert alice.client.get(JOBS).json()["items"] == []


def test_there_are_as_many_ids_as_images_or_none(alice: Player, gallery: Collection) -> None:
    body = {"images": [SimpleUploadedFile("a", face_picture(1))], "external_ids": ["anna", "otto"]}

    response = alice.client.post(BATCH, body, format="multipart")

    assert response.status_code == 400
    assert response.json()["errors"][0]["pointer"].startswith("/external_ids")


def test_more_images_than_a_job_takes_are_refused(alice: Player, gallery: Collection, settings: Settings) -> None:
    settings.CUSTOS_MAX_BATCH_IMAGES = 2

    response = _post(alice, *pictures(3))

    assert (response.status_code, response.json()["code"]) == (413, "too-many-images")


def test_an_image_of_a_batch_may_not_be_larger_than_one_alone(
    alice: Player, gallery: Collection, settings: Settings
) -> None:
    settings.CUSTOS_MAX_IMAGE_BYTES = len(face_picture(1)) - 1

    response = _post(alice, face_picture(1))

    assert (response.status_code, response.json()["code"]) == (413, "image-too-large")


def test_its_results_are_judged_by_what_it_was_made_for(make_player: PlayerFactory, outbox: Outbox) -> None:
    """Who may read for one purpose must not read what was made for another, which has been stopped since."""
    from recognition.services import collections

    player = make_player(CustomerCategory.IDENTITY_VERIFICATION)
    collections.create_collection(GALLERY, actor=player.actor)
    job = submit(player, pictures(1))
    work_off(job, outbox)

    decision = player.client.get(f"{JOBS}/{job.id}/results")["Custos-Decision"]

    facts = player.client.get(f"/v1/decisions/{decision}").json()["facts"]
    assert (facts["operation"], facts["result_of"], facts["purpose"]) == (
        "read_result",
        "enrol",
        "identity_verification",
    )


# --- every way that a job ends happens once ---


def _cancel(job: Job, player: Player) -> None:
    jobs.cancel_job(job.id, actor=player.actor)


def _refusal(job: Job) -> PolicyRefused:
    return PolicyRefused(decision_id=job.decision_entry_id, rules=[{"id": "MOR-001", "reason": "stopped"}])


def _halt(job: Job, player: Player) -> None:
    jobs.halt(job.id, refusal=_refusal(job), tenant_id=job.tenant_id)


def _fail(job: Job, player: Player) -> None:
    jobs.fail(job.id, error=EngineVersionMismatch(), tenant_id=job.tenant_id)


ENDS: dict[str, tuple[Callable[[Job, Player], None], JobStatus]] = {
    "cancelled": (_cancel, JobStatus.CANCELLED),
    "halted": (_halt, JobStatus.HALTED_BY_POLICY),
    "failed": (_fail, JobStatus.FAILED),
}


@pytest.mark.parametrize("first", ENDS)
@pytest.mark.parametrize("second", ENDS)
def test_a_job_that_has_ended_does_not_end_again(alice: Player, gallery: Collection, first: str, second: str) -> None:
    job = submit(alice, pictures(1))
    ENDS[first][0](job, alice)
    ended = reload(job)

    try:
        ENDS[second][0](job, alice)
    except Conflict as error:
        assert second == "cancelled", error

    again = reload(job)
    assert again.status == ended.status == ENDS[first][1]
    assert (again.finished_at, again.problem) == (ended.finished_at, ended.problem)


def test_a_job_without_a_collection_has_nothing_to_destroy(alice: Player, gallery: Collection) -> None:
    job = submit(alice, pictures(1))
    deletion.delete_collection(GALLERY, actor=alice.actor)

    _halt(job, alice)

    assert reload(job).status == JobStatus.CANCELLED


def test_a_batch_of_a_job_that_ended_after_it_was_read_does_nothing(
    alice: Player, gallery: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = submit(alice, pictures(1))
    begin = batches._begin

    def begin_too_late(*args: Any, **kwargs: Any) -> object:
        if reload(job).is_open:
            _cancel(job, alice)
        return begin(*args, **kwargs)

    monkeypatch.setattr(batches, "_begin", begin_too_late)

    enrolment.run_batch(job.id, first=0, tenant_id=job.tenant_id)

    assert reload(job).status == JobStatus.CANCELLED
    assert traces_of(alice) == Traces(collections=1, templates=0, faces=0, images=0, items=1)


def test_a_batch_that_makes_the_collection_large_asks_for_its_promotion(
    alice: Player, gallery: Collection, outbox: Outbox, settings: Settings
) -> None:
    settings.CUSTOS_DEDICATED_PARTITION_FACES = 2
    job = submit(alice, pictures(2))

    work_off(job, outbox)

    assert outbox.of(dispatch.PROMOTE_COLLECTION) == [(str(gallery.id),)]
