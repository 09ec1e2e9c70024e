"""A tenant's own decisions: a right that no suspension or moratorium takes away."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from django.db.models import QuerySet

from common.context import Actor, tenant_scope
from common.vocabulary import Operation
from governance import gate
from governance.audit import selectors
from governance.audit.models import AuditEntry
from governance.errors import DecisionNotFound, PolicyNotSigned
from governance.models import Moratorium
from governance.policies import RuleOutcome, outcomes
from governance.selectors import load_policy

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Stopped:
    """A moratorium that refused something, in the words of who imposed it; `until` None: until further notice."""

    id: uuid.UUID
    reason: str
    legal_source: str
    until: datetime | None
    is_lifted: bool


@dataclass(frozen=True, slots=True)
class ExplainedDecision:
    """A decision entry and, once the operation has ended, its outcome entry.

    Attributes:
        rules: what each rule of its policy version said to the recorded facts; empty where the version is not signed.
        stopped_by: the moratoria for which it was refused, as they are now.
    """

    decision: AuditEntry
    outcome: AuditEntry | None
    rules: dict[str, RuleOutcome]
    stopped_by: tuple[Stopped, ...] = ()


def list_decisions(*, actor: Actor, paginate: Callable[[QuerySet[AuditEntry]], T], only_refusals: bool = False) -> T:
    """Return a page of the tenant's decisions, newest first; of all of them, or of those that refused something."""
    entries_of = selectors.list_refusals if only_refusals else selectors.list_decisions
    with gate.authorised(_request(actor, decision_id=None)) as admission, tenant_scope(actor.tenant_id):
        found = paginate(entries_of(actor.tenant_id))
        admission.complete()
    return found


def get_decision(decision_id: uuid.UUID, *, actor: Actor) -> ExplainedDecision:
    """Return one decision with its outcome.

    Raises:
        DecisionNotFound: the tenant has no such decision.
    """
    with gate.authorised(_request(actor, decision_id=decision_id)) as admission, tenant_scope(actor.tenant_id):
        decision = selectors.get_decision(actor.tenant_id, decision_id=decision_id)
        if decision is None:
            raise DecisionNotFound
        outcome = selectors.get_outcome(actor.tenant_id, decision_id=decision_id)
        rules, stopped_by = _outcomes(decision), _stopped_by(decision)
        admission.complete()
    return ExplainedDecision(decision, outcome, rules, stopped_by)


def _outcomes(decision: AuditEntry) -> dict[str, RuleOutcome]:
    content = decision.content
    try:
        policy = load_policy(content["decision"]["policy_version"])
    except PolicyNotSigned:
        return {}  # published before versions were signed
    return outcomes(policy, content["facts"])


def _stopped_by(decision: AuditEntry) -> tuple[Stopped, ...]:
    """Return the words of the moratoria that the reason names: the log keeps their ids alone."""
    said = " ".join(rule["reason"] for rule in decision.content["decision"]["rules"] if rule["id"] == "MOR-001")
    named = [record["id"] for record in decision.content["facts"].get("moratoria", []) if record["id"] in said]
    return tuple(
        Stopped(found.id, found.reason, found.legal_source, found.effective_until, found.lifted_at is not None)
        for found in Moratorium.objects.filter(id__in=named).order_by("effective_from")
    )


def _request(actor: Actor, *, decision_id: uuid.UUID | None) -> gate.AccessRequest:
    return gate.AccessRequest(
        actor=actor,
        operation=Operation.READ_OWN_DECISIONS,
        resource=gate.ResourceRef("decision", decision_id, actor.tenant_id),
    )
