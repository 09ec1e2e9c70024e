"""A decision is recorded with the moratoria that may concern it, and there are never more than its entry holds."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connections

from common.context import tenant_scope
from common.vocabulary import JURISDICTION_PARENTS, CustomerCategory, Operation, Purpose
from governance import gate, room, services
from governance.audit import ledger
from governance.errors import PolicyRefused, TooManyInForce
from governance.models import Moratorium
from governance.policies import evaluate, in_reach
from tests.governance.policy_facts import POLICY, make_exemption, make_facts, make_moratorium
from tests.worlds import MoratoriumFactory, Player, Staff

EVERYTHING = services.Selector(
    categories=[*CustomerCategory],
    end_users=[*CustomerCategory],
    purposes=[*Purpose],
    operations=[*Operation],
    jurisdictions=[*JURISDICTION_PARENTS],
)


def _decide(player: Player, *, operation: Operation = Operation.ADMINISTER) -> gate.Decision:
    resource = gate.ResourceRef("collection", None, player.tenant.id)
    return gate.authorise(gate.AccessRequest(actor=player.actor, operation=operation, resource=resource))


def _ids(decision: gate.Decision) -> set[str]:
    return {moratorium["id"] for moratorium in decision.facts["moratoria"]}


def test_only_what_may_cover_the_use_is_recorded_with_it(alice: Player, impose: MoratoriumFactory) -> None:
    later = ledger.database_now() + timedelta(days=30)
    mine = services.Selector(categories=[CustomerCategory.CONSUMER_SOFTWARE])
    scheduled = impose(selector=mine, effective_from=later)
    vague = impose(
        selector=services.Selector(categories=mine.categories, jurisdictions=["US-CA"]), effective_from=later
    )
    elsewhere = impose(selector=services.Selector(categories=mine.categories, jurisdictions=["GB"]))
    others = impose(selector=services.Selector(categories=[CustomerCategory.LAW_ENFORCEMENT]))

    decision = _decide(alice)

    assert _ids(decision) == {str(scheduled.id), str(vague.id)}
    assert {str(elsewhere.id), str(others.id)}.isdisjoint(_ids(decision))
    assert decision.is_allowed


def test_a_right_is_recorded_without_moratoria(alice: Player, impose: MoratoriumFactory) -> None:
    impose(selector=EVERYTHING)

    assert _ids(_decide(alice, operation=Operation.DELETE)) == set()
    assert not _decide(alice).is_allowed


def test_ill_typed_moratoria_are_kept_so_that_they_refuse() -> None:
    facts = make_facts(moratoria=[make_moratorium(categories=["police"])])

    assert in_reach(facts)["moratoria"] == facts["moratoria"]
    assert evaluate(POLICY, facts | in_reach(facts)).effect == "deny"


def test_exemptions_are_kept_with_their_moratorium_only() -> None:
    facts = make_facts(
        moratoria=[make_moratorium(), make_moratorium(id="m2", categories=["housing"])],
        exemptions=[make_exemption(), make_exemption(id="e2", moratorium="m2")],
    )

    assert [exemption["id"] for exemption in in_reach(facts)["exemptions"]] == ["e1"]


def test_as_many_moratoria_as_fit_leave_every_decision_recordable(
    alice: Player, impose: MoratoriumFactory, staff: Staff
) -> None:
    imposed: list[Moratorium] = []
    with pytest.raises(TooManyInForce):
        while len(imposed) < 100:
            imposed.append(impose(selector=EVERYTHING))

    assert len(imposed) >= 10
    refused = _decide(alice)
    assert len(refused.facts["moratoria"]) == len(imposed)
    assert not refused.is_allowed
    assert _decide(alice, operation=Operation.DELETE).is_allowed

    services.lift_moratorium(imposed[0], lifters=staff.oversight)
    impose(selector=EVERYTHING)


def test_a_tenant_holds_as_many_exemptions_as_fit(alice: Player, impose: MoratoriumFactory, staff: Staff) -> None:
    moratorium = impose(selector=EVERYTHING)
    until = ledger.database_now() + timedelta(days=1)

    def exempt() -> None:
        services.grant_exemption(
            moratorium,
            tenant_id=alice.tenant.id,
            purposes=[*Purpose],
            operations=[*Operation],
            end_users=[*CustomerCategory],
            expires_at=until,
            approvers=staff.officers,
        )

    with pytest.raises(TooManyInForce):
        for _ in range(room.EXEMPTIONS_ROOM // 100):
            exempt()

    decision = _decide(alice)
    assert decision.is_allowed
    assert len(decision.facts["exemptions"]) >= 5


def test_an_exemption_that_has_ended_is_recorded_no_longer(
    alice: Player, impose: MoratoriumFactory, staff: Staff
) -> None:
    moratorium = impose(selector=EVERYTHING)
    services.grant_exemption(
        moratorium,
        tenant_id=alice.tenant.id,
        purposes=[*Purpose],
        operations=[*Operation],
        end_users=[*CustomerCategory],
        expires_at=ledger.database_now() + timedelta(seconds=0.4),
        approvers=staff.officers,
    )
    resource = gate.ResourceRef("collection", None, alice.tenant.id)
    request = gate.AccessRequest(actor=alice.actor, operation=Operation.ADMINISTER, resource=resource)

    with pytest.raises(PolicyRefused), gate.authorised(request) as admission:
        assert len(admission.decision.facts["exemptions"]) == 1
        with tenant_scope(alice.tenant.id):
            with connections["default"].cursor() as cursor:
                cursor.execute("SELECT pg_sleep(0.5)")
            admission.complete()

    assert _decide(alice).facts["exemptions"] == []
