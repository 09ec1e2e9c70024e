"""A job does not outlive the right of who started it: key or member, revoked, expired, removed or suspended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connections, transaction

from common.context import tenant_scope
from common.vocabulary import JobStatus, TenantRole
from governance import services as governance
from governance.audit import ledger
from governance.models import Suspension
from recognition.models import Collection, Job
from recognition.services import enrolment, jobs, sweeping
from tenants import selectors, services
from tenants.models import ApiKey, Membership, User
from tests.people import actor_for, make_member, owner_of
from tests.recognition.conftest import Outbox, pictures, reload, submit, traces_of, work_off
from tests.worlds import Player, Staff


@pytest.fixture
def member(alice: Player) -> User:
    return make_member(alice, TenantRole.CASE_WORKER)


@pytest.fixture
def half_done(alice: Player, gallery: Collection, member: User) -> Job:
    """A member's job of twelve images, eight of them enrolled."""
    job = submit(replace(alice, actor=actor_for(alice, member)), pictures(12))
    enrolment.run_batch(job.id, first=0, tenant_id=job.tenant_id)
    assert traces_of(alice).templates == 8
    return job


def _membership(alice: Player, member: User) -> Membership:
    with tenant_scope(alice.tenant.id):
        return selectors.members_of(alice.tenant.id).get(user=member)


def _remove(alice: Player, member: User, staff: Staff) -> None:
    services.remove_member(owner_of(alice), member_id=_membership(alice, member).id)


def _demote(alice: Player, member: User, staff: Staff) -> None:
    services.change_role(owner_of(alice), member_id=_membership(alice, member).id, role=TenantRole.VIEWER)


def _deactivate(alice: Player, member: User, staff: Staff) -> None:
    User.objects.filter(id=member.id).update(is_active=False)


def _suspend_person(alice: Player, member: User, staff: Staff) -> None:
    _suspend(alice, Suspension.Target.USER, member, staff)


def _suspend_tenant(alice: Player, member: User, staff: Staff) -> None:
    _suspend(alice, Suspension.Target.ORGANISATION, alice.tenant, staff)


def _suspend(alice: Player, target: Suspension.Target, whom: object, staff: Staff) -> None:
    governance.suspend(
        alice.tenant.id,
        target=target,
        target_id=whom.id,  # type: ignore[attr-defined]
        reason="test",
        imposed_by=staff.oversight[0],
    )


ENDINGS = [
    (_remove, "SUS-001"),
    (_demote, "KEY-001"),
    (_deactivate, "SUS-001"),
    (_suspend_person, "SUS-001"),
    (_suspend_tenant, "SUS-001"),
]


@pytest.mark.parametrize(("end", "rule"), ENDINGS)
def test_the_next_batch_halts_it(
    alice: Player,
    member: User,
    half_done: Job,
    outbox: Outbox,
    staff: Staff,
    end: Callable[[Player, User, Staff], None],
    rule: str,
) -> None:
    end(alice, member, staff)

    work_off(half_done, outbox)

    halted = reload(half_done)
    assert halted.status == JobStatus.HALTED_BY_POLICY
    assert rule in [fired["id"] for fired in halted.problem["rules"]]
    assert traces_of(alice).templates == 0


def test_a_member_who_stays_finishes(alice: Player, half_done: Job, outbox: Outbox) -> None:
    work_off(half_done, outbox)

    assert reload(half_done).status == JobStatus.SUCCEEDED
    assert traces_of(alice).templates == 12


def test_the_sweep_halts_a_quiet_one(alice: Player, member: User, half_done: Job, staff: Staff) -> None:
    _remove(alice, member, staff)
    with transaction.atomic(), connections["default"].cursor() as cursor:
        cursor.execute(
            "UPDATE recognition_dispatchticket SET touched_at = touched_at - interval '10 seconds',"
            " checked_at = checked_at - interval '10 seconds' WHERE job_id = %s",
            [half_done.id],
        )

    sweeping.sweep()

    assert reload(half_done).status == JobStatus.HALTED_BY_POLICY


def test_a_key_that_expires_halts_its_job(alice: Player, gallery: Collection, outbox: Outbox) -> None:
    job = submit(alice, pictures(12))
    enrolment.run_batch(job.id, first=0, tenant_id=job.tenant_id)
    with tenant_scope(alice.tenant.id):
        past = ledger.database_now() - timedelta(seconds=1)
        ApiKey.objects.filter(tenant_id=alice.tenant.id, id=alice.key_id).update(expires_at=past)

    work_off(job, outbox)

    assert reload(job).status == JobStatus.HALTED_BY_POLICY
    assert traces_of(alice).templates == 0


def test_a_rotated_key_goes_on_with_its_job(alice: Player, gallery: Collection, outbox: Outbox) -> None:
    job = submit(alice, pictures(12))
    enrolment.run_batch(job.id, first=0, tenant_id=job.tenant_id)

    services.rotate_key(owner_of(alice), key_id=alice.key_id, overlap=timedelta(0))
    work_off(job, outbox)

    assert reload(job).status == JobStatus.SUCCEEDED
    assert jobs.get_job(job.id, actor=alice.actor).done == 12
