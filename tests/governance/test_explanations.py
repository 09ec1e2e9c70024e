"""A tenant's own decisions, through the use-cases: a right, scoped to the tenant, itself on record."""

from __future__ import annotations

import pytest

from common.context import tenant_scope
from common.ids import new_id
from common.vocabulary import Operation
from governance import explanations, gate, services
from governance.audit.models import AuditEntry, EntryKind
from governance.errors import DecisionNotFound
from tests.worlds import MoratoriumFactory, Player, PlayerFactory, World


def _use(player: Player, *, operation: Operation = Operation.ADMINISTER) -> gate.Admission:
    resource = gate.ResourceRef("collection", None, player.tenant.id)
    request = gate.AccessRequest(actor=player.actor, operation=operation, resource=resource)
    with gate.authorised(request) as admission, tenant_scope(player.tenant.id):
        admission.complete(n_faces=3)
    return admission


def test_it_explains_a_decision_with_its_outcome(alice: Player) -> None:
    admission = _use(alice)

    explained = explanations.get_decision(admission.decision_id, actor=alice.actor)

    assert explained.decision.content["action"] == "administer"
    assert explained.outcome is not None
    assert explained.outcome.content["outcome"] == {
        "status": "succeeded",
        "n_faces": 3,
        "epoch": admission.decision.epoch,
    }


def test_a_use_that_goes_on_has_no_outcome_yet(alice: Player) -> None:
    resource = gate.ResourceRef("collection", None, alice.tenant.id)
    running = gate.authorise(gate.AccessRequest(actor=alice.actor, operation=Operation.ADMINISTER, resource=resource))

    assert explanations.get_decision(running.id, actor=alice.actor).outcome is None
    assert alice.client.get(f"/v1/decisions/{running.id}").json()["outcome"] is None


def test_reading_a_decision_is_itself_a_decision(alice: Player) -> None:
    admission = _use(alice)
    explanations.get_decision(admission.decision_id, actor=alice.actor)

    newest = explanations.list_decisions(actor=alice.actor, paginate=lambda rows: list(rows[:2]))

    assert [entry.content["action"] for entry in newest] == ["read_own_decisions", "read_own_decisions"]
    assert newest[1].content["resource"] == {"type": "decision", "id": str(admission.decision_id)}


def test_an_outcome_or_an_event_is_no_decision(alice: Player) -> None:
    _use(alice)
    with tenant_scope(alice.tenant.id):
        others = list(AuditEntry.objects.exclude(kind=EntryKind.DECISION)[:5])
    assert {entry.kind for entry in others} == {"outcome", "event"}

    for entry in others:
        with pytest.raises(DecisionNotFound):
            explanations.get_decision(entry.id, actor=alice.actor)
    assert {entry.kind for entry in explanations.list_decisions(actor=alice.actor, paginate=list)} == {"decision"}


def test_another_tenants_decision_is_not_found(world: World) -> None:
    admission = _use(world.alice)

    for decision_id in (admission.decision_id, new_id()):
        with pytest.raises(DecisionNotFound):
            explanations.get_decision(decision_id, actor=world.mallory.actor)
    listed = explanations.list_decisions(actor=world.mallory.actor, paginate=list)
    assert admission.decision_id not in {entry.id for entry in listed}


def test_it_is_a_right_of_who_may_do_nothing_else(make_player: PlayerFactory, impose: MoratoriumFactory) -> None:
    player = make_player(approved=False)
    impose(selector=services.Selector())
    with pytest.raises(gate.PolicyRefused) as refusal:
        _use(player)

    explained = explanations.get_decision(refusal.value.decision_id, actor=player.actor)

    assert explained.decision.content["decision"]["effect"] == "deny"
    assert explained.outcome is not None
    assert explained.outcome.content["outcome"]["status"] == "refused"
