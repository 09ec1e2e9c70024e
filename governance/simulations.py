"""What would be, if: one request that nobody made, and the tenant's own past decisions under other rules.

Both are part of reading one's own decisions: a right, recorded like any reading. Neither gives a permit.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

from common.context import Actor, tenant_scope
from common.vocabulary import Operation
from governance import gate, ports
from governance.audit import ledger
from governance.audit import selectors as log
from governance.audit.models import AuditEntry
from governance.catalogue import CATALOGUE
from governance.judging import Judgement, judge
from governance.policies import Effect, Policy, Recorded, Replay

MOST_REPLAYED: Final = 2_000
LONGEST_DAYS: Final = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class Supposition:
    """A request that is only supposed; what is None or empty is as the actor's own requests have it, or not stated."""

    operation: Operation
    purpose: str | None = None
    on_behalf_of: str | None = None
    jurisdiction: str | None = None
    case_ref: str | None = None
    circumstances: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    threshold: float | None = None
    gallery_size: int | None = None
    gallery_growth: int = 0
    engine_version: str | None = None


@dataclass(frozen=True, slots=True)
class Simulation:
    """What a tenant's decisions would have been; `is_complete` says whether none was left out for their number."""

    replay: Replay
    days: int
    is_complete: bool


def what_if(supposed: Supposition, *, actor: Actor) -> Judgement:
    """Say what the gate would decide now, and why; nothing is done and no permit is given."""
    usage = replace(
        actor.usage,
        purpose=supposed.purpose or actor.usage.purpose,
        on_behalf_of=supposed.on_behalf_of or actor.usage.on_behalf_of,
        jurisdiction=supposed.jurisdiction or actor.usage.jurisdiction,
        case_ref=supposed.case_ref or actor.usage.case_ref,
        circumstances=tuple(sorted({*actor.usage.circumstances, *supposed.circumstances})),
    )
    question = gate.AccessRequest(
        actor=replace(actor, usage=usage),
        operation=supposed.operation,
        resource=gate.ResourceRef("supposition", None, actor.tenant_id),
        threshold=supposed.threshold,
        false_match_rate=ports.scale_of(supposed.engine_version) if supposed.engine_version else None,
        gallery_size=supposed.gallery_size,
        gallery_growth=supposed.gallery_growth,
        engine_version=supposed.engine_version,
        attributes=supposed.attributes,
        # Supposed is a caller that can do what is asked in return, as searching and comparing by REST can.
        meets=tuple(rule.id for rule in CATALOGUE.values() if rule.effect is Effect.OBLIGE),
    )
    with gate.authorised(_reading(actor)) as admission, tenant_scope(actor.tenant_id):
        judgement = judge(question)
        admission.complete()
    return judgement


def simulate(rules: list[dict[str, Any]], *, days: int, actor: Actor) -> Simulation:
    """Replay the tenant's newest decisions of the last days under candidate rules.

    Args:
        rules: as in the body of a policy version.
        days: how far back, at most `LONGEST_DAYS`.
        actor: who asks; only decisions of its tenant are read.

    Raises:
        PolicyInvalid: the rules do not fit the closed schema.
    """
    candidate = Policy.from_body({"version": 1, "rules": rules})
    replay = Replay()
    with gate.authorised(_reading(actor)) as admission, tenant_scope(actor.tenant_id):
        since = ledger.database_now() - timedelta(days=min(days, LONGEST_DAYS))
        entries = log.list_decisions(actor.tenant_id).filter(ts__gte=since).exclude(id=admission.decision_id)
        found = list(entries.order_by("-ins_id")[: MOST_REPLAYED + 1])
        for entry in found[:MOST_REPLAYED]:
            replay.add(recorded_of(entry), candidate=candidate)
        admission.complete()
    return Simulation(replay, days, len(found) <= MOST_REPLAYED)


def recorded_of(entry: AuditEntry) -> Recorded:
    """Return a decision entry as a replay takes it."""
    content = entry.content
    return Recorded(
        facts=content["facts"],
        is_allowed=content["decision"]["effect"] == "allow",
        rule_ids=[rule["id"] for rule in content["decision"]["rules"]],
        organisation=str(entry.tenant_id),
        purpose=content["purpose"],
    )


def _reading(actor: Actor, *, decision_id: uuid.UUID | None = None) -> gate.AccessRequest:
    return gate.AccessRequest(
        actor=actor,
        operation=Operation.READ_OWN_DECISIONS,
        resource=gate.ResourceRef("decision", decision_id, actor.tenant_id),
    )
