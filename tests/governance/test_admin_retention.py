"""Schedules and holds in the administration: asked for by one person, signed by another."""

from __future__ import annotations

from typing import Any

from django.test import Client

from common.vocabulary import StaffRole
from governance import four_eyes
from governance.accountability.models import LegalHold, RetentionSchedule
from governance.four_eyes import Statement
from governance.models import ChangeRequest
from recognition.models import Collection
from recognition.services import collections
from tests.people import make_staff, sign_in
from tests.worlds import Player

AGREED = Statement("The law says so.", interest="none")
SIGNED = {"reason": "The law says so.", "interest": "none", "has_no_conflict": "on"}
SCHEDULE = {"purpose": "journalism", "jurisdiction": "US-IL", "keep_days": "30", "legal_source": "A law."}
SCHEDULES = "/admin/accountability/retentionschedule"
HOLDS = "/admin/accountability/legalhold"


def _staff(role: StaffRole) -> tuple[Client, Any]:
    user, secret = make_staff(role)
    return sign_in(user, secret), user


def _sign(slug: str, *, by: StaffRole) -> ChangeRequest:
    change = ChangeRequest.objects.using("officer").filter(kind=slug).latest("proposed_at")
    return four_eyes.approve(change.id, approver=make_staff(by)[0], statement=AGREED)


def test_two_officers_set_a_schedule_and_end_it() -> None:
    client, _ = _staff(StaffRole.OFFICER)
    assert client.post(f"{SCHEDULES}/add/", {**SCHEDULE, **SIGNED}).status_code == 302
    assert not RetentionSchedule.objects.using("officer").filter(purpose="journalism", ended_at=None).exists()

    made = _sign("set_schedule", by=StaffRole.OFFICER)

    schedule = RetentionSchedule.objects.using("officer").get(id=str(made.result_id))
    assert (schedule.keep_days, schedule.covers) == (30, ["US", "US-IL"])
    page = f"{SCHEDULES}/{schedule.id}"
    assert "Ask for its end" in client.get(f"{page}/change/").content.decode()
    assert client.post(f"{page}/end/", SIGNED).status_code == 302
    _sign("end_schedule", by=StaffRole.OFFICER)
    schedule.refresh_from_db(using="officer")
    assert schedule.ended_at is not None
    assert "Ask for its end" not in client.get(f"{page}/change/").content.decode()


def test_a_hold_is_imposed_by_one_and_lifted_by_two_of_oversight(alice: Player) -> None:
    collection: Collection = collections.create_collection("held", actor=alice.actor)
    officer, _ = _staff(StaffRole.OFFICER)
    oversight, _ = _staff(StaffRole.OVERSIGHT)
    stated = {"tenant": str(alice.tenant.id), "target": "collection", "legal_source": "Order 7"}
    stated["target_id"] = str(collection.id)
    assert officer.post(f"{HOLDS}/add/", {**stated, "reason": "A trial."}).status_code == 302
    assert "already" in officer.post(f"{HOLDS}/add/", {**stated, "reason": "Again."}).content.decode()
    hold = LegalHold.objects.using("officer").get(collection_id=collection.id)
    page = f"{HOLDS}/{hold.id}"

    assert officer.get(f"{page}/lift/").status_code == 403
    assert "Ask for lifting" in oversight.get(f"{page}/change/").content.decode()
    assert oversight.post(f"{page}/lift/", SIGNED).status_code == 302
    _sign("lift_hold", by=StaffRole.OVERSIGHT)

    hold.refresh_from_db(using="officer")
    assert hold.lifted_at is not None and hold.settled_at is None


def test_an_auditor_only_reads() -> None:
    client, _ = _staff(StaffRole.AUDITOR)

    for base in (SCHEDULES, HOLDS):
        assert client.get(f"{base}/").status_code == 200
        assert client.get(f"{base}/add/").status_code == 403
    assert client.get("/admin/accountability/purgecertificate/").status_code == 200
