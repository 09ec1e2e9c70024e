"""Vetting: an organisation applies, two assigned officers decide, and everything in between stays as it was stated."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import DatabaseError, connections, transaction

from common.context import Actor, tenant_scope
from common.errors import InvalidRequest
from common.ids import new_id
from common.vocabulary import CustomerCategory, StaffRole, TenantRole
from governance import four_eyes, ports, services
from governance.audit import ledger
from governance.audit.models import AuditEntry
from governance.errors import ConflictOfInterest, NotPermittedForRole
from governance.four_eyes import Statement
from governance.models import Approval, ChangeRequest, Suspension
from governance.vetting import applications, assigning, deciding, evidence, expiry, selectors
from governance.vetting.errors import (
    ApplicationIncomplete,
    ApplicationNotFound,
    ApplicationOpen,
    ApplicationState,
    EvidenceNotFound,
    EvidenceUnusable,
    NotAssigned,
)
from governance.vetting.models import Evidence, EvidenceContent, VettingApplication
from tenants.errors import RoleNotSufficient, Suspended
from tenants.models import User
from tests.people import actor_for, make_member, make_staff
from tests.worlds import Player, PlayerFactory, Staff

PDF = b"%PDF-1.7 charter"
AGREED = Statement("Complete and credible.", interest="none")
STATED: dict[str, Any] = {
    "legal_name": "Rescue e. V.",
    "registration": "Register of associations of Springfield, 4711",
    "address": "1 Main Street, Springfield",
    "contact": "office@rescue.example",
    "jurisdictions": ["US"],
    "purposes": ["victim_identification"],
    "operations": ["search", "enrol", "detect"],
    "end_users": ["victim_rescue_ngo"],
    "attestations": ["lawful_basis"],
    "rationale": "We look for children who were abducted.",
    "case_officers": [{"name": "A. Jones", "training": "Reviewing candidates", "trained_on": "2026-03-02"}],
}


@pytest.fixture
def owner(make_player: PlayerFactory) -> Actor:
    player = make_player(CustomerCategory.VICTIM_RESCUE_NGO, approved=False)
    return actor_for(player, make_member(player, TenantRole.OWNER, email=f"{new_id().hex[-12:]}@rescue.example"))


@pytest.fixture
def submitted(owner: Actor) -> VettingApplication:
    application = applications.begin_application(owner)
    applications.state(owner, application_id=application.id, values=STATED)
    evidence.add_evidence(owner, application_id=application.id, title="Charter", data=PDF)
    return applications.submit(owner, application_id=application.id)


@pytest.fixture(autouse=True)
def _engines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "_offered_versions", lambda: ["fake-1"])


def _reviewers(application: VettingApplication) -> tuple[User, User]:
    first, second = assigning.reviewers_of(application)
    return first, second


def _state(application: VettingApplication) -> str:
    return VettingApplication.objects.using("officer").get(id=application.id).state


def _events(application: VettingApplication) -> list[str]:
    entries = AuditEntry.objects.using("officer").filter(kind="event", tenant_id=application.tenant_id)
    bodies = [entry.content for entry in entries.order_by("ins_id")]
    return [body["action"] for body in bodies if body["resource"]["id"] == str(application.id)]


def _until(days: int = 300) -> Any:
    return ledger.database_now() + timedelta(days=days)


def _approve(application: VettingApplication, *, days: int = 300) -> ChangeRequest:
    first, second = _reviewers(application)
    deciding.begin_review(application.id, officer=first)
    change = deciding.propose_approval(application.id, officer=first, statement=AGREED, expires_at=_until(days))
    return four_eyes.approve(change.id, approver=second, statement=AGREED)


def _refuse(application: VettingApplication, officers: tuple[User, User]) -> None:
    deciding.begin_review(application.id, officer=officers[0])
    change = deciding.propose_refusal(
        application.id, officer=officers[0], statement=AGREED, message="The charter is not signed."
    )
    four_eyes.approve(change.id, approver=officers[1], statement=AGREED)


def test_two_assigned_officers_approve_what_was_applied_for(submitted: VettingApplication) -> None:
    mail.outbox = []
    first, second = _reviewers(submitted)
    assert {person.staff_role for person in (first, second)} == {"officer"}

    change = _approve(submitted)

    approval = Approval.objects.using("officer").get(id=str(change.result_id))
    assert (approval.approver_1_id, approval.approver_2_id) == (first.pk, second.pk)
    assert (approval.purposes, approval.operations) == (["victim_identification"], ["detect", "enrol", "search"])
    assert (approval.engine_versions, approval.attestations) == (["fake-1"], ["lawful_basis"])
    stored = VettingApplication.objects.using("officer").get(id=submitted.id)
    assert (stored.state, stored.approval_id) == ("approved", approval.id)
    assert _events(submitted) == [
        "application:begun", "application:changed", "evidence:added", "application:submitted", "application:taken-up",
        "application:approved",
    ]  # fmt: skip
    ours = [letter.subject for letter in mail.outbox if letter.to[0].endswith("@rescue.example")]
    assert ours == ["Custos: Your organisation is approved"]
    assert [review.kind for review in selectors.reviews_of(stored)] == ["approve_application"]


def test_what_was_submitted_does_not_change(owner: Actor, submitted: VettingApplication) -> None:
    with pytest.raises(ApplicationState):
        applications.state(owner, application_id=submitted.id, values={"rationale": "Something else."})
    with pytest.raises(ApplicationState):
        evidence.add_evidence(owner, application_id=submitted.id, title="More", data=PDF + b"2")
    with pytest.raises(ApplicationState):
        applications.submit(owner, application_id=submitted.id)
    with pytest.raises(DatabaseError, match="does not change"), tenant_scope(owner.tenant_id):
        VettingApplication.objects.filter(id=submitted.id).update(rationale="Something else.")
    with pytest.raises(DatabaseError, match="stays as it was"), tenant_scope(owner.tenant_id):
        Evidence.objects.filter(application_id=submitted.id).delete()


def test_the_application_role_cannot_decide_or_open_evidence(owner: Actor, submitted: VettingApplication) -> None:
    deciding.begin_review(submitted.id, officer=_reviewers(submitted)[0])
    with pytest.raises(DatabaseError, match="officers decide"), tenant_scope(owner.tenant_id):
        VettingApplication.objects.filter(id=submitted.id).update(state="refused")
    with pytest.raises(DatabaseError, match="permission denied"), tenant_scope(owner.tenant_id):
        VettingApplication.objects.filter(id=submitted.id).update(approval_id=submitted.id)
    with pytest.raises(DatabaseError, match="permission denied"), tenant_scope(owner.tenant_id):
        EvidenceContent.objects.filter(tenant_id=owner.tenant_id).first()
    with (
        pytest.raises(DatabaseError, match="does not go from"),
        transaction.atomic(using="officer"),
        connections["officer"].cursor() as cursor,
    ):
        cursor.execute("UPDATE vetting_vettingapplication SET state = 'expired' WHERE id = %s", [submitted.id])


def test_evidence_is_sealed_and_opened_by_assigned_officers_only(
    owner: Actor, submitted: VettingApplication, staff: Staff
) -> None:
    (row,) = selectors.evidence_of(submitted, using="officer")
    stored = EvidenceContent.objects.using("officer").get(evidence_id=row.id)
    assert PDF not in bytes(stored.sealed)
    reader = _reviewers(submitted)[0]

    document = evidence.read_evidence(reader, application_id=submitted.id, evidence_id=row.id)

    assert (document.title, document.media_type, document.data) == ("Charter", "application/pdf", PDF)
    assert _events(submitted)[-1] == "evidence:read"
    assert evidence.read_evidence(staff.oversight[0], application_id=submitted.id, evidence_id=row.id).data == PDF
    stranger, auditor = make_staff(StaffRole.OFFICER)[0], make_staff(StaffRole.AUDITOR)[0]
    with pytest.raises(ApplicationNotFound):
        evidence.read_evidence(stranger, application_id=submitted.id, evidence_id=row.id)
    with pytest.raises(NotPermittedForRole):
        evidence.read_evidence(auditor, application_id=submitted.id, evidence_id=row.id)
    with pytest.raises(EvidenceNotFound):
        evidence.read_evidence(reader, application_id=submitted.id, evidence_id=submitted.id)


def test_officers_see_their_queue_oversight_and_auditors_see_all(submitted: VettingApplication, staff: Staff) -> None:
    stranger, auditor = make_staff(StaffRole.OFFICER)[0], make_staff(StaffRole.AUDITOR)[0]
    operator = make_staff(StaffRole.OPERATOR)[0]

    assert selectors.visible_to(_reviewers(submitted)[0]).filter(id=submitted.id).exists()
    assert selectors.visible_to(staff.oversight[0]).filter(id=submitted.id).exists()
    assert selectors.visible_to(auditor).filter(id=submitted.id).exists()
    assert not selectors.visible_to(stranger).filter(id=submitted.id).exists()
    assert not selectors.visible_to(operator).filter(id=submitted.id).exists()


def test_oversight_chooses_who_reviews(submitted: VettingApplication, staff: Staff) -> None:
    further = make_staff(StaffRole.OFFICER)[0]
    with pytest.raises(NotPermittedForRole):
        assigning.assign(submitted, officer=further, by=staff.officers[0])
    with pytest.raises(NotPermittedForRole):
        assigning.assign(submitted, officer=staff.oversight[1], by=staff.oversight[0])

    assigning.assign(submitted, officer=further, by=staff.oversight[0])
    assert further in assigning.reviewers_of(submitted)
    assigning.unassign(submitted, officer=further, by=staff.oversight[0])

    assert further not in assigning.reviewers_of(submitted)
    with pytest.raises(NotAssigned):
        deciding.begin_review(submitted.id, officer=further)


def test_who_is_not_assigned_signs_nothing(submitted: VettingApplication) -> None:
    first = _reviewers(submitted)[0]
    stranger = make_staff(StaffRole.OFFICER)[0]
    deciding.begin_review(submitted.id, officer=first)
    change = deciding.propose_approval(submitted.id, officer=first, statement=AGREED, expires_at=_until())

    with pytest.raises(NotAssigned):
        four_eyes.approve(change.id, approver=stranger, statement=AGREED)
    with pytest.raises(NotAssigned):
        deciding.propose_refusal(submitted.id, officer=stranger, statement=AGREED, message="no")
    assert _state(submitted) == "in_review"


def test_an_approval_lasts_twelve_months_at_most_and_needs_known_engines(
    submitted: VettingApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = _reviewers(submitted)[0]
    deciding.begin_review(submitted.id, officer=first)

    with pytest.raises(InvalidRequest, match="twelve months"):
        deciding.propose_approval(submitted.id, officer=first, statement=AGREED, expires_at=_until(400))
    monkeypatch.setattr(ports, "_offered_versions", None)
    with pytest.raises(InvalidRequest, match="engines"):
        deciding.propose_approval(submitted.id, officer=first, statement=AGREED, expires_at=_until())


def test_officers_ask_for_more_and_the_answer_comes_back(owner: Actor, submitted: VettingApplication) -> None:
    first = _reviewers(submitted)[0]
    deciding.begin_review(submitted.id, officer=first)
    change = deciding.propose_approval(submitted.id, officer=first, statement=AGREED, expires_at=_until())
    with pytest.raises(InvalidRequest):
        deciding.ask_for_more(submitted.id, officer=first, message=" ")
    deciding.ask_for_more(submitted.id, officer=first, message="Who signs for you?")
    assert applications.get_application(owner, application_id=submitted.id).message == "Who signs for you?"

    applications.state(owner, application_id=submitted.id, values={"rationale": "The chair signs for us."})
    applications.submit(owner, application_id=submitted.id)
    deciding.begin_review(submitted.id, officer=first)

    # What the first officer had signed before is no longer what the application says.
    with pytest.raises(deciding.ApplicationChanged):
        four_eyes.approve(change.id, approver=_reviewers(submitted)[1], statement=AGREED)


def test_a_refusal_is_explained_and_appealed_to_others(owner: Actor, submitted: VettingApplication) -> None:
    refused_by = _reviewers(submitted)
    with pytest.raises(ApplicationState):
        applications.appeal(owner, application_id=submitted.id, reason="We disagree.")
    _refuse(submitted, refused_by)
    assert applications.get_application(owner, application_id=submitted.id).message == "The charter is not signed."
    for _ in range(2):
        make_staff(StaffRole.OFFICER)
    with pytest.raises(InvalidRequest):
        applications.appeal(owner, application_id=submitted.id, reason=" ")

    applications.appeal(owner, application_id=submitted.id, reason="It is signed on page 9.")

    others = [person for person in assigning.reviewers_of(submitted) if person not in refused_by]
    assert len(others) == 2
    with pytest.raises(ConflictOfInterest):
        deciding.begin_review(submitted.id, officer=refused_by[0])
    deciding.begin_review(submitted.id, officer=others[0])
    change = deciding.propose_approval(submitted.id, officer=others[0], statement=AGREED, expires_at=_until())
    with pytest.raises(ConflictOfInterest):
        four_eyes.approve(change.id, approver=refused_by[1], statement=AGREED)
    four_eyes.approve(change.id, approver=others[1], statement=AGREED)
    assert _state(submitted) == "approved"


def test_who_was_shut_out_is_replaced(submitted: VettingApplication, staff: Staff) -> None:
    gone, _ = make_staff(StaffRole.OFFICER)
    for officer in assigning.reviewers_of(submitted):
        assigning.unassign(submitted, officer=officer, by=staff.oversight[0])
    assigning.assign(submitted, officer=gone, by=staff.oversight[0])
    services.deactivate_staff(gone.pk, by=staff.oversight[0], reason="Left us.")

    assigning.assign_waiting()

    assert len([person for person in assigning.reviewers_of(submitted) if person.is_active]) == 2


def test_an_incomplete_application_is_not_submitted(owner: Actor) -> None:
    application = applications.begin_application(owner)

    with pytest.raises(ApplicationIncomplete, match=r"legal name.*evidence"):
        applications.submit(owner, application_id=application.id)
    with pytest.raises(ApplicationOpen):
        applications.begin_application(owner)


@pytest.mark.parametrize(
    "values",
    [
        {"purposes": ["world_domination"]},
        {"jurisdictions": ["Atlantis"]},
        {"case_officers": [{"name": "A. Jones"}]},
        {"case_officers": [{"name": "A. Jones", "training": "T"}]},
        {"case_officers": [{"name": "A", "training": "T", "trained_on": "yesterday"}]},
        {"case_officers": [{"name": "A", "training": "T", "trained_on": "2026-01-01"}] * 101},
        {"rationale": "x" * 10_001},
        {"rationale": "e\u0301"},
        {"state": "approved"},
    ],
)
def test_what_cannot_be_stated_is_refused(owner: Actor, values: dict[str, Any]) -> None:
    application = applications.begin_application(owner)

    with pytest.raises(InvalidRequest):
        applications.state(owner, application_id=application.id, values=values)


@pytest.mark.parametrize(("title", "data"), [("Script", b"<script>"), (" ", PDF), ("Big", b"%PDF-" + b"x" * 10485760)])
def test_evidence_of_another_kind_or_size_is_refused(owner: Actor, title: str, data: bytes) -> None:
    application = applications.begin_application(owner)

    with pytest.raises(EvidenceUnusable):
        evidence.add_evidence(owner, application_id=application.id, title=title, data=data)


def test_evidence_is_there_once_and_can_be_taken_back(owner: Actor) -> None:
    application = applications.begin_application(owner)
    added = evidence.add_evidence(owner, application_id=application.id, title="Charter", data=PDF)
    with pytest.raises(EvidenceUnusable, match="already"):
        evidence.add_evidence(owner, application_id=application.id, title="Again", data=PDF)

    evidence.remove_evidence(owner, application_id=application.id, evidence_id=added.id)

    assert not EvidenceContent.objects.using("officer").filter(evidence_id=added.id).exists()
    with pytest.raises(EvidenceNotFound):
        evidence.remove_evidence(owner, application_id=application.id, evidence_id=added.id)


def test_who_does_not_manage_the_organisation_or_is_suspended_states_nothing(
    make_player: PlayerFactory, staff: Staff
) -> None:
    player = make_player(approved=False)
    viewer = actor_for(player, make_member(player, TenantRole.VIEWER))
    owner = actor_for(player, make_member(player))
    with pytest.raises(RoleNotSufficient):
        applications.begin_application(viewer)
    services.suspend(
        player.tenant.id,
        target=Suspension.Target.ORGANISATION,
        target_id=player.tenant.id,
        reason="test",
        imposed_by=staff.oversight[0],
    )
    # The organisation may still ask; a suspended person of it may not.
    application = applications.begin_application(owner)
    services.suspend(
        player.tenant.id,
        target=Suspension.Target.USER,
        target_id=owner.id,
        reason="test",
        imposed_by=staff.oversight[0],
    )
    with pytest.raises(Suspended):
        applications.state(owner, application_id=application.id, values={})


def test_tenants_do_not_see_each_others_applications(submitted: VettingApplication, alice: Player) -> None:
    with pytest.raises(ApplicationNotFound):
        applications.get_application(alice.actor, application_id=submitted.id)
    found = applications.list_applications(alice.actor, paginate=list)
    assert submitted.id not in {application.id for application in found}


def test_reminders_come_in_time_and_the_end_is_marked(owner: Actor, submitted: VettingApplication) -> None:
    _approve(submitted, days=100)
    mail.outbox = []
    now = ledger.database_now()

    expiry.remind_and_expire(now)
    assert _state(submitted) == "approved"
    expiry.remind_and_expire(now + timedelta(days=50))
    expiry.remind_and_expire(now + timedelta(days=51))
    assert _state(submitted) == "expiring"
    expiry.remind_and_expire(now + timedelta(days=90))
    address = User.objects.get(pk=owner.id).email
    subjects = [letter.subject for letter in mail.outbox if letter.to == [address]]
    assert subjects == ["Custos: Your approval ends soon"] * 2
    expiry.remind_and_expire(now + timedelta(days=101))

    assert _state(submitted) == "expired"
    again = applications.begin_application(owner)
    assert (again.legal_name, again.state) == ("Rescue e. V.", "draft")


def test_a_newer_approval_supersedes_and_shows_what_changed(owner: Actor, submitted: VettingApplication) -> None:
    from governance.vetting.content import differences

    _approve(submitted)
    again = applications.begin_application(owner)
    applications.state(owner, application_id=again.id, values={"purposes": ["missing_person_search"]})
    evidence.add_evidence(owner, application_id=again.id, title="Charter", data=PDF)
    applications.submit(owner, application_id=again.id)
    stored = VettingApplication.objects.using("officer").get(id=again.id)
    before = selectors.last_approved(stored)

    assert [difference.name for difference in differences(before, stored)] == ["purposes"]
    assert len(differences(None, stored)) == len(STATED)
    _approve(again)

    assert (_state(submitted), _state(again)) == ("superseded", "approved")
    assert Approval.objects.using("officer").filter(tenant_id=owner.tenant_id, revoked_at=None).count() == 1


def test_a_mail_server_that_is_away_undoes_nothing(
    submitted: VettingApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr("django.core.mail.EmailMessage.send", away)

    _approve(submitted)

    assert _state(submitted) == "approved"
