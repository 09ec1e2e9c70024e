"""The sweep: lost messages are sent again, quiet jobs are asked for at the gate, leftovers go."""

from __future__ import annotations

import os
import time
import uuid
from pathlib import Path

import pytest
from django.db import InterfaceError, OperationalError, connections, transaction
from kombu.exceptions import OperationalError as BrokerError
from pytest_django.fixtures import Settings

from common.context import tenant_scope
from common.vocabulary import JobStatus, Operation
from governance import services as governance
from governance.audit.models import AuditEntry
from recognition import dispatch, staging
from recognition.errors import GalleryBusy
from recognition.models import Collection, DispatchTicket, Job
from recognition.selectors import jobs as selectors
from recognition.services import enrolment, sweeping
from recognition.tasks import sweep_jobs
from tests.recognition.conftest import Outbox, pictures, reload, submit, traces_of
from tests.worlds import MoratoriumFactory, Player


@pytest.fixture(autouse=True)
def only_own_tickets() -> None:
    """Jobs that other tests left open are not ours to sweep."""
    DispatchTicket.objects.all().delete()


def _age(job: Job, *, seconds: float) -> None:
    with transaction.atomic(), connections["default"].cursor() as cursor:
        cursor.execute(
            "UPDATE recognition_dispatchticket SET touched_at = touched_at - make_interval(secs => %s),"
            " checked_at = checked_at - make_interval(secs => %s) WHERE job_id = %s",
            [seconds, seconds, job.id],
        )


def _sent(outbox: Outbox, job: Job) -> list[int]:
    return [first for job_id, first in outbox.of(dispatch.RUN_ENROLMENT_BATCH) if job_id == str(job.id)]


def test_it_sends_a_job_that_nobody_works_on_again(
    alice: Player, gallery: Collection, outbox: Outbox, settings: Settings
) -> None:
    job = submit(alice, pictures(17))
    enrolment.run_batch(job.id, first=8, tenant_id=job.tenant_id)
    outbox.messages.clear()
    _age(job, seconds=settings.CUSTOS_TASK_VISIBILITY_SECONDS + 1)

    sweeping.sweep()

    assert _sent(outbox, job) == [0, 16]
    assert {tenant for _, arguments, tenant in outbox.messages if arguments[0] == str(job.id)} == {alice.tenant.id}


def test_it_leaves_a_job_alone_that_gave_a_sign_of_life(alice: Player, gallery: Collection, outbox: Outbox) -> None:
    job = submit(alice, pictures(1))
    outbox.messages.clear()

    sweeping.sweep()

    assert _sent(outbox, job) == []


def test_a_job_that_only_waits_its_turn_is_sent_ever_more_seldom(
    alice: Player, gallery: Collection, outbox: Outbox, settings: Settings
) -> None:
    job = submit(alice, pictures(1))
    outbox.messages.clear()
    visibility = settings.CUSTOS_TASK_VISIBILITY_SECONDS

    for age, sends in ((1.1, 1), (1.1, 1), (1.1, 2), (2.2, 2), (2.2, 3)):
        _age(job, seconds=age * visibility)
        sweeping.sweep()
        assert len(_sent(outbox, job)) == sends, age


