"""The review by two: who may, what they are shown, that neither knows of the other, and what comes of it."""

from __future__ import annotations

import threading
import uuid
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import DatabaseError, connections, transaction

from common.context import Actor, tenant_scope
from common.errors import InvalidRequest
from common.vocabulary import CustomerCategory, Operation, Purpose, TenantRole
from governance import services as governance
from governance.audit import ledger
from governance.audit.ledger import database_now
from governance.audit.models import AuditEntry
from governance.casework import reviews, training, verdicts
from governance.casework.errors import (
    AlreadyReviewed,
    NotAReviewer,
    ReviewClosed,
    ReviewNotFound,
    SecondPersonNeeded,
    TrainingInvalid,
    TrainingNotFound,
)
from governance.casework.models import ReviewCandidate, ReviewProbe, ReviewVerdict
from governance.casework.verdicts import Judgement
from governance.errors import PolicyRefused
from recognition.engines.fake import face_picture
from recognition.errors import EngineBusy
from recognition.images import UprightImage
from recognition.services import collections, enrolment, identification, portraits, turns
from recognition.services.examination import open_image
from tenants.errors import BindingInvalid, RoleNotSufficient
from tenants.services import KeyBinding, issue_api_key
from tests.casework.conftest import GALLERY, Charity, Judge, attest, encoded, trained_reviewer
from tests.conftest import admin_connection
from tests.people import actor_for, make_member, owner_of
from tests.worlds import MoratoriumFactory, Player


@pytest.fixture
def task_id(charity: Charity) -> uuid.UUID:
    return uuid.UUID(charity.search().json()["review_task"]["id"])


def _result(charity: Charity, task_id: uuid.UUID) -> tuple[int, list[str]]:
    answer = charity.player.client.get(f"/v1/review-tasks/{task_id}/result")
    searches = answer.json().get("searches", [])
    return answer.status_code, [c["face"]["external_id"] for search in searches for c in search["candidates"]]


def _refused_by(actor: Actor, task_id: uuid.UUID) -> list[str]:
    with pytest.raises(PolicyRefused) as refusal:
        verdicts.show_sheet(actor, task_id=task_id)
    return [rule["id"] for rule in refusal.value.rules]


def test_it_shows_the_probe_and_says_where_no_picture_is_kept(charity: Charity, task_id: uuid.UUID) -> None:
    sheet = verdicts.show_sheet(charity.reviewers[0], task_id=task_id)

    (probe,) = sheet.probes
    assert probe.crop is not None and probe.crop.startswith(b"\xff\xd8")
    assert [shown.crop for shown in probe.candidates] == [None]
    assert probe.probe.quality["score"] > 0


def test_a_kept_picture_is_shown_beside_the_probe(charity: Charity) -> None:
    collections.create_collection("kept", actor=charity.actor, store_images=True)
    face_ids = [
        enrolment.enrol_image(face_picture(1, variant=variant), collection_name="kept", actor=charity.actor).face_ids[0]
        for variant in (1, 2)
    ]
    body = {"face_id": str(face_ids[0])}
    answer = charity.player.client.post("/v1/collections/kept/search", body, format="json").json()

    (probe,) = verdicts.show_sheet(charity.reviewers[0], task_id=uuid.UUID(answer["review_task"]["id"])).probes

    assert probe.crop is not None and probe.crop.startswith(b"\xff\xd8")
    (shown,) = probe.candidates
    assert shown.crop is not None and shown.crop.startswith(b"\xff\xd8")
    assert shown.crop != probe.crop


def test_kept_pictures_are_decoded_in_turn_and_outside_any_transaction(
    charity: Charity, monkeypatch: pytest.MonkeyPatch
) -> None:
    collections.create_collection("kept", actor=charity.actor, store_images=True)
    face_ids = [
        enrolment.enrol_image(face_picture(1, variant=variant), collection_name="kept", actor=charity.actor).face_ids[0]
        for variant in (1, 2)
    ]
    held: list[bool] = []

    def seen(data: bytes) -> UprightImage:
        held.append(connections["default"].in_atomic_block)
        with pytest.raises(EngineBusy), turns.turn():
            pytest.fail("Its turn is taken.")
        return open_image(data)

    monkeypatch.setattr(turns, "_turns", turns.Turns(1, wait_seconds=0))
    monkeypatch.setattr(portraits, "open_image", seen)
    body = {"face_id": str(face_ids[0])}
    answer = charity.player.client.post("/v1/collections/kept/search", body, format="json").json()
    task_id = uuid.UUID(answer["review_task"]["id"])
    verdicts.show_sheet(charity.reviewers[0], task_id=task_id)

    assert held == [False, False]
    with turns.turn(), pytest.raises(EngineBusy):
        verdicts.show_sheet(charity.reviewers[0], task_id=task_id)


