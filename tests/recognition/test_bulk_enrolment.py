"""Enrolment as a job: accepted durably, done in idempotent batches, each image once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.db import OperationalError, connections
from pytest_django.fixtures import Settings

from common import durable
from common.context import tenant_scope
from common.vocabulary import JobStatus, Operation
from governance import services as governance
from governance.audit.errors import LedgerUnavailable
from governance.errors import PolicyRefused
from recognition import dispatch, staging
from recognition.engines.errors import RuntimeUnusable
from recognition.engines.fake import FakeEngine, face_picture
from recognition.errors import CollectionNotFound, JobClosed, StagingUnavailable, TooManyImages
from recognition.models import Collection, DispatchTicket, Face, Job, JobItem
from recognition.services import batches, enrolment, jobs, submission
from recognition.tasks import run_enrolment_batch
from tests.recognition.conftest import (
    NOT_A_PICTURE,
    Outbox,
    enrol,
    pictures,
    reload,
    submit,
    traces_of,
    work_off,
)
from tests.worlds import MoratoriumFactory, Player, World


def _items(job: Job) -> list[JobItem]:
    with tenant_scope(job.tenant_id):
        return list(JobItem.objects.filter(job_id=job.id).order_by("sequence"))


def _staged(home: Path) -> list[Path]:
    return sorted(path for path in (home / "staging").rglob("*") if path.is_file())


def _has_ticket(job: Job) -> bool:
    return DispatchTicket.objects.filter(job_id=job.id).exists()


def test_it_accepts_images_durably(alice: Player, gallery: Collection, outbox: Outbox, home: Path) -> None:
    images = pictures(10)

    job = submit(alice, images)

    assert (job.status, job.total, job.done, job.failed) == (JobStatus.QUEUED, 10, 0, 0)
    assert [path.read_bytes() for path in sorted(_staged(home), key=lambda path: int(path.name))] == images
    assert {path.stat().st_mode & 0o077 for path in _staged(home)} == {0}
    assert _has_ticket(job)
    assert outbox.of(dispatch.RUN_ENROLMENT_BATCH) == [(str(job.id), 0), (str(job.id), 8)]
    assert {tenant for _, _, tenant in outbox.messages} == {alice.tenant.id}


def test_its_images_are_on_disk_before_it_is_acknowledged(
    alice: Player, gallery: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every file and folder is synchronised, and only then is the job inserted."""
    events: list[str] = []
    insert = submission._insert
    monkeypatch.setattr(durable.os, "fsync", lambda descriptor: events.append("sync"))
    monkeypatch.setattr(submission, "_insert", lambda *a, **k: (events.append("insert"), insert(*a, **k)))

    submit(alice, pictures(3))

    assert events == ["sync"] * 6 + ["insert"]


def test_it_enrols_every_image(alice: Player, gallery: Collection, outbox: Outbox, home: Path) -> None:
    job = submit(alice, pictures(19))

    work_off(job, outbox)

    done = reload(job)
    assert (done.status, done.done, done.failed) == (JobStatus.SUCCEEDED, 19, 0)
    assert done.started_at <= done.finished_at
    assert reload(gallery).face_count == 19
    assert traces_of(alice).templates == traces_of(alice).images == 19
    assert not _has_ticket(job)
    assert _staged(home) == []
    with tenant_scope(alice.tenant.id):
        named = dict(Face.objects.values_list("job_item_id", "external_id"))
    assert named == {item.id: f"image-{item.sequence}" for item in _items(job)}


def test_an_image_that_cannot_be_enrolled_fails_alone(
    alice: Player, gallery: Collection, outbox: Outbox, blank_picture: bytes
) -> None:
    job = submit(alice, [*pictures(2), NOT_A_PICTURE, blank_picture])

    work_off(job, outbox)

    done = reload(job)
    assert (done.status, done.done, done.failed) == (JobStatus.SUCCEEDED, 2, 2)
    problems = [item.problem["code"] if item.problem else None for item in _items(job)]
    assert problems == [None, None, "image-format-unsupported", "no-face-found"]


def test_a_job_without_one_good_image_has_failed(alice: Player, gallery: Collection, outbox: Outbox) -> None:
    job = submit(alice, [NOT_A_PICTURE] * 3)

    work_off(job, outbox)

    failed = reload(job)
    assert (failed.status, failed.done, failed.failed) == (JobStatus.FAILED, 0, 3)
    assert failed.problem["code"] == "all-images-failed"


def test_a_batch_that_is_delivered_again_changes_nothing(alice: Player, gallery: Collection, outbox: Outbox) -> None:
    job = submit(alice, pictures(9))
    enrolment.run_batch(job.id, first=0, tenant_id=job.tenant_id)
    before = traces_of(alice)

    enrolment.run_batch(job.id, first=0, tenant_id=job.tenant_id)

    assert traces_of(alice) == before
    assert (reload(job).done, reload(gallery).face_count) == (8, 8)
    work_off(job, outbox)
    work_off(job, outbox)
    assert (reload(job).status, reload(gallery).face_count) == (JobStatus.SUCCEEDED, 9)


