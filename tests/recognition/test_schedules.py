"""RET-001: schedules, a met purpose, legal holds and the certificates of purges."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import DatabaseError

from common.canonical import digest
from common.context import tenant_scope
from common.errors import InvalidRequest
from governance import four_eyes
from governance.accountability import holds
from governance.accountability.models import LegalHold, PurgeCertificate, RetentionSchedule
from governance.audit.models import AuditEntry
from governance.errors import NotPermittedForRole
from recognition.engines.fake import face_picture
from recognition.models import Collection
from recognition.services import collections, purging
from tests.recognition.conftest import GALLERY, enrol, in_json, let_days_pass, traces_of
from tests.worlds import Player, Staff, World

COLLECTION = f"/v1/collections/{GALLERY}"
SEARCH = f"{COLLECTION}/search"


def _search(player: Player) -> Any:
    return player.client.post(SEARCH, {"image": in_json(face_picture(1))})


def _found(player: Player) -> list[str]:
    return [hit["face"]["id"] for search in _search(player).json()["searches"] for hit in search["candidates"]]


def _fired(player: Player) -> list[str]:
    response = _search(player)
    assert response.status_code == 403, response.json()
    return [rule["id"] for rule in response.json()["rules"]]


def _kept(player: Player) -> int:
    days: int = player.client.get(COLLECTION).json()["kept_days"]
    return days


@pytest.fixture
def schedules(staff: Staff) -> Iterator[Any]:
    """Set schedules that end with the test: they concern every tenant."""
    made: list[str] = []

    def set_(**changes: Any) -> None:
        payload = {"purpose": "", "jurisdiction": "", "keep_days": 10, "legal_source": "A law.", **changes}
        change = four_eyes.sign_together("set_schedule", payload, people=staff.officers, reason="The law says so.")
        made.append(str(change.result_id))

    yield set_
    for schedule in made:
        if RetentionSchedule.objects.using("officer").filter(id=schedule, ended_at=None).exists():
            payload = {"schedule": schedule}
            four_eyes.sign_together("end_schedule", payload, people=staff.officers, reason="The test is over.")


@pytest.fixture
def hold(alice: Player, gallery: Collection, staff: Staff) -> LegalHold:
    return holds.impose(
        alice.tenant.id, collection_id=gallery.id, reason="A trial.", legal_source="Order 7", by=staff.officers[0]
    )


def _lift(hold: LegalHold, staff: Staff) -> None:
    four_eyes.sign_together("lift_hold", {"hold": str(hold.id)}, people=staff.oversight, reason="The trial is over.")


def test_a_schedule_of_the_purpose_ends_what_is_older_at_once(
    alice: Player, gallery: Collection, schedules: Any
) -> None:
    (face_id,) = enrol(alice, 1)
    let_days_pass(alice, 11)
    schedules(purpose="journalism", keep_days=1)
    assert (_found(alice), _kept(alice)) == ([str(face_id)], 1_095)

    schedules(purpose="photo_organisation")

    assert (_found(alice), _kept(alice)) == ([], 10)
    purging.purge(seconds=30)
    assert traces_of(alice).templates == 0


def test_the_least_of_collection_schedule_and_law_holds(alice: Player, schedules: Any) -> None:
    collections.create_collection(GALLERY, actor=alice.actor, retention_days=5)
    enrol(alice, 1)
    schedules()
    assert _kept(alice) == 5
    alice.client.patch(COLLECTION, {"retention_days": 36_500})
    assert _kept(alice) == 10
    schedules(keep_days=7, jurisdiction="US-IL")  # who says US may be in Illinois

    assert _kept(alice) == 7


def test_nobody_writes_how_long_it_is_kept(alice: Player, gallery: Collection) -> None:
    with pytest.raises(DatabaseError, match="permission denied"), tenant_scope(alice.tenant.id):
        Collection.objects.filter(id=gallery.id).update(kept_days=9_999)


@pytest.mark.parametrize(
    "wrong", [{"purpose": "fun"}, {"jurisdiction": "XX"}, {"keep_days": 0}, {"keep_days": 1_096}, {"legal_source": ""}]
)
def test_a_schedule_that_will_not_do_is_refused(staff: Staff, schedules: Any, wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest):
        schedules(**wrong)


def test_a_met_purpose_stops_every_use_at_once_and_for_good(alice: Player, gallery: Collection) -> None:
    enrol(alice, 1)

    answer = alice.client.post(f"{COLLECTION}:purpose-met")

    assert (answer.status_code, answer.json()["kept_days"]) == (200, 0)
    assert _fired(alice) == ["RET-001"]
    assert alice.client.post(f"{COLLECTION}/faces", {"image": in_json(face_picture(2))}).status_code == 403
    assert alice.client.get(f"{COLLECTION}/faces").json()["items"] == []
    with tenant_scope(alice.tenant.id):
        Collection.objects.filter(id=gallery.id).update(purpose_met_at=None)
        assert Collection.objects.get().purpose_met_at is not None
    purging.purge(seconds=30)
    assert traces_of(alice).templates == 0


def test_a_hold_keeps_against_retention_and_erasure_and_is_not_used(
    alice: Player, gallery: Collection, hold: LegalHold, staff: Staff
) -> None:
    _lift(hold, staff)
    purging.purge(seconds=30)
    (face_id,) = enrol(alice, 1)
    again = holds.impose(
        alice.tenant.id, collection_id=gallery.id, reason="Another.", legal_source="Order 8", by=staff.oversight[0]
    )
    let_days_pass(alice, 2_000)
    purging.purge(seconds=30)

    assert traces_of(alice).templates == 1
    assert _fired(alice) == ["RET-001"]
    refused = [alice.client.delete(path) for path in (f"{COLLECTION}/faces/{face_id}", COLLECTION)]
    assert refused[1].json()["code"] == "under-legal-hold"
    assert [response.status_code for response in refused] == [404, 409], "what is past its time is not there to ask for"
    _lift(again, staff)
    assert _fired(alice) == ["RET-001"], "frozen until it is settled"
    purging.purge(seconds=30)
    assert traces_of(alice).templates == 0
    assert _search(alice).status_code == 200


def test_a_withdrawal_under_a_hold_is_carried_out_before_the_collection_thaws(
    alice: Player, gallery: Collection, staff: Staff
) -> None:
    enrol(alice, 1)
    enrolled = alice.client.post(f"{COLLECTION}/faces", {"image": in_json(face_picture(2)), "external_id": "anna"})
    assert enrolled.status_code == 201
    hold = holds.impose(
        alice.tenant.id, collection_id=gallery.id, reason="A trial.", legal_source="Order 7", by=staff.officers[0]
    )

    answer = alice.client.post(f"{COLLECTION}/consents:withdraw", {"subject": "anna"}).json()

    assert (answer["deleted_faces"], answer["is_held"]) == (0, True)
    _lift(hold, staff)
    purging.purge(seconds=30)
    assert traces_of(alice).faces == 1
    with tenant_scope(alice.tenant.id):
        (certificate,) = PurgeCertificate.objects.all()
    assert (certificate.content["rule"], certificate.content["removed"]["faces"]) == ("CON-002", 1)


def test_lifting_takes_two_of_oversight_and_imposing_an_officer(
    alice: Player, gallery: Collection, hold: LegalHold, staff: Staff
) -> None:
    with pytest.raises(NotPermittedForRole):
        four_eyes.sign_together("lift_hold", {"hold": str(hold.id)}, people=staff.officers, reason="No.")
    with pytest.raises(InvalidRequest, match="already"):
        holds.impose(alice.tenant.id, collection_id=gallery.id, reason="A", legal_source="B", by=staff.oversight[0])
    with pytest.raises(DatabaseError, match="permission denied"), tenant_scope(alice.tenant.id):
        LegalHold.objects.filter(id=hold.id).update(lifted_at=None)


def test_a_purge_is_certified_and_the_log_tells_a_forged_certificate(
    world: World, alice: Player, gallery: Collection
) -> None:
    enrol(alice, 1)
    alice.client.post(f"{COLLECTION}:purpose-met")
    purging.purge(seconds=30)

    (listed,) = alice.client.get("/v1/purges").json()["items"]
    proven = alice.client.get(f"/v1/purges/{listed['id']}").json()

    assert proven["is_true"] and proven["content"] == listed["content"]
    assert (listed["content"]["rule"], listed["content"]["removed"]["templates"]) == ("RET-001", 1)
    assert listed["content"]["basis"]["kept_days"] == 0 and listed["content"]["basis"]["purpose_met_at"]
    assert digest(listed["content"]) == listed["sha256"]
    with tenant_scope(alice.tenant.id):
        event = AuditEntry.objects.get(id=uuid.UUID(proven["log"]["event"]["id"]))
    assert event.content["data"]["certificate_sha256"] == listed["sha256"]
    assert bytes(event.leaf_hash).hex() == proven["log"]["event"]["leaf_hash"]
    assert {"decision", "event", "outcome", "checkpoint"} == set(proven["log"])
    assert world.mallory.client.get(f"/v1/purges/{listed['id']}").status_code == 404
    with pytest.raises(DatabaseError, match="permission denied"), tenant_scope(alice.tenant.id):
        PurgeCertificate.objects.update(digest="0" * 64)