def test_a_kept_picture_that_is_damaged_is_left_out(charity: Charity, home: Path) -> None:
    collections.create_collection("kept", actor=charity.actor, store_images=True)
    enrolment.enrol_image(face_picture(1), collection_name="kept", actor=charity.actor)
    body = {"image": encoded(face_picture(1, variant=1))}
    answer = charity.player.client.post("/v1/collections/kept/search", body, format="json").json()
    for path in (home / "images").rglob("*"):
        if path.is_file():
            path.write_bytes(b"damaged")

    (probe,) = verdicts.show_sheet(charity.reviewers[0], task_id=uuid.UUID(answer["review_task"]["id"])).probes

    assert [shown.crop for shown in probe.candidates] == [None]


def test_two_releases_name_the_candidate(charity: Charity, task_id: uuid.UUID, judge: Judge) -> None:
    first = judge(charity.reviewers[0], task_id)
    assert (first.status, _result(charity, task_id)[0]) == ("pending", 409)

    second = judge(charity.reviewers[1], task_id)

    assert second.status == "released"
    assert _result(charity, task_id) == (200, ["anna"])


@pytest.mark.parametrize(
    ("judgements", "status"),
    [
        ((Judgement.REJECT, Judgement.REJECT), "rejected"),
        ((Judgement.RELEASE, Judgement.REJECT), "inconclusive"),
        ((Judgement.INCONCLUSIVE, Judgement.INCONCLUSIVE), "inconclusive"),
    ],
)
def test_anything_else_withholds_it(
    charity: Charity, task_id: uuid.UUID, judge: Judge, judgements: tuple[Judgement, Judgement], status: str
) -> None:
    for reviewer, judgement in zip(charity.reviewers, judgements, strict=True):
        task = judge(reviewer, task_id, judgement)

    assert task.status == status
    assert _result(charity, task_id) == (200, [])


def test_the_second_is_blind_to_the_first(charity: Charity, task_id: uuid.UUID, judge: Judge) -> None:
    before = verdicts.show_sheet(charity.reviewers[1], task_id=task_id)
    seen = charity.player.client.get(f"/v1/review-tasks/{task_id}").json()

    judge(charity.reviewers[0], task_id, Judgement.REJECT)

    after = verdicts.show_sheet(charity.reviewers[1], task_id=task_id)
    assert [probe.crop for probe in after.probes] == [probe.crop for probe in before.probes]
    assert charity.player.client.get(f"/v1/review-tasks/{task_id}").json() == seen
    with tenant_scope(charity.player.tenant.id):
        told = [e.content for e in AuditEntry.objects.filter(kind="event")]
    verdict = next(content for content in told if content["action"] == "review:verdict-given")
    assert verdict["data"] == {"verdict": 1}


def test_nobody_judges_twice(charity: Charity, task_id: uuid.UUID, judge: Judge) -> None:
    judge(charity.reviewers[0], task_id)

    with pytest.raises(AlreadyReviewed):
        judge(charity.reviewers[0], task_id)


def test_nobody_reviews_what_they_asked_for(charity: Charity) -> None:
    """A case worker may search and may review, but not both of one result."""
    worker = make_member(charity.player, TenantRole.CASE_WORKER)
    attest(charity.player, worker)
    actor = actor_for(charity.player, worker)
    with admin_connection(connections["default"].settings_dict["NAME"]) as admin:
        admin.execute(
            "INSERT INTO casework_caseofficer (id, tenant_id, case_id, user_id)"
            " SELECT gen_random_uuid(), tenant_id, id, %s FROM casework_case WHERE tenant_id = %s",
            [worker.pk, charity.player.tenant.id],
        )
    found = identification.search_by_image(face_picture(1), collection_name=GALLERY, actor=actor, masks=True)

    assert found.review_task is not None
    with pytest.raises(NotAReviewer):
        verdicts.show_sheet(actor, task_id=found.review_task)