def test_it_sends_what_the_broker_did_not_take(
    alice: Player, gallery: Collection, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The job is acknowledged although no message could be sent, and is done all the same."""

    def refuse(*_: object, **__: object) -> None:
        raise BrokerError("connection refused")

    with monkeypatch.context() as patch:
        patch.setattr(dispatch.current_app, "send_task", refuse)
        job = submit(alice, pictures(1))
    kept: list[tuple[object, ...]] = []
    monkeypatch.setattr(dispatch.current_app, "send_task", lambda task, *, args, **_: kept.append(args))
    _age(job, seconds=settings.CUSTOS_TASK_VISIBILITY_SECONDS + 1)

    sweep_jobs.apply().get()

    assert kept == [(str(job.id), 0)]


def test_a_worker_that_died_between_commit_and_send_costs_nothing_but_time(
    alice: Player, gallery: Collection, outbox: Outbox, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object, **__: object) -> None:
        raise SystemExit(137)

    with monkeypatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr(dispatch.current_app, "send_task", die)
        submit(alice, pictures(1))
    with tenant_scope(alice.tenant.id):
        job = Job.objects.get()
    _age(job, seconds=settings.CUSTOS_TASK_VISIBILITY_SECONDS + 1)

    sweeping.sweep()
    for _, first in outbox.of(dispatch.RUN_ENROLMENT_BATCH):
        enrolment.run_batch(job.id, first=first, tenant_id=job.tenant_id)

    assert reload(job).status == JobStatus.SUCCEEDED


def test_it_halts_a_waiting_job_soon_after_the_switch(
    alice: Player, gallery: Collection, outbox: Outbox, impose: MoratoriumFactory
) -> None:
    job = submit(alice, pictures(10))
    enrolment.run_batch(job.id, first=0, tenant_id=job.tenant_id)
    impose(selector=governance.Selector(operations=[Operation.ENROL]))
    _age(job, seconds=sweeping.QUIET_SECONDS + 1)

    sweeping.sweep()

    assert reload(job).status == JobStatus.HALTED_BY_POLICY
    assert traces_of(alice).templates == 0


def test_asking_for_a_waiting_job_is_on_record_and_changes_nothing_when_allowed(
    alice: Player, gallery: Collection, outbox: Outbox
) -> None:
    job = submit(alice, pictures(1))
    outbox.messages.clear()
    _age(job, seconds=sweeping.QUIET_SECONDS + 1)
    before = _entries(alice)

    sweeping.sweep()

    assert reload(job).status == JobStatus.QUEUED
    assert _entries(alice) - before == 2
    assert _sent(outbox, job) == []


def _entries(player: Player) -> int:
    with tenant_scope(player.tenant.id):
        return AuditEntry.objects.count()


def test_a_waiting_job_is_not_asked_for_again_at_once(alice: Player, gallery: Collection, outbox: Outbox) -> None:
    job = submit(alice, pictures(1))
    _age(job, seconds=sweeping.QUIET_SECONDS + 1)
    sweeping.sweep()
    before = _entries(alice)

    sweeping.sweep()
    assert _entries(alice) == before

    _age(job, seconds=sweeping.QUIET_SECONDS + 1)
    sweeping.sweep()
    assert _entries(alice) == before + 2


def test_asking_for_a_job_does_not_put_sending_it_off(
    alice: Player, gallery: Collection, outbox: Outbox, settings: Settings
) -> None:
    job = submit(alice, pictures(1))
    outbox.messages.clear()
    ages = [0.4 * settings.CUSTOS_TASK_VISIBILITY_SECONDS] * 3

    for age in ages:
        _age(job, seconds=age)
        sweeping.sweep()

    assert _sent(outbox, job) == [0]


def test_a_sweep_asks_for_so_many_jobs_and_the_next_for_others(
    alice: Player, gallery: Collection, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = [submit(alice, pictures(1)) for _ in range(3)]
    for age, job in enumerate(waiting):
        _age(job, seconds=sweeping.QUIET_SECONDS + 10 - age)
    asked: list[uuid.UUID] = []
    monkeypatch.setattr(sweeping, "MOST_RECHECKS", 2)
    monkeypatch.setattr(sweeping.jobs, "recheck", lambda job, **_: asked.append(job.id))

    sweeping.sweep()
    assert set(asked) == {job.id for job in waiting[:2]}
    sweeping.sweep()

    assert asked[2:] == [waiting[2].id]


@pytest.mark.parametrize(
    "trouble", [GalleryBusy(), OperationalError("deadlock detected"), InterfaceError("the connection is closed")]
)
def test_the_trouble_of_one_job_is_its_own(
    alice: Player,
    gallery: Collection,
    outbox: Outbox,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    trouble: Exception,
) -> None:
    first, second = submit(alice, pictures(1)), submit(alice, pictures(1))
    outbox.messages.clear()
    for job in (first, second):
        _age(job, seconds=settings.CUSTOS_TASK_VISIBILITY_SECONDS + 1)
    send = sweeping._send

    def send_unless_first(job: Job) -> None:
        if job.id == first.id:
            raise trouble
        send(job)

    monkeypatch.setattr(sweeping, "_send", send_unless_first)

    sweeping.sweep()

    assert (_sent(outbox, first), _sent(outbox, second)) == ([], [0])


def test_it_removes_images_that_no_job_wants(
    alice: Player, gallery: Collection, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = submit(alice, pictures(1))
    lost, fresh = uuid.uuid4(), uuid.uuid4()
    staging.write([b"lost"], tenant_id=alice.tenant.id, job_id=lost)
    staging.write([b"fresh"], tenant_id=alice.tenant.id, job_id=fresh)
    old = time.time() - sweeping.ABANDONED_SECONDS - 1
    for job_id in (lost, job.id):
        os.utime(home / "staging" / str(alice.tenant.id) / str(job_id), (old, old))

    sweeping.sweep()

    left = {path.name for path in (home / "staging" / str(alice.tenant.id)).iterdir()}
    assert left == {str(job.id), str(fresh)}


def test_whose_job_it_is_can_be_asked_before_a_tenant_is_known(alice: Player, gallery: Collection) -> None:
    job = submit(alice, pictures(1))

    assert selectors.owner_of(job.id) == alice.tenant.id
    assert selectors.owner_of(uuid.uuid4()) is None
