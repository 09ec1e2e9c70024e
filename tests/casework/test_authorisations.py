"""Warrants and urgent uses: what they must say, who ratifies, and what the gate makes of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connections

from common.context import Actor, tenant_scope
from common.vocabulary import AuthorisationKind, CustomerCategory, Operation, TenantRole
from governance import gate
from governance.audit.ledger import database_now
from governance.casework import authorisations, cases, maintenance
from governance.casework.authorisations import NewAuthorisation
from governance.casework.errors import (
    AuthorisationEnded,
    AuthorisationInvalid,
    AuthorisationNotFound,
    CaseClosed,
    SecondPersonNeeded,
    TooManyAuthorisations,
    UrgencyNotRatified,
)
from governance.casework.models import Authorisation, Case
from tenants.errors import NotAMember
from tests.conftest import admin_connection
from tests.people import actor_for, make_member, owner_of
from tests.worlds import Player, PlayerFactory, in_case


def _document(kind: AuthorisationKind = AuthorisationKind.WARRANT, **changes: Any) -> NewAuthorisation:
    now = database_now()
    described: dict[str, Any] = {
        "kind": kind,
        "authority": "District Court of Springfield",
        "operations": {Operation.SEARCH},
        "valid_from": now - timedelta(minutes=1),
        "valid_until": now + timedelta(days=7),
        "document_reference": "26-SW-00417",
        "document_digest": "0" * 64,
    }
    return NewAuthorisation(**(described | changes))


@pytest.fixture
def police(make_player: PlayerFactory) -> Player:
    return in_case(make_player(CustomerCategory.LAW_ENFORCEMENT))


@pytest.fixture
def case(police: Player) -> Case:
    return cases.list_cases(police.actor, paginate=lambda rows: rows.get())


def _record(police: Player, case: Case, document: NewAuthorisation, *, actor: Actor | None = None) -> Authorisation:
    """Record it, as a member unless it is said who."""
    return authorisations.record_authorisation(actor or owner_of(police), case_id=case.id, document=document)


def _ratify(actor: Actor, urgent: Authorisation, **changes: str) -> Authorisation:
    document = {"document_reference": "26-SW-00418", "document_digest": "1" * 64} | changes
    return authorisations.ratify(actor, case_id=urgent.case_id, authorisation_id=urgent.id, **document)


def _fired(police: Player, *, jurisdiction: str = "US", operation: Operation = Operation.SEARCH) -> set[str]:
    usage = replace(police.actor.usage, jurisdiction=jurisdiction)
    request = gate.AccessRequest(
        actor=replace(police.actor, usage=usage),
        operation=operation,
        resource=gate.ResourceRef("collection", None, police.tenant.id),
        threshold=99.0,
    )
    return {rule.id for rule in gate.authorise(request).verdict.fired}


def _age(authorisation: Authorisation, *, by: timedelta) -> None:
    """Move its deadline into the past, as time would."""
    with admin_connection(connections["default"].settings_dict["NAME"]) as admin:
        admin.execute(
            "UPDATE casework_authorisation SET ratify_by = ratify_by - %s WHERE id = %s", [by, authorisation.id]
        )


def test_a_warrant_opens_what_needs_one(police: Player, case: Case) -> None:
    assert "WAR-001" not in _fired(police)
    assert "WAR-001" in _fired(police, jurisdiction="DE")

    _record(police, case, _document())

    assert "WAR-001" not in _fired(police, jurisdiction="DE")
    assert "WAR-001" in _fired(police, jurisdiction="DE", operation=Operation.COMPARE)


def test_a_withdrawn_warrant_opens_nothing(police: Player, case: Case) -> None:
    warrant = _record(police, case, _document())

    authorisations.revoke(police.actor, case_id=case.id, authorisation_id=warrant.id)

    assert "WAR-001" in _fired(police, jurisdiction="DE")
    with pytest.raises(AuthorisationEnded):
        authorisations.revoke(police.actor, case_id=case.id, authorisation_id=warrant.id)


@pytest.mark.parametrize(
    ("operations", "hours"),
    [({Operation.SEARCH}, 48), ({Operation.SEARCH, Operation.WATCHLIST_REALTIME}, 24)],
)
def test_an_urgent_use_has_a_deadline(police: Player, case: Case, operations: set[Operation], hours: int) -> None:
    urgent = _record(police, case, _document(AuthorisationKind.EXIGENT, operations=operations))

    assert urgent.ratify_by is not None
    assert abs(urgent.ratify_by - urgent.recorded_at - timedelta(hours=hours)) < timedelta(seconds=5)
    assert not {"WAR-001", "WAR-002"} & _fired(police, jurisdiction="DE")


def test_it_stops_at_the_deadline_without_any_task(police: Player, case: Case) -> None:
    urgent = _record(police, case, _document(AuthorisationKind.EXIGENT))

    _age(urgent, by=timedelta(hours=48))

    assert {"WAR-001", "WAR-002"} <= _fired(police, jurisdiction="DE")
    assert "WAR-002" in _fired(police)


def test_the_verdict_of_an_urgent_use_holds_until_its_deadline_only(police: Player, case: Case) -> None:
    urgent = _record(police, case, _document(AuthorisationKind.EXIGENT))
    request = gate.AccessRequest(
        actor=police.actor,
        operation=Operation.SEARCH,
        resource=gate.ResourceRef("collection", None, police.tenant.id),
        threshold=99.0,
    )

    valid_until = gate.authorise(request).valid_until

    assert urgent.ratify_by is not None and valid_until is not None
    assert valid_until <= _micros(urgent.ratify_by)


def _micros(instant: datetime) -> int:
    return int(instant.timestamp() * 1_000_000) + 1


def test_another_person_ratifies_it_in_time(police: Player, case: Case) -> None:
    first, second = owner_of(police), actor_for(police, make_member(police, TenantRole.CASE_WORKER))
    urgent = _record(police, case, _document(AuthorisationKind.EXIGENT), actor=first)

    with pytest.raises(SecondPersonNeeded):
        _ratify(first, urgent)
    ratified = _ratify(second, urgent)

    assert ratified.ratified_at is not None
    assert (ratified.ratification_reference, ratified.ratification_digest) == ("26-SW-00418", "1" * 64)
    with pytest.raises(AuthorisationEnded):
        _ratify(second, urgent)


def test_no_key_declares_urgency_or_ratifies_it(police: Player, case: Case) -> None:
    with pytest.raises(NotAMember):
        _record(police, case, _document(AuthorisationKind.EXIGENT), actor=police.actor)
    urgent = _record(police, case, _document(AuthorisationKind.EXIGENT))

    with pytest.raises(NotAMember):
        _ratify(police.actor, urgent)


def test_what_a_key_declared_in_former_times_is_ratified_by_nobody(police: Player, case: Case) -> None:
    urgent = _record(police, case, _document(AuthorisationKind.EXIGENT))
    with admin_connection(connections["default"].settings_dict["NAME"]) as admin:
        admin.execute("UPDATE casework_authorisation SET recorded_by_kind = 'api_key' WHERE id = %s", [urgent.id])

    with pytest.raises(SecondPersonNeeded):
        _ratify(owner_of(police), urgent)


@pytest.mark.parametrize(
    "change", [{"document_reference": " "}, {"document_digest": ""}, {"document_digest": "A" * 64}]
)
def test_a_ratification_names_the_document_of_the_court(police: Player, case: Case, change: dict[str, str]) -> None:
    urgent = _record(police, case, _document(AuthorisationKind.EXIGENT))

    with pytest.raises(AuthorisationInvalid):
        _ratify(owner_of(police), urgent, **change)


def test_urgency_follows_no_urgency_that_a_court_has_not_ratified(police: Player, case: Case) -> None:
    urgent = _record(police, case, _document(AuthorisationKind.EXIGENT))
    with pytest.raises(UrgencyNotRatified):
        _record(police, case, _document(AuthorisationKind.EXIGENT))

    _age(urgent, by=timedelta(hours=49))
    maintenance.end_what_is_due()

    with tenant_scope(police.tenant.id):
        assert Authorisation.objects.get(id=urgent.id).purged_at is not None
    with pytest.raises(UrgencyNotRatified):
        _record(police, case, _document(AuthorisationKind.EXIGENT))
    _record(police, case, _document())


def test_urgency_may_follow_one_that_a_court_has_ratified(police: Player, case: Case) -> None:
    _ratify(owner_of(police), _record(police, case, _document(AuthorisationKind.EXIGENT)))

    assert _record(police, case, _document(AuthorisationKind.EXIGENT)).ratify_by is not None


def test_nobody_ratifies_too_late_or_withdraws_what_is_owed(police: Player, case: Case) -> None:
    urgent = _record(police, case, _document(AuthorisationKind.EXIGENT))
    second = actor_for(police, make_member(police, TenantRole.CASE_WORKER))
    with pytest.raises(AuthorisationEnded):
        authorisations.revoke(second, case_id=case.id, authorisation_id=urgent.id)

    _age(urgent, by=timedelta(hours=48))

    with pytest.raises(AuthorisationEnded):
        _ratify(second, urgent)


@pytest.mark.parametrize(
    "change",
    [
        {"operations": set()},
        {"authority": " "},
        {"valid_until": datetime.fromisoformat("2020-01-01T00:00:00+00:00")},
        {"valid_until": datetime.fromisoformat("2099-01-01T00:00:00+00:00")},
        {"document_reference": ""},
        {"document_digest": "not a digest"},
    ],
)
def test_a_document_that_says_too_little_is_refused(police: Player, case: Case, change: dict[str, Any]) -> None:
    with pytest.raises(AuthorisationInvalid):
        _record(police, case, _document(**change))


def test_a_case_takes_as_many_as_a_decision_can_record(
    police: Player, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(authorisations, "MOST_OF_A_CASE", 1)
    _record(police, case, _document())

    with pytest.raises(TooManyAuthorisations):
        _record(police, case, _document())


def test_a_closed_case_takes_none_and_another_case_has_none_of_it(police: Player, case: Case) -> None:
    warrant = _record(police, case, _document())
    named = in_case(police, reference="other")
    second = cases.list_cases(named.actor, paginate=lambda rows: rows.get(reference="other"))
    with pytest.raises(AuthorisationNotFound):
        authorisations.revoke(police.actor, case_id=second.id, authorisation_id=warrant.id)

    cases.close_case(police.actor, case_id=case.id)

    with pytest.raises(CaseClosed):
        _record(police, case, _document())


def test_a_court_goes_before_an_urgent_declaration(police: Player, case: Case) -> None:
    urgent = _record(police, case, _document(AuthorisationKind.EXIGENT))
    with tenant_scope(police.tenant.id):
        assert authorisations.urgent_one_in_use(case, operation=Operation.SEARCH) == urgent
        assert authorisations.urgent_one_in_use(case, operation=Operation.COMPARE) is None
    _record(police, case, _document())
    with tenant_scope(police.tenant.id):
        assert authorisations.urgent_one_in_use(case, operation=Operation.SEARCH) is None
