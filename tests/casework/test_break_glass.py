"""Breaking the glass: who opens, confirms and reviews, what the gate makes of it, and what time ends by itself."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.db import ProgrammingError, connections

from common.context import Actor, ActorKind, tenant_scope
from common.errors import InvalidRequest
from common.vocabulary import CustomerCategory, Operation, TenantRole
from governance import four_eyes, gate, transparency
from governance import services as governance
from governance.accountability import emergencies
from governance.audit import ledger
from governance.audit.models import AuditEntry
from governance.casework import break_glass, cases, maintenance
from governance.casework.break_glass import Emergency
from governance.casework.errors import (
    BreakGlassEnded,
    BreakGlassInvalid,
    BreakGlassNotFound,
    BreakGlassOverdue,
    BreakGlassUnreviewed,
    CaseClosed,
    SecondPersonNeeded,
)
from governance.casework.models import BreakGlassGrant, Case
from governance.errors import NotPermittedForRole
from governance.four_eyes import Statement
from governance.models import Suspension
from tenants.errors import NotAMember, Suspended
from tests.conftest import admin_connection
from tests.people import actor_for, make_member, owner_of
from tests.worlds import MoratoriumFactory, Player, PlayerFactory, Staff, in_case

NGO = CustomerCategory.VICTIM_RESCUE_NGO
Finding = BreakGlassGrant.Finding


@pytest.fixture
def charity(make_player: PlayerFactory) -> Player:
    """Approved for its own purposes: not on behalf of the police."""
    return in_case(make_player(NGO, on_behalf_of=CustomerCategory.LAW_ENFORCEMENT, end_users=(NGO,)))


@pytest.fixture
def case(charity: Player) -> Case:
    return cases.list_cases(charity.actor, paginate=lambda rows: rows.get())


@pytest.fixture
def workers(charity: Player) -> tuple[Actor, Actor]:
    first, second = (actor_for(charity, make_member(charity, TenantRole.CASE_WORKER)) for _ in range(2))
    return first, second


def _emergency(**changes: Any) -> Emergency:
    described: dict[str, Any] = {
        "reason": "A child was seen being led into a car.",
        "operations": {Operation.DETECT},
        "end_user": CustomerCategory.LAW_ENFORCEMENT,
        "jurisdiction": "US",
        "hours": 4,
    }
    return Emergency(**(described | changes))


def _decide(player: Player) -> gate.Decision:
    request = gate.AccessRequest(
        actor=player.actor,
        operation=Operation.DETECT,
        resource=gate.ResourceRef("image", None, player.tenant.id),
    )
    return gate.authorise(request)


def _refused_by(player: Player) -> set[str]:
    return {rule.id for rule in _decide(player).verdict.fired}


def _let_pass(grant: BreakGlassGrant, by: timedelta) -> None:
    """Move all of its times into the past, as time would."""
    columns = ("opened_at", "confirm_by", "expires_at", "review_by", "confirmed_at")
    moved = ", ".join(f"{column} = {column} - %(by)s" for column in columns)
    with admin_connection(connections["default"].settings_dict["NAME"]) as admin:
        admin.execute(f"UPDATE casework_breakglassgrant SET {moved} WHERE id = %(id)s", {"by": by, "id": grant.id})


def _tags(player: Player) -> list[str]:
    with tenant_scope(player.tenant.id):
        entries = AuditEntry.objects.filter(kind="event", tenant_id=player.tenant.id).order_by("ins_id")
        tags = [entry.content["action"] for entry in entries]
    return [tag.removeprefix("break-glass:") for tag in tags if tag.startswith("break-glass:")]


def test_it_holds_at_once_and_for_good_when_a_second_person_confirms(
    charity: Player, case: Case, workers: tuple[Actor, Actor]
) -> None:
    assert _refused_by(charity) == {"VET-004", "ALW-001"}

    grant = break_glass.break_glass(workers[0], case_id=case.id, emergency=_emergency())
    opened = _decide(charity)
    with pytest.raises(SecondPersonNeeded):
        break_glass.confirm(workers[0], case_id=case.id, grant_id=grant.id)
    break_glass.confirm(workers[1], case_id=case.id, grant_id=grant.id)
    _let_pass(grant, timedelta(minutes=16))

    assert opened.is_allowed and opened.verdict.allowed_by == ("BRK-001",)
    assert opened.verdict.obligations == ("BRK-002",)
    assert opened.valid_until is not None and opened.valid_until <= int(grant.confirm_by.timestamp() * 1e6) + 1
    assert _decide(charity).is_allowed
    with pytest.raises(BreakGlassEnded):
        break_glass.confirm(workers[1], case_id=case.id, grant_id=grant.id)
    _let_pass(grant, timedelta(hours=4))
    assert _refused_by(charity) == {"VET-004", "ALW-001"}


def test_unconfirmed_it_ends_after_a_quarter_of_an_hour_without_any_task(
    charity: Player, case: Case, workers: tuple[Actor, Actor]
) -> None:
    grant = break_glass.break_glass(workers[0], case_id=case.id, emergency=_emergency())
    _let_pass(grant, timedelta(minutes=15))

    assert _refused_by(charity) == {"VET-004", "ALW-001"}
    with pytest.raises(BreakGlassEnded):
        break_glass.confirm(workers[1], case_id=case.id, grant_id=grant.id)
    with pytest.raises(BreakGlassUnreviewed):
        break_glass.break_glass(workers[0], case_id=case.id, emergency=_emergency())
    for _ in range(2):
        maintenance.end_what_is_due()
    assert _tags(charity) == ["opened", "lapsed"]


def test_one_person_ends_it_early(charity: Player, case: Case, workers: tuple[Actor, Actor]) -> None:
    grant = break_glass.break_glass(workers[0], case_id=case.id, emergency=_emergency())

    break_glass.close(workers[1], case_id=case.id, grant_id=grant.id)

    assert not _decide(charity).is_allowed
    for act in (break_glass.close, break_glass.confirm):
        with pytest.raises(BreakGlassEnded):
            act(workers[1], case_id=case.id, grant_id=grant.id)


def test_no_key_opens_confirms_or_closes(charity: Player, case: Case, workers: tuple[Actor, Actor]) -> None:
    with pytest.raises(NotAMember):
        break_glass.break_glass(charity.actor, case_id=case.id, emergency=_emergency())
    grant = break_glass.break_glass(workers[0], case_id=case.id, emergency=_emergency())

    assert charity.actor.kind is ActorKind.API_KEY
    for act in (break_glass.close, break_glass.confirm):
        with pytest.raises(NotAMember):
            act(charity.actor, case_id=case.id, grant_id=grant.id)


def test_it_ends_with_its_case_and_its_uses_are_counted(
    charity: Player, case: Case, workers: tuple[Actor, Actor]
) -> None:
    began = ledger.database_now()
    break_glass.break_glass(workers[0], case_id=case.id, emergency=_emergency())
    assert _decide(charity).is_allowed

    cases.close_case(workers[0], case_id=case.id)

    assert not _decide(charity).is_allowed
    report = transparency.make_report(since=began, until=ledger.database_now())
    tables = {table.title: dict(table.rows) for table in report.tables}
    assert tables["Uses under break-glass by operation"] == {"detect": None}, "fewer than five"
    assert "break-glass:opened" in tables["What happened"]


@pytest.mark.parametrize(
    "change",
    [
        {"reason": "It is urgent."},
        {"operations": set()},
        {"operations": {Operation.ADMINISTER}},
        {"jurisdiction": "XX"},
        {"hours": 0},
        {"hours": 25},
    ],
)
def test_it_says_what_cannot_wait(
    charity: Player, case: Case, workers: tuple[Actor, Actor], change: dict[str, Any]
) -> None:
    with pytest.raises(BreakGlassInvalid):
        break_glass.break_glass(workers[0], case_id=case.id, emergency=_emergency(**change))


def test_only_a_vetted_organisation_breaks_it_and_in_an_open_case(make_player: PlayerFactory) -> None:
    unvetted = in_case(make_player(NGO, approved=False))
    owner = owner_of(unvetted)
    case = cases.list_cases(owner, paginate=lambda rows: rows.get())

    with pytest.raises(BreakGlassInvalid):
        break_glass.break_glass(owner, case_id=case.id, emergency=_emergency())
    cases.close_case(owner, case_id=case.id)
    with pytest.raises(CaseClosed):
        break_glass.break_glass(owner, case_id=case.id, emergency=_emergency())
    with pytest.raises(BreakGlassNotFound):
        break_glass.confirm(owner, case_id=case.id, grant_id=case.id)


def test_it_passes_no_moratorium(
    charity: Player, case: Case, workers: tuple[Actor, Actor], impose: MoratoriumFactory
) -> None:
    break_glass.break_glass(workers[0], case_id=case.id, emergency=_emergency())

    assert _decide(charity).is_allowed
    impose(selector=governance.Selector(end_users=[CustomerCategory.LAW_ENFORCEMENT]))
    assert _refused_by(charity) == {"MOR-001"}


def test_the_oversight_reviews_it_and_another_emergency_may_follow(
    charity: Player, case: Case, workers: tuple[Actor, Actor], staff: Staff
) -> None:
    grant = break_glass.break_glass(workers[0], case_id=case.id, emergency=_emergency())
    found = {"finding": Finding.JUSTIFIED, "reason": "The police confirm the call."}
    with pytest.raises(NotPermittedForRole):
        emergencies.review(grant.id, reviewer=staff.officers[0], **found)
    with pytest.raises(BreakGlassInvalid):
        emergencies.review(grant.id, reviewer=staff.oversight[0], finding=Finding.JUSTIFIED, reason=" ")

    emergencies.review(grant.id, reviewer=staff.oversight[0], **found)

    with pytest.raises(BreakGlassEnded):
        emergencies.review(grant.id, reviewer=staff.oversight[1], **found)
    with pytest.raises(BreakGlassNotFound):
        emergencies.review(case.id, reviewer=staff.oversight[1], **found)
    break_glass.break_glass(workers[0], case_id=case.id, emergency=_emergency())
    assert _tags(charity) == ["opened", "reviewed", "opened"]


def test_an_emergency_that_was_none_suspends_the_organisation(
    charity: Player, case: Case, workers: tuple[Actor, Actor], staff: Staff
) -> None:
    grant = break_glass.break_glass(workers[0], case_id=case.id, emergency=_emergency())

    emergencies.review(grant.id, reviewer=staff.oversight[0], finding=Finding.UNJUSTIFIED, reason="Shoplifting.")

    assert {"SUS-001", "VET-004"} <= _refused_by(charity)
    assert Suspension.objects.using("officer").filter(tenant_id=charity.tenant.id, lifted_at=None).exists()


def test_unreviewed_for_a_day_it_suspends_the_organisation_without_any_task_until_two_settle_it(
    charity: Player, case: Case, workers: tuple[Actor, Actor], staff: Staff
) -> None:
    grant = break_glass.break_glass(workers[0], case_id=case.id, emergency=_emergency())
    _let_pass(grant, timedelta(hours=24))

    assert "SUS-001" in _refused_by(charity)
    with pytest.raises(Suspended):
        cases.close_case(workers[0], case_id=case.id)
    with pytest.raises(BreakGlassOverdue):
        emergencies.review(grant.id, reviewer=staff.oversight[0], finding=Finding.JUSTIFIED, reason="Too late.")
    for _ in range(2):
        maintenance.end_what_is_due()
    assert _tags(charity) == ["opened", "lapsed", "overdue"]

    payload = {"grant": str(grant.id), "finding": "justified", "reason": "The police confirm the call."}
    statement = Statement("The police confirm the call.", interest="none")
    change = four_eyes.propose("settle_break_glass", payload, proposer=staff.oversight[0], statement=statement)
    with pytest.raises(NotPermittedForRole):
        four_eyes.approve(change.id, approver=staff.oversight[0], statement=statement)
    four_eyes.approve(change.id, approver=staff.oversight[1], statement=statement)

    assert "SUS-001" not in _refused_by(charity)
    refused = {BreakGlassEnded: {}, BreakGlassNotFound: {"grant": str(case.id)}, InvalidRequest: {"finding": "?"}}
    for error, change_of_payload in refused.items():
        wrong = payload | change_of_payload
        with pytest.raises(error):
            four_eyes.propose("settle_break_glass", wrong, proposer=staff.oversight[0], statement=statement)


def test_the_application_cannot_write_a_review_of_its_own(
    charity: Player, case: Case, workers: tuple[Actor, Actor], staff: Staff
) -> None:
    grant = break_glass.break_glass(workers[0], case_id=case.id, emergency=_emergency())

    with pytest.raises(ProgrammingError, match="permission denied"), tenant_scope(charity.tenant.id):
        BreakGlassGrant.objects.filter(id=grant.id).update(reviewed_at=grant.opened_at)


def test_letters_go_to_who_may_confirm_and_who_reviews(
    charity: Player, case: Case, workers: tuple[Actor, Actor], mailoutbox: list[EmailMessage]
) -> None:
    make_member(charity, TenantRole.CASE_WORKER, email="second@charity.example")
    make_member(charity, TenantRole.VIEWER, email="viewer@charity.example")

    break_glass.break_glass(workers[0], case_id=case.id, emergency=_emergency())

    (letter,) = (mail for mail in mailoutbox if "charity.example" in mail.to[0])
    assert letter.to == ["second@charity.example"] and "confirms it until" in str(letter.body)
    assert "led into a car" not in str(letter.body)


def test_a_mail_server_that_is_away_stops_nobody(
    charity: Player, case: Case, workers: tuple[Actor, Actor], monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(message: EmailMessage) -> None:
        raise OSError

    make_member(charity, TenantRole.CASE_WORKER, email="third@charity.example")
    monkeypatch.setattr(EmailMessage, "send", away)

    break_glass.break_glass(workers[0], case_id=case.id, emergency=_emergency())

    assert _decide(charity).is_allowed
