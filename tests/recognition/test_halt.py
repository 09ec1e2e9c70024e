"""A job that the policy no longer allows stops, and nothing of what it made is left."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from common.context import tenant_scope
from common.vocabulary import Attestation, CustomerCategory, JobStatus, Operation, Purpose
from governance import services as governance
from governance.audit import ledger
from governance.audit.models import AuditEntry
from governance.audit.tags import Tag
from governance.errors import PolicyRefused
from recognition.engines.fake import FakeEngine
from recognition.errors import JobHalted
from recognition.models import Collection, DispatchTicket, Job
from recognition.services import enrolment, faces, identification, jobs
from tests.recognition.conftest import GALLERY, Outbox, enrol, pictures, reload, submit, traces_of, work_off
from tests.worlds import ALL_OPERATIONS, MoratoriumFactory, Player, Staff, current_engine_versions

ENROLMENT = governance.Selector(categories=[CustomerCategory.CONSUMER_SOFTWARE], operations=[Operation.ENROL])


@pytest.fixture
def half_done(alice: Player, gallery: Collection) -> Job:
    """A job of twelve images, eight of them enrolled, in a collection with two faces of its own."""
    enrol(alice, 1, 2)
    job = submit(alice, pictures(12))
    enrolment.run_batch(job.id, first=0, tenant_id=job.tenant_id)
    assert reload(gallery).face_count == 10
    return job


def test_it_destroys_the_partial_output_and_nothing_else(
    alice: Player, gallery: Collection, half_done: Job, outbox: Outbox, home: Path, impose: MoratoriumFactory
) -> None:
    impose(selector=ENROLMENT)

    work_off(half_done, outbox)

    halted = reload(half_done)
    left = traces_of(alice)
    assert halted.status == JobStatus.HALTED_BY_POLICY
    assert (left.templates, left.faces, left.images, left.items) == (2, 2, 2, 0)
    assert reload(gallery).face_count == 2
    assert not [path for path in (home / "staging").rglob("*") if path.is_file()]
    assert not DispatchTicket.objects.filter(job_id=half_done.id).exists()


def test_it_says_which_rules_stopped_it_by_which_decision(
    alice: Player, half_done: Job, outbox: Outbox, impose: MoratoriumFactory
) -> None:
    moratorium = impose(selector=ENROLMENT)

    work_off(half_done, outbox)

    problem = reload(half_done).problem
    assert (problem["code"], problem["status"]) == ("policy-refused", 403)
    assert [rule["id"] for rule in problem["rules"]] == ["MOR-001"]
    assert str(moratorium.id) in problem["rules"][0]["reason"]
    with tenant_scope(alice.tenant.id):
        decision = AuditEntry.objects.get(id=problem["decision_id"])
        events = [entry.content for entry in AuditEntry.objects.filter(kind="event")]
    assert decision.content["decision"]["effect"] == "deny"
    halts = [event for event in events if event["action"] == Tag.JOB_HALTED.value]
    assert [event["resource"]["id"] for event in halts] == [str(half_done.id)]
    assert halts[0]["data"]["n_faces"] == 8


def test_a_switch_that_falls_during_a_batch_stops_its_write(
    alice: Player, gallery: Collection, impose: MoratoriumFactory, monkeypatch: pytest.MonkeyPatch, outbox: Outbox
) -> None:
    """The batch was admitted before the moratorium and would finish after it."""
    job = submit(alice, pictures(2))
    extract = FakeEngine.extract
    imposed: list[object] = []

    def extract_meanwhile(*args: object, **kwargs: object) -> object:
        if not imposed:
            imposed.append(impose(selector=ENROLMENT))
        return extract(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(FakeEngine, "extract", extract_meanwhile)
    work_off(job, outbox)

    assert imposed
    assert reload(job).status == JobStatus.HALTED_BY_POLICY
    assert traces_of(alice).templates == 0


def test_an_approval_that_ends_during_a_batch_stops_its_write(
    alice: Player, gallery: Collection, staff: Staff, monkeypatch: pytest.MonkeyPatch, outbox: Outbox
) -> None:
    """Time alone ends it: no epoch is raised, and no task runs."""
    job = submit(alice, pictures(2))
    ends = ledger.database_now() + timedelta(seconds=1)
    use = governance.ApprovedUse(
        purposes=[Purpose.PHOTO_ORGANISATION],
        operations=ALL_OPERATIONS,
        jurisdictions=["US"],
        end_users=[CustomerCategory.CONSUMER_SOFTWARE],
        engine_versions=current_engine_versions(),
        attestations=tuple(Attestation),
    )
    governance.grant_approval(alice.tenant.id, use=use, expires_at=ends, approvers=staff.officers)
    extract = FakeEngine.extract
    admitted: list[datetime] = []

    def extract_until_it_ends(*args: object, **kwargs: object) -> object:
        admitted.append(ledger.database_now())
        time.sleep(max(0.0, (ends - admitted[-1]).total_seconds()))
        return extract(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(FakeEngine, "extract", extract_until_it_ends)
    work_off(job, outbox)

    assert admitted[0] < ends
    halted = reload(job)
    assert halted.status == JobStatus.HALTED_BY_POLICY
    assert "VET-002" in [rule["id"] for rule in (halted.problem or {})["rules"]]
    assert traces_of(alice).templates == 0


def test_its_results_are_unreadable_during_and_after(
    alice: Player, half_done: Job, outbox: Outbox, impose: MoratoriumFactory, staff: Staff
) -> None:
    moratorium = impose(selector=ENROLMENT)
    work_off(half_done, outbox)

    with pytest.raises(PolicyRefused):
        jobs.read_results(half_done.id, actor=alice.actor, paginate=list)
    assert jobs.get_job(half_done.id, actor=alice.actor).status == JobStatus.HALTED_BY_POLICY
    governance.lift_moratorium(moratorium, lifters=staff.oversight)

    with pytest.raises(JobHalted):
        jobs.read_results(half_done.id, actor=alice.actor, paginate=list)


def test_the_results_of_a_finished_job_are_unreadable_while_the_moratorium_lasts(
    alice: Player, gallery: Collection, outbox: Outbox, impose: MoratoriumFactory, staff: Staff
) -> None:
    job = submit(alice, pictures(3))
    work_off(job, outbox)
    moratorium = impose(selector=ENROLMENT)

    with pytest.raises(PolicyRefused):
        jobs.read_results(job.id, actor=alice.actor, paginate=list)
    with pytest.raises(PolicyRefused):
        faces.list_faces(collection_name=GALLERY, actor=alice.actor, paginate=list)
    governance.lift_moratorium(moratorium, lifters=staff.oversight)

    assert len(jobs.read_results(job.id, actor=alice.actor, paginate=list)) == 3


def test_a_halted_job_stays_halted(
    alice: Player, gallery: Collection, half_done: Job, outbox: Outbox, impose: MoratoriumFactory, staff: Staff
) -> None:
    moratorium = impose(selector=ENROLMENT)
    work_off(half_done, outbox)
    governance.lift_moratorium(moratorium, lifters=staff.oversight)

    work_off(half_done, outbox)

    assert reload(half_done).status == JobStatus.HALTED_BY_POLICY
    assert reload(gallery).face_count == 2


def test_a_key_that_was_revoked_halts_its_job(alice: Player, half_done: Job, outbox: Outbox) -> None:
    from governance.audit import ledger
    from tenants import services as tenants

    tenants.revoke_api_key(alice.tenant.id, key_id=alice.key_id, actor=ledger.SYSTEM)

    work_off(half_done, outbox)

    assert reload(half_done).status == JobStatus.HALTED_BY_POLICY
    assert traces_of(alice).templates == 2


def test_the_remaining_faces_can_still_be_found(
    alice: Player, half_done: Job, outbox: Outbox, impose: MoratoriumFactory
) -> None:
    impose(selector=ENROLMENT)
    work_off(half_done, outbox)

    found = identification.search_by_image(pictures(1)[0], collection_name=GALLERY, actor=alice.actor, threshold=1.0)

    assert found.gallery_size == 2
    assert all(candidate.similarity < 80 for candidate in found.searches[0].candidates)


def test_a_key_that_is_revoked_during_a_batch_gets_none_of_it(
    alice: Player, gallery: Collection, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Revocation raises no epoch; what takes long is judged anew on its way."""
    from governance import gate
    from governance.audit import ledger
    from tenants import services as tenants

    monkeypatch.setattr(gate, "FRESH_SECONDS", -1.0)
    job = submit(alice, pictures(3))
    extract = FakeEngine.extract
    looked_at: list[object] = []

    def extract_meanwhile(*args: object, **kwargs: object) -> object:
        looked_at.append(args)
        tenants.revoke_api_key(alice.tenant.id, key_id=alice.key_id, actor=ledger.SYSTEM)
        return extract(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(FakeEngine, "extract", extract_meanwhile)
    work_off(job, outbox)

    assert len(looked_at) == 1, "the second picture is not looked at any more"
    assert reload(job).status == JobStatus.HALTED_BY_POLICY
    assert traces_of(alice).templates == 0