def test_a_key_reviews_nothing(charity: Charity, task_id: uuid.UUID) -> None:
    with pytest.raises(NotAReviewer):
        verdicts.show_sheet(charity.actor, task_id=task_id)
    binding = KeyBinding(
        operations=[Operation.REVIEW],
        purposes=[Purpose.VICTIM_IDENTIFICATION],
        default_purpose=Purpose.VICTIM_IDENTIFICATION,
        default_jurisdiction="US",
    )
    with pytest.raises(BindingInvalid):
        issue_api_key(charity.player.tenant.id, label="robot", binding=binding, actor=ledger.SYSTEM)


@pytest.mark.parametrize("role", [TenantRole.OWNER, TenantRole.ADMIN, TenantRole.DEVELOPER, TenantRole.VIEWER])
def test_other_roles_do_not_review(charity: Charity, task_id: uuid.UUID, role: TenantRole) -> None:
    assert _refused_by(trained_reviewer(charity.player, role), task_id) == ["KEY-001"]


def test_a_reviewer_without_training_does_not(charity: Charity, task_id: uuid.UUID) -> None:
    reviewer = actor_for(charity.player, make_member(charity.player, TenantRole.REVIEWER))

    assert _refused_by(reviewer, task_id) == ["HUM-004"]


def test_training_ends_and_is_taken_back(charity: Charity, task_id: uuid.UUID) -> None:
    owner = owner_of(charity.player)
    first, second = charity.reviewers
    for attestation in training.list_current(owner):
        if attestation.user_id == first.id:
            training.revoke(owner, attestation_id=attestation.id)
            with pytest.raises(TrainingNotFound):
                training.revoke(owner, attestation_id=attestation.id)
    with admin_connection(connections["default"].settings_dict["NAME"]) as admin:
        admin.execute(
            "UPDATE casework_trainingattestation SET attested_at = now() - interval '2 days',"
            " expires_at = now() - interval '1 second' WHERE user_id = %s",
            [second.id],
        )

    assert _refused_by(first, task_id) == _refused_by(second, task_id) == ["HUM-004"]


def test_training_is_attested_by_a_manager_of_another_member_for_a_year_at_most(charity: Charity) -> None:
    owner, now = owner_of(charity.player), database_now()
    member = make_member(charity.player, TenantRole.REVIEWER).pk
    soon = now + timedelta(days=5)

    with pytest.raises(SecondPersonNeeded):
        training.attest(owner, user_id=owner.id, course="x", expires_at=soon)
    with pytest.raises(RoleNotSufficient):
        training.attest(charity.reviewers[0], user_id=member, course="x", expires_at=soon)
    for user_id, course, expires_at in (
        (member, " ", soon),
        (member, "x", now),
        (member, "x", now + timedelta(days=400)),
        (uuid.uuid4(), "x", soon),
    ):
        with pytest.raises(TrainingInvalid):
            training.attest(owner, user_id=user_id, course=course, expires_at=expires_at)


def test_another_tenants_reviewer_finds_nothing(charity: Charity, task_id: uuid.UUID, mallory: Player) -> None:
    stranger = trained_reviewer(mallory)

    with pytest.raises(ReviewNotFound):
        verdicts.show_sheet(stranger, task_id=task_id)


def test_a_verdict_judges_every_candidate_and_says_why(charity: Charity, task_id: uuid.UUID) -> None:
    reviewer = charity.reviewers[0]
    (probe,) = verdicts.show_sheet(reviewer, task_id=task_id).probes
    all_of_them = {shown.candidate.id: Judgement.RELEASE for shown in probe.candidates}

    for judgements, reasons in (
        ({}, "Same ears."),
        ({**all_of_them, uuid.uuid4(): Judgement.RELEASE}, "Same ears."),
        (all_of_them, " "),
    ):
        with pytest.raises(InvalidRequest):
            verdicts.give_verdict(reviewer, task_id=task_id, judgements=judgements, reasons=reasons)
    with tenant_scope(charity.player.tenant.id):
        assert not ReviewVerdict.objects.exists()


