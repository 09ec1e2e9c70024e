"""Four eyes: what one person asks for, another executes, and nothing else ever executes it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, cast

import pytest
from allauth.mfa.models import Authenticator
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connections, transaction

from common.errors import InvalidRequest, PlatformError
from common.ids import new_id
from common.vocabulary import CustomerCategory, StaffRole
from governance import four_eyes, services
from governance.audit import ledger
from governance.audit.models import AuditEntry
from governance.errors import (
    AlreadyEnded,
    ChangeAltered,
    ChangeDecided,
    ChangeExpired,
    ChangeKindUnknown,
    ChangeNotFound,
    ConflictOfInterest,
    NotPermittedForRole,
    StaffNotFound,
)
from governance.four_eyes import ChangeKind, Execution, Payload, Signed, Statement
from governance.models import ChangeRequest
from tenants.models import User
from tenants.sign_in import give_totp
from tests.conftest import admin_connection
from tests.people import PASSWORD, events_about, make_member, make_staff, sign_in
from tests.worlds import MoratoriumFactory, Player, Staff

FOR_A_REASON = Statement("It is right.", interest="none")
Done = list[tuple[Payload, Signed]]


@pytest.fixture
def done() -> Iterator[Done]:
    """What a kind of change of this test has executed."""
    executed: Done = []

    def check(payload: Payload) -> None:
        if payload.get("refuse"):
            raise InvalidRequest("no such change")

    def execute(payload: Payload, signed: Signed) -> Execution:
        if payload.get("stumble"):
            raise AlreadyEnded
        executed.append((payload, signed))
        return Execution(result_id=signed.change_id)

    kind = ChangeKind(slug="test", label="A test", roles=frozenset({StaffRole.OVERSIGHT}), check=check, execute=execute)
    four_eyes.register(kind)
    yield executed
    del four_eyes._kinds["test"]


def _propose(staff: Staff, **changes: Any) -> ChangeRequest:
    given = {"proposer": staff.oversight[0], "statement": FOR_A_REASON, **changes}
    return four_eyes.propose("test", given.pop("payload", {"what": "it"}), **given)


def _events(change: ChangeRequest) -> list[str]:
    entries = AuditEntry.objects.using("officer").filter(kind="event", tenant_id=None).order_by("ins_id")
    bodies = [entry.content for entry in entries]
    return [body["action"] for body in bodies if body.get("resource", {}).get("id") == str(change.id)]


def _state(change: ChangeRequest) -> str:
    return ChangeRequest.objects.using("officer").get(id=change.id).state


def test_the_second_person_executes_it(done: Done, staff: Staff) -> None:
    change = _propose(staff)
    assert done == []

    four_eyes.approve(change.id, approver=staff.oversight[1], statement=Statement("I agree.", interest="none at all"))

    ((payload, signed),) = done
    assert payload == {"what": "it"}
    assert signed.people == staff.oversight
    stored = ChangeRequest.objects.using("officer").get(id=change.id)
    assert (stored.state, stored.result_id, stored.decider_id) == ("executed", change.id, staff.oversight[1].pk)
    assert (stored.decision_reason, stored.decider_interest) == ("I agree.", "none at all")
    assert _events(change) == ["change:proposed", "change:executed"]


def test_it_is_executed_once(done: Done, staff: Staff) -> None:
    change = _propose(staff)
    four_eyes.approve(change.id, approver=staff.oversight[1], statement=FOR_A_REASON)

    with pytest.raises(ChangeDecided):
        four_eyes.approve(change.id, approver=staff.oversight[1], statement=FOR_A_REASON)
    assert len(done) == 1


def test_the_proposer_does_not_approve(done: Done, staff: Staff) -> None:
    change = _propose(staff)

    with pytest.raises(NotPermittedForRole, match="different"):
        four_eyes.approve(change.id, approver=staff.oversight[0], statement=FOR_A_REASON)
    assert (done, _state(change)) == ([], "pending")


def test_only_fitting_staff_sign(done: Done, staff: Staff, alice: Player) -> None:
    change = _propose(staff)
    outsiders = [staff.officers[0], make_member(alice)]

    for person in outsiders:
        with pytest.raises(NotPermittedForRole):
            _propose(staff, proposer=person)
        with pytest.raises(NotPermittedForRole):
            four_eyes.approve(change.id, approver=person, statement=FOR_A_REASON)
        with pytest.raises(NotPermittedForRole):
            four_eyes.reject(change.id, decider=person, reason="no")
    assert (done, _state(change)) == ([], "pending")


def test_an_api_key_signs_nothing(done: Done, staff: Staff, alice: Player) -> None:
    change = _propose(staff)
    key = cast(User, alice.actor)

    with pytest.raises(NotPermittedForRole, match="people"):
        _propose(staff, proposer=key)
    with pytest.raises(NotPermittedForRole, match="people"):
        four_eyes.approve(change.id, approver=key, statement=FOR_A_REASON)
    assert done == []


def test_who_is_inactive_now_signed_nothing(done: Done, staff: Staff) -> None:
    from tenants import services as tenants

    leaver = tenants.create_staff(
        username=f"leaver-{new_id().hex[-12:]}", password="a long one", role=StaffRole.OVERSIGHT, actor=ledger.SYSTEM
    )
    change = _propose(staff, proposer=leaver)
    User.objects.filter(pk=leaver.pk).update(is_active=False)

    with pytest.raises(NotPermittedForRole):
        four_eyes.approve(change.id, approver=staff.oversight[1], statement=FOR_A_REASON)
    with pytest.raises(NotPermittedForRole):
        _propose(staff, proposer=leaver)
    assert done == []


@pytest.mark.parametrize(
    ("statement", "error"),
    [
        (replace(FOR_A_REASON, has_conflict=True), ConflictOfInterest),
        (replace(FOR_A_REASON, reason=" "), InvalidRequest),
        (replace(FOR_A_REASON, interest=""), InvalidRequest),
    ],
)
def test_both_state_a_reason_and_their_interests(
    done: Done, staff: Staff, statement: Statement, error: type[PlatformError]
) -> None:
    change = _propose(staff)

    with pytest.raises(error):
        _propose(staff, statement=statement)
    with pytest.raises(error):
        four_eyes.approve(change.id, approver=staff.oversight[1], statement=statement)
    assert (done, _state(change)) == ([], "pending")


def test_it_expires(done: Done, staff: Staff, monkeypatch: pytest.MonkeyPatch) -> None:
    change = _propose(staff)
    assert four_eyes.is_pending(change, now=ledger.database_now())
    monkeypatch.setattr(ledger, "database_now", lambda **_: change.expires_at)

    with pytest.raises(ChangeExpired):
        four_eyes.approve(change.id, approver=staff.oversight[1], statement=FOR_A_REASON)

    assert done == []
    assert not four_eyes.is_pending(change, now=change.expires_at)


def test_what_was_altered_behind_the_back_is_refused_and_recorded(done: Done, staff: Staff) -> None:
    change = _propose(staff)
    with admin_connection(connections["default"].settings_dict["NAME"]) as admin:
        admin.execute("ALTER TABLE governance_changerequest DISABLE TRIGGER change_request_guard")
        admin.execute(
            "UPDATE governance_changerequest SET payload = %s WHERE id = %s", ['{"what": "another"}', change.id]
        )
        admin.execute("ALTER TABLE governance_changerequest ENABLE ALWAYS TRIGGER change_request_guard")

    with pytest.raises(ChangeAltered):
        four_eyes.approve(change.id, approver=staff.oversight[1], statement=FOR_A_REASON)
    assert done == []
    assert _events(change) == ["change:proposed", "change:altered"]


def test_a_failed_execution_leaves_it_pending(done: Done, staff: Staff) -> None:
    change = _propose(staff, payload={"stumble": True})

    with pytest.raises(AlreadyEnded):
        four_eyes.approve(change.id, approver=staff.oversight[1], statement=FOR_A_REASON)
    assert _state(change) == "pending"
    assert _events(change) == ["change:proposed"]


@pytest.mark.parametrize("payload", [{"refuse": True}, {"share": 0.5}])
def test_what_is_no_such_change_is_not_proposed(done: Done, staff: Staff, payload: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest):
        _propose(staff, payload=payload)


def test_unknown_kinds_and_changes_are_refused(staff: Staff) -> None:
    with pytest.raises(ChangeKindUnknown):
        four_eyes.propose("no_such", {}, proposer=staff.oversight[0], statement=FOR_A_REASON)
    with pytest.raises(ChangeNotFound):
        four_eyes.approve(new_id(), approver=staff.oversight[0], statement=FOR_A_REASON)
    with pytest.raises(ChangeNotFound):
        four_eyes._get(new_id())


def test_it_is_turned_down_or_taken_back_with_a_reason(done: Done, staff: Staff) -> None:
    first, second = _propose(staff), _propose(staff)

    with pytest.raises(InvalidRequest):
        four_eyes.reject(first.id, decider=staff.oversight[1], reason=" ")
    with pytest.raises(NotPermittedForRole):
        four_eyes.withdraw(second.id, proposer=staff.oversight[1], reason="mine?")
    four_eyes.reject(first.id, decider=staff.oversight[1], reason="no")
    four_eyes.withdraw(second.id, proposer=staff.oversight[0], reason="a mistake")

    assert (_state(first), _state(second)) == ("rejected", "withdrawn")
    assert _events(first)[-1] == "change:rejected"
    assert _events(second)[-1] == "change:withdrawn"
    for change in (first, second):
        with pytest.raises(ChangeDecided):
            four_eyes.approve(change.id, approver=staff.oversight[1], statement=FOR_A_REASON)
    assert done == []


def test_two_who_agreed_sign_together_or_leave_nothing(done: Done, staff: Staff) -> None:
    subject = str(new_id())
    with pytest.raises(AlreadyEnded):
        four_eyes.sign_together("test", {"stumble": True, "id": subject}, people=staff.oversight, reason="both")

    assert not ChangeRequest.objects.using("officer").filter(payload__id=subject).exists()
    four_eyes.sign_together("test", {"id": subject}, people=staff.oversight, reason="both")
    assert ChangeRequest.objects.using("officer").get(payload__id=subject).state == "executed"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"decider_id": "proposer"}, "proposer_is_not_approver"),
        ({"decider_id": "member"}, "active staff"),
        ({"payload": '{"other": 1}'}, "never changes"),
        ({"decision_reason": ""}, "approval_is_reasoned"),
        ({"decided_at": None}, "decided_by_somebody"),
        ({"state": "withdrawn"}, "withdrawn_by_its_proposer"),
    ],
)
def test_the_database_itself_refuses(
    done: Done, staff: Staff, alice: Player, values: dict[str, Any], words: str
) -> None:
    change = _propose(staff)
    people = {"proposer": staff.oversight[0].pk, "member": make_member(alice).pk}
    columns = {
        "state": "executed",
        "decider_id": staff.oversight[1].pk,
        "decided_at": ledger.database_now(),
        "decision_reason": "yes",
        "decider_interest": "none",
        **{name: people.get(str(value), value) for name, value in values.items()},
    }
    assignments = ", ".join(f"{name} = %s" for name in columns)

    with (
        pytest.raises(DatabaseError, match=words),
        transaction.atomic(using="officer"),
        connections["officer"].cursor() as cursor,
    ):
        cursor.execute(
            f"UPDATE governance_changerequest SET {assignments} WHERE id = %s", [*columns.values(), change.id]
        )


def test_nobody_deletes_one_and_the_application_does_not_see_them(done: Done, staff: Staff) -> None:
    change = _propose(staff)

    with pytest.raises(DatabaseError), transaction.atomic(using="officer"):
        change.delete(using="officer")
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        ChangeRequest.objects.filter(id=change.id).first()


def test_every_kind_is_known_and_refuses_an_empty_payload(staff: Staff) -> None:
    known = {kind.slug for kind in four_eyes.kinds()}

    assert {"grant_approval", "grant_exemption", "lift_moratorium", "lift_suspension"} <= known
    assert {"publish_policy", "create_staff", "reset_second_factor"} <= known
    for kind in four_eyes.kinds():
        with pytest.raises(PlatformError):
            kind.check({})


def test_a_moratorium_is_lifted_by_the_second_signature(impose: MoratoriumFactory, staff: Staff) -> None:
    moratorium = impose(selector=services.Selector(categories=[CustomerCategory.HOUSING]))
    payload = {"moratorium": str(moratorium.id)}
    change = four_eyes.propose("lift_moratorium", payload, proposer=staff.oversight[0], statement=FOR_A_REASON)
    moratorium.refresh_from_db(using="officer")
    assert moratorium.lifted_at is None
    assert change.subject_id == moratorium.id

    four_eyes.approve(change.id, approver=staff.oversight[1], statement=FOR_A_REASON)

    moratorium.refresh_from_db(using="officer")
    assert moratorium.lifted_at is not None
    assert (moratorium.lifter_1_id, moratorium.lifter_2_id) == tuple(person.pk for person in staff.oversight)
    with pytest.raises(AlreadyEnded):
        four_eyes.propose("lift_moratorium", payload, proposer=staff.oversight[0], statement=FOR_A_REASON)


def _sign(slug: str, payload: dict[str, Any], staff: Staff) -> uuid.UUID | None:
    return four_eyes.sign_together(slug, payload, people=staff.oversight, reason="needed").result_id


def test_staff_are_made_and_get_a_new_second_factor_by_two(staff: Staff) -> None:
    name = f"auditor-{new_id().hex[-12:]}"
    payload = {"username": name, "email": "a@b.example", "role": "auditor"}
    made = User.objects.get(pk=_sign("create_staff", payload, staff))
    assert (made.username, made.staff_role) == (name, "auditor")
    give_totp(made)
    with pytest.raises(PlatformError):
        _sign("create_staff", {**payload, "username": name.upper()}, staff)

    _sign("reset_second_factor", {"user": str(made.pk)}, staff)

    assert not Authenticator.objects.filter(user=made).exists()
    with pytest.raises(InvalidRequest, match="own"):
        _sign("reset_second_factor", {"user": str(staff.oversight[0].pk)}, staff)


def test_one_shuts_staff_out_and_two_let_them_in_again_as_new(done: Done, staff: Staff) -> None:
    person, secret = make_staff(StaffRole.OVERSIGHT)
    browser = sign_in(person, secret)
    change = _propose(staff, proposer=person)
    board = staff.oversight[0]
    for wrong in ({"by": staff.officers[0]}, {"by": person}):
        with pytest.raises(PlatformError):
            services.deactivate_staff(person.pk, **{"by": board, "reason": "x", **wrong})

    services.deactivate_staff(person.pk, by=board, reason="The account may be in other hands.")

    assert browser.get("/admin/").status_code == 302, "the session has ended"
    with pytest.raises(NotPermittedForRole):
        four_eyes.approve(change.id, approver=board, statement=FOR_A_REASON)
    with pytest.raises(StaffNotFound):
        services.deactivate_staff(person.pk, by=board, reason="x")
    with pytest.raises(CommandError, match="Two active"):
        call_command("reinstate_oversight", person.username)
    _sign("reinstate_staff", {"user": str(person.pk)}, staff)
    person.refresh_from_db()
    assert person.is_active and not person.check_password(PASSWORD)
    assert not Authenticator.objects.filter(user=person).exists()
    assert browser.get("/admin/").status_code == 302, "an earlier session opens nothing"
    with pytest.raises(StaffNotFound):
        _sign("reinstate_staff", {"user": str(person.pk)}, staff)
    assert [tag for tag, _ in events_about(person) if tag.startswith("staff:")] == [
        "staff:created",
        "staff:deactivated",
        "staff:second-factor-reset",
        "staff:reinstated",
    ]


def test_the_operator_lets_one_in_where_no_two_could_sign(staff: Staff, monkeypatch: pytest.MonkeyPatch) -> None:
    person, _ = make_staff(StaffRole.OVERSIGHT)
    officer, _ = make_staff()
    for each in (person, officer):
        services.deactivate_staff(each.pk, by=staff.oversight[0], reason="Gone.")
    # Of a shared database's oversight nobody can be shut out for one test: as if more of them were needed to sign.
    monkeypatch.setattr("governance.services.people._QUORUM", 1_000)

    with pytest.raises(CommandError, match="Nobody of the oversight"):
        call_command("reinstate_oversight", officer.username)
    call_command("reinstate_oversight", person.username)

    person.refresh_from_db()
    assert person.is_active
    assert events_about(person)[-1][0] == "staff:reinstated"


@pytest.mark.parametrize(
    "payload",
    [
        {"username": "somebody", "email": "no address", "role": "auditor"},
        {"username": "somebody", "email": "a@b.example", "role": "emperor"},
        {"username": " ", "email": "a@b.example", "role": "auditor"},
    ],
)
def test_staff_with_bad_data_are_not_made(staff: Staff, payload: dict[str, str]) -> None:
    with pytest.raises(InvalidRequest):
        _sign("create_staff", payload, staff)