def test_a_batch_that_is_delivered_to_four_workers_at_once_is_written_once(
    alice: Player, gallery: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = submit(alice, pictures(8))
    everybody_has_looked = threading.Barrier(4)
    examine = batches._examine

    def examine_together(item: JobItem, **options: object) -> object:
        examined = examine(item, **options)  # type: ignore[arg-type]
        if item.sequence == 7:
            everybody_has_looked.wait(30)
        return examined

    monkeypatch.setattr(batches, "_examine", examine_together)

    def run(_: int) -> None:
        try:
            enrolment.run_batch(job.id, first=0, tenant_id=job.tenant_id)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(run, range(4)))

    left = traces_of(alice)
    assert (left.templates, left.faces, left.images) == (8, 8, 8)
    assert (reload(job).status, reload(job).done, reload(gallery).face_count) == (JobStatus.SUCCEEDED, 8, 8)


def test_a_worker_that_dies_while_it_works_leaves_a_batch_that_can_be_done_again(
    alice: Player, gallery: Collection, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = submit(alice, pictures(3))
    monkeypatch.setattr(FakeEngine, "extract", _die)
    with pytest.raises(SystemExit):
        work_off(job, outbox)
    monkeypatch.undo()

    enrolment.run_batch(job.id, first=0, tenant_id=job.tenant_id)

    assert (reload(job).status, reload(gallery).face_count) == (JobStatus.SUCCEEDED, 3)


def _die(*_: object, **__: object) -> None:
    raise SystemExit(137)


def test_an_image_that_kills_its_worker_is_given_up_and_takes_no_other_with_it(
    alice: Player, gallery: Collection, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    deadly = face_picture(666)
    job = submit(alice, [*pictures(2), deadly, *pictures(2, first=300)])
    examine = batches.examine

    def examine_unless_deadly(data: bytes, **options: object) -> object:
        return _die() if data == deadly else examine(data, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(batches, "examine", examine_unless_deadly)
    deaths = 0
    while reload(job).is_open:
        try:
            work_off(job, outbox)
        except SystemExit:
            deaths += 1
            assert deaths < 20

    done = reload(job)
    assert (done.status, done.done, done.failed, deaths) == (JobStatus.SUCCEEDED, 4, 1, 5)
    assert [item.problem["code"] for item in _items(job) if item.problem] == ["image-abandoned"]


@pytest.mark.parametrize(
    ("where", "trouble"),
    [
        ("engine_of", RuntimeUnusable("the accelerator went away")),
        ("read", StagingUnavailable(retry_after=10)),
        ("read", OperationalError("the connection is closed")),
        ("complete", LedgerUnavailable()),
    ],
)
def test_no_image_is_given_up_for_the_platform_s_troubles(
    alice: Player,
    gallery: Collection,
    outbox: Outbox,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    where: str,
    trouble: Exception,
) -> None:
    job = submit(alice, pictures(2))

    def refuse(*_: object, **__: object) -> None:
        raise trouble

    owner = {"engine_of": batches.engines, "read": staging, "complete": batches.gate.Admission}[where]
    with monkeypatch.context() as patch:
        patch.setattr(owner, where, refuse)
        for _ in range(2 * batches._MOST_ATTEMPTS):
            with pytest.raises(type(trouble)):
                work_off(job, outbox)
    assert [(item.status, item.attempts) for item in _items(job)] == [(JobItem.Status.PENDING, 0)] * 2
    assert len(_staged(home)) == 2

    work_off(job, outbox)

    assert (reload(job).status, reload(job).done) == (JobStatus.SUCCEEDED, 2)


@pytest.mark.parametrize("trouble", [SoftTimeLimitExceeded(), MemoryError(), ZeroDivisionError()])
def test_an_image_that_may_be_to_blame_itself_is_given_up(
    alice: Player, gallery: Collection, outbox: Outbox, monkeypatch: pytest.MonkeyPatch, trouble: Exception
) -> None:
    job = submit(alice, pictures(1))

    def break_down(*_: object, **__: object) -> None:
        raise trouble

    monkeypatch.setattr(batches, "examine", break_down)
    for _ in range(batches._MOST_ATTEMPTS):
        with pytest.raises(type(trouble)):
            work_off(job, outbox)

    work_off(job, outbox)

    assert [item.problem and item.problem["code"] for item in _items(job)] == ["image-abandoned"]


@pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_bytes(b"something else")])
def test_a_staged_image_that_was_lost_or_changed_fails_alone(
    alice: Player, gallery: Collection, outbox: Outbox, home: Path, damage: object
) -> None:
    job = submit(alice, pictures(2))
    damage(_staged(home)[0])  # type: ignore[operator]

    work_off(job, outbox)

    assert [item.problem and item.problem["code"] for item in _items(job)] == ["staged-image-damaged", None]


def test_a_refused_job_is_not_accepted(
    alice: Player, gallery: Collection, outbox: Outbox, home: Path, impose: MoratoriumFactory
) -> None:
    impose(selector=governance.Selector(operations=[Operation.ENROL]))

    with pytest.raises(PolicyRefused):
        submit(alice, pictures(1))

    assert (_staged(home), outbox.messages) == ([], [])


def test_nothing_stays_of_a_job_that_is_refused_at_the_fence(
    alice: Player,
    gallery: Collection,
    outbox: Outbox,
    home: Path,
    impose: MoratoriumFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    insert = submission._insert

    def insert_meanwhile(*args: object, **kwargs: object) -> None:
        insert(*args, **kwargs)  # type: ignore[arg-type]
        impose(selector=governance.Selector(operations=[Operation.ENROL]))

    monkeypatch.setattr(submission, "_insert", insert_meanwhile)

    with pytest.raises(PolicyRefused):
        submit(alice, pictures(1))

    assert (_staged(home), outbox.messages) == ([], [])
    with tenant_scope(alice.tenant.id):
        assert not Job.objects.exists()


def test_it_takes_so_many_images_and_no_more(alice: Player, gallery: Collection, settings: Settings) -> None:
    settings.CUSTOS_MAX_BATCH_IMAGES = 2

    with pytest.raises(TooManyImages):
        submit(alice, pictures(3))


def test_it_accepts_nothing_when_the_disk_does_not(
    alice: Player, gallery: Collection, home: Path, outbox: Outbox
) -> None:
    (home / "staging").write_text("a file where the folder should be")

    with pytest.raises(StagingUnavailable):
        submit(alice, pictures(1))

    with tenant_scope(alice.tenant.id):
        assert not Job.objects.exists()
    assert outbox.messages == []


def test_another_tenant_cannot_fill_the_collection(world: World, gallery: Collection) -> None:
    with pytest.raises(CollectionNotFound):
        submit(world.mallory, pictures(1))


def test_a_cancelled_job_stops_and_keeps_what_it_has(
    alice: Player, gallery: Collection, outbox: Outbox, home: Path
) -> None:
    job = submit(alice, pictures(12))
    enrolment.run_batch(job.id, first=0, tenant_id=job.tenant_id)

    cancelled = jobs.cancel_job(job.id, actor=alice.actor)
    work_off(job, outbox)

    assert (cancelled.status, cancelled.done) == (JobStatus.CANCELLED, 8)
    assert (reload(job).done, reload(gallery).face_count) == (8, 8)
    assert not _has_ticket(job)
    assert _staged(home) == []
    with pytest.raises(JobClosed):
        jobs.cancel_job(job.id, actor=alice.actor)


def test_a_job_that_is_cancelled_while_a_batch_works_writes_nothing_more(
    alice: Player, gallery: Collection, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = submit(alice, pictures(2))
    extract = FakeEngine.extract

    def extract_meanwhile(*args: object, **kwargs: object) -> object:
        if reload(job).is_open:
            jobs.cancel_job(job.id, actor=alice.actor)
        return extract(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(FakeEngine, "extract", extract_meanwhile)
    work_off(job, outbox)

    assert (reload(job).status, reload(gallery).face_count) == (JobStatus.CANCELLED, 0)


def test_a_job_fails_when_its_engine_has_changed(
    alice: Player, gallery: Collection, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = submit(alice, pictures(1))
    monkeypatch.setattr(FakeEngine, "version", "fake@2")

    work_off(job, outbox)

    failed = reload(job)
    assert (failed.status, failed.problem["code"]) == (JobStatus.FAILED, "engine-version-mismatch")


def test_the_job_asks_with_the_usage_of_the_request_that_made_it(alice: Player, gallery: Collection) -> None:
    job = submit(alice, pictures(1))

    request = jobs.request_of(job, collection=gallery)

    assert request.actor == alice.actor
    assert request.operation == Operation.ENROL


def test_the_task_runs_a_batch_for_the_tenant_in_its_header(alice: Player, gallery: Collection) -> None:
    job = submit(alice, pictures(2))

    run_enrolment_batch.apply(args=[str(job.id), 0], headers={"custos_tenant": str(alice.tenant.id)}).get()

    assert reload(job).status == JobStatus.SUCCEEDED


def test_it_enrols_beside_an_interactive_request(alice: Player, gallery: Collection, outbox: Outbox) -> None:
    job = submit(alice, pictures(8))
    with ThreadPoolExecutor(2) as pool:
        waits = [
            pool.submit(_closing, lambda: work_off(job, outbox)),
            pool.submit(_closing, lambda: enrol(alice, *range(50, 60))),
        ]
        for wait in waits:
            wait.result(timeout=60)

    assert reload(gallery).face_count == 18 == traces_of(alice).faces


def _closing(work: object) -> None:
    try:
        work()  # type: ignore[operator]
    finally:
        connections.close_all()