def test_pictures_are_gone_when_it_is_closed(charity: Charity, task_id: uuid.UUID, judge: Judge) -> None:
    judge(charity.reviewers[0], task_id)
    with tenant_scope(charity.player.tenant.id):
        assert ReviewProbe.objects.get().sealed_crop is not None

    judge(charity.reviewers[1], task_id)

    with tenant_scope(charity.player.tenant.id):
        assert ReviewProbe.objects.get().sealed_crop is None
    with pytest.raises(ReviewClosed):
        judge(trained_reviewer(charity.player), task_id)


def test_a_moratorium_makes_a_released_result_unreadable_and_stops_the_review(
    charity: Charity, task_id: uuid.UUID, judge: Judge, impose: MoratoriumFactory
) -> None:
    other = uuid.UUID(charity.search().json()["review_task"]["id"])
    for reviewer in charity.reviewers:
        judge(reviewer, task_id)
    assert _result(charity, task_id)[0] == 200

    impose(selector=governance.Selector(categories=[CustomerCategory.VICTIM_RESCUE_NGO], operations=[Operation.SEARCH]))

    assert _result(charity, task_id) == (403, [])
    assert _refused_by(charity.reviewers[0], other) == ["MOR-001"]


def test_a_comparison_is_released_with_what_was_seen(charity: Charity, judge: Judge) -> None:
    body = {"source": encoded(face_picture(1)), "target": encoded(face_picture(1, others=(2,), variant=1))}
    task = charity.player.client.post("/v1/compare", body, format="json").json()["review_task"]
    sheet = verdicts.show_sheet(charity.reviewers[0], task_id=uuid.UUID(task["id"]))
    assert all(shown.crop and shown.crop.startswith(b"\xff\xd8") for shown in sheet.probes[0].candidates)

    for reviewer in charity.reviewers:
        judge(reviewer, task["id"])

    answer = charity.player.client.get(f"/v1/review-tasks/{task['id']}/result").json()
    (match,) = answer["searches"][0]["candidates"]
    assert match["similarity"] > 99 and "id" not in match["face"]
    assert match["fmr_words"]


def test_two_at_the_same_time_are_two_verdicts(charity: Charity, task_id: uuid.UUID, judge: Judge) -> None:
    statuses: list[str] = []

    def review(actor: Actor) -> None:
        try:
            statuses.append(judge(actor, task_id).status)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=review, args=[reviewer]) for reviewer in charity.reviewers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(statuses) == ["pending", "released"]


def test_the_database_itself_wants_two_people(charity: Charity, task_id: uuid.UUID, judge: Judge) -> None:
    """Not only the code: neither a release without two, nor a third, nor a verdict of who asked, can be written."""
    tenant_id = charity.player.tenant.id
    judge(charity.reviewers[0], task_id)

    def attempt(**changes: object) -> None:
        with tenant_scope(tenant_id):
            given = ReviewVerdict.objects.get(task_id=task_id)
            values = {"id": uuid.uuid4(), "slot": 2, "reviewer_id": charity.reviewers[1].id, **changes}
            for name, value in values.items():
                setattr(given, name, value)
            given._state.adding = True
            given.save(force_insert=True)

    for changes in (
        {"reviewer_id": charity.reviewers[0].id},
        {"slot": 1},
        {"slot": 3},
        {"requester_id": charity.reviewers[1].id},
        {"reviewer_id": charity.actor.id},
        {"decision_entry_id": uuid.uuid4()},
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            attempt(**changes)
    with pytest.raises(DatabaseError), tenant_scope(tenant_id):
        ReviewCandidate.objects.filter(task_id=task_id).update(state="released")


def test_reading_is_judged_by_what_it_was_made_for(charity: Charity, task_id: uuid.UUID, judge: Judge) -> None:
    for reviewer in charity.reviewers:
        judge(reviewer, task_id)
    elsewhere = replace(charity.actor, usage=replace(charity.actor.usage, purpose="missing_person_search"))

    with reviews.reading(elsewhere, task_id=task_id) as reading:
        reading.admission.complete()

    assert reading.admission.decision.facts["purpose"] == "victim_identification"
