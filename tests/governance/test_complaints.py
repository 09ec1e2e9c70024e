"""Complaints: taken from anybody, handed to whose matter they are, and followed by clocks."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.core import mail
from django.db import DatabaseError, transaction
from django.test import Client
from pytest_django.fixtures import Settings

from common.context import tenant_scope
from common.errors import InvalidRequest
from common.vocabulary import TenantRole
from governance import transparency
from governance.accountability import complaints
from governance.accountability.complaints import Kind, NewComplaint, Outcome
from governance.accountability.models import Complaint
from governance.audit import ledger
from governance.audit.models import AuditEntry
from governance.errors import ComplaintNotFound, ComplaintState, NotPermittedForRole
from tenants.errors import RoleNotSufficient
from tests.people import actor_for, browser, make_member, make_staff, owner_of, sign_in
from tests.worlds import Player, Staff, World

WORDS = {"kind": "erasure", "text": "My face is in it.", "contact": "anna@example.test", "about": "Rescue"}


def _new(kind: Kind = Kind.CORRECTION) -> NewComplaint:
    return NewComplaint(kind=kind, text="That is not me.", contact="anna@example.test")


def _tags(complaint_id: uuid.UUID) -> list[str]:
    entries = AuditEntry.objects.using("officer").filter(kind="event").order_by("ins_id")
    bodies = [entry.content for entry in entries]
    return [body["action"] for body in bodies if body["resource"]["id"] == str(complaint_id)]


def test_a_person_complains_staff_hand_it_on_and_the_organisation_answers(alice: Player, staff: Staff) -> None:
    page = browser().post("/complain", WORDS)
    assert page.status_code == 200 and "It is received" in page.content.decode()
    filed = Complaint.objects.using("officer").filter(tenant=None).latest("received_at")
    assert (filed.answer_by - filed.received_at, filed.acknowledge_by - filed.received_at) == (
        timedelta(days=30),
        timedelta(days=7),
    )
    owner = owner_of(alice)
    with pytest.raises(ComplaintNotFound):
        complaints.get_complaint(owner, complaint_id=filed.id)
    mail.outbox = []

    complaints.assign(filed.id, tenant=alice.tenant, by=staff.officers[0])
    complaints.acknowledge(owner, complaint_id=filed.id)
    complaints.answer(owner, complaint_id=filed.id, outcome=Outcome.UPHELD, text="Your face is deleted.")

    assert [letter.to for letter in mail.outbox] == [["anna@example.test"]] * 2
    assert "Your face is deleted." in str(mail.outbox[1].body)
    assert _tags(filed.id) == [f"complaint:{word}" for word in ("received", "assigned", "acknowledged", "answered")]
    log = AuditEntry.objects.using("officer").filter(kind="event").order_by("-ins_id")[:4]
    assert not any("anna" in str(entry.content) or "face" in str(entry.content) for entry in log)
    with pytest.raises(ComplaintState):
        complaints.answer(owner, complaint_id=filed.id, outcome=Outcome.REJECTED, text="No.")
    with pytest.raises(ComplaintState):
        complaints.assign(filed.id, tenant=alice.tenant, by=staff.officers[0])


def test_what_is_late_is_recorded_once_shown_to_oversight_and_counted(alice: Player) -> None:
    filed = complaints.file_for(alice.actor, new=_new())
    answered = complaints.file_for(alice.actor, new=_new())
    complaints.answer(alice.actor, complaint_id=answered.id, outcome=Outcome.REJECTED, text="It is you.")
    since = ledger.database_now()

    complaints.record_overdue(filed.received_at + timedelta(days=6))
    assert "complaint:overdue" not in _tags(filed.id)
    complaints.record_overdue(filed.received_at + timedelta(days=8))
    complaints.record_overdue(filed.received_at + timedelta(days=31))

    assert _tags(filed.id).count("complaint:overdue") == 1
    assert "complaint:overdue" not in _tags(answered.id)
    report = transparency.make_report(since=since, until=ledger.database_now() + timedelta(seconds=1))
    (events,) = [table for table in report.tables if table.title == "What happened"]
    assert "complaint:overdue" in dict(events.rows)


def test_a_forgotten_acknowledgement_is_made_up_by_the_answer(alice: Player) -> None:
    filed = complaints.file_for(alice.actor, new=_new())

    answered = complaints.answer(alice.actor, complaint_id=filed.id, outcome=Outcome.PARTLY_UPHELD, text="Partly.")

    assert answered.acknowledged_at == answered.answered_at
    with pytest.raises(ComplaintState):
        complaints.acknowledge(alice.actor, complaint_id=filed.id)


def test_what_was_answered_long_ago_is_forgotten_and_counted_all_the_same(alice: Player, settings: Settings) -> None:
    old = complaints.file_for(alice.actor, new=_new())
    complaints.answer(alice.actor, complaint_id=old.id, outcome=Outcome.UPHELD, text="You are right.")
    later = ledger.database_now() + timedelta(days=settings.CUSTOS_COMPLAINT_DAYS)
    complaints.forget_answered(later - timedelta(days=1))
    assert complaints.get_complaint(alice.actor, complaint_id=old.id).state == "answered"

    complaints.forget_answered(later)

    path = f"/v1/complaints/{old.id}"
    shown = alice.client.get(path).json()
    assert [shown[name] for name in ("state", "text", "contact", "about", "answer")] == ["forgotten", "", "", "", ""]
    assert (shown["outcome"], shown["kind"]) == ("upheld", "correction")
    assert _tags(old.id)[-1] == "retention:purged"
    page = sign_in(make_member(alice)).get(f"/complaints/{old.id}/").content.decode()
    assert "is forgotten since" in page and "anna@example.test" not in page


def test_what_is_owed_an_answer_is_never_forgotten(alice: Player) -> None:
    owed = complaints.file_for(alice.actor, new=_new())

    complaints.forget_answered(ledger.database_now() + timedelta(days=4_000))

    assert complaints.get_complaint(alice.actor, complaint_id=owed.id).state == "received"
    with pytest.raises(DatabaseError), transaction.atomic(using="officer"):
        Complaint.objects.using("officer").filter(id=owed.id).update(text="", contact="", forgotten_at=owed.received_at)


def test_only_managers_and_staff_of_these_roles(world: World, staff: Staff) -> None:
    filed = complaints.file_for(world.alice.actor, new=_new())
    viewer = actor_for(world.alice, make_member(world.alice, TenantRole.VIEWER))

    with pytest.raises(RoleNotSufficient):
        complaints.list_complaints(viewer, paginate=list)
    with pytest.raises(ComplaintNotFound):
        complaints.answer(world.mallory.actor, complaint_id=filed.id, outcome=Outcome.UPHELD, text="Yes.")
    auditor, _ = make_staff(complaints.StaffRole.AUDITOR)
    with pytest.raises(NotPermittedForRole):
        complaints.acknowledge_as_staff(filed.id, by=auditor)
    complaints.acknowledge_as_staff(filed.id, by=staff.oversight[0])
    complaints.answer_as_staff(filed.id, outcome=Outcome.UPHELD, text="Yes.", by=staff.oversight[0])
    with pytest.raises(InvalidRequest):
        complaints.file_for(world.alice.actor, new=NewComplaint(kind=Kind.ACCESS, text=" ", contact="a@example.test"))


def test_the_application_role_keeps_clocks_and_owner_as_they_are(alice: Player) -> None:
    filed = complaints.file_for(alice.actor, new=_new())

    for change in ({"answer_by": ledger.database_now()}, {"text": "Other."}, {"tenant": None}):
        with pytest.raises(DatabaseError), tenant_scope(alice.tenant.id):
            Complaint.objects.filter(id=filed.id).update(**change)


def test_an_address_may_not_flood_the_form() -> None:
    client: Client = browser()

    answers = [client.post("/complain", {**WORDS, "text": f"{n}"}).status_code for n in range(7)]

    assert answers == [200] * 5 + [429] * 2
    assert browser().post("/complain", WORDS).status_code == 200
    assert browser().post("/complain", {**WORDS, "contact": "nowhere"}).status_code == 422


def test_staff_work_on_them_in_the_administration(alice: Player) -> None:
    page = browser().post("/complain", WORDS)
    assert page.status_code == 200
    filed = Complaint.objects.using("officer").filter(tenant=None).latest("received_at")
    client = sign_in(*make_staff())
    base = f"/admin/accountability/complaint/{filed.id}"

    assert str(filed.id) in client.get("/admin/accountability/complaint/?clock=unassigned").content.decode()
    assert client.get("/admin/accountability/complaint/?clock=overdue").status_code == 200
    assert "Say whose matter it is" in client.get(f"{base}/change/").content.decode()
    assert client.post(f"{base}/assign/", {"tenant": str(alice.tenant.id)}).status_code == 302
    assert client.post(f"{base}/acknowledge/", {"sent": "yes"}).status_code == 302
    assert client.post(f"{base}/answer/", {"outcome": "upheld", "answer": "Deleted."}).status_code == 302

    filed.refresh_from_db(using="officer")
    assert (filed.tenant_id, filed.state, filed.outcome) == (alice.tenant.id, "answered", "upheld")
