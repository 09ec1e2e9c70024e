"""Shapes of the decision routes."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from common.vocabulary import Circumstance, CustomerCategory, Operation, Purpose
from governance.audit.models import AuditEntry
from governance.explanations import ExplainedDecision
from governance.judging import Judgement
from governance.policies import Changes, RuleOutcome
from governance.simulations import LONGEST_DAYS, Simulation


class FiredRule(serializers.Serializer[Any]):
    id = serializers.CharField()
    reason = serializers.CharField()


class DecisionSummary(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    time = serializers.DateTimeField()
    operation = serializers.CharField()
    effect = serializers.ChoiceField(choices=["allow", "deny"])
    purpose = serializers.CharField(allow_null=True)
    on_behalf_of = serializers.CharField(allow_null=True)
    jurisdiction = serializers.CharField(allow_null=True)
    rules = FiredRule(many=True, help_text="Every rule that fired against the request; empty when it was allowed.")
    policy_version = serializers.IntegerField()


class DecisionPage(serializers.Serializer[Any]):
    items = DecisionSummary(many=True)
    next_cursor = serializers.CharField(allow_null=True)


class EvaluatedRule(serializers.Serializer[Any]):
    id = serializers.CharField()
    outcome = serializers.ChoiceField(choices=[outcome.value for outcome in RuleOutcome])


class DecisionExplained(DecisionSummary):
    allowed_by = serializers.ListField(child=serializers.CharField())
    obligations = serializers.ListField(child=serializers.CharField())
    limits = serializers.DictField(child=serializers.IntegerField(), help_text="What the operation must keep to.")
    every_rule = EvaluatedRule(many=True, help_text="What each rule of the policy said; empty for an unsigned policy.")
    policy_digest = serializers.CharField()
    epoch = serializers.IntegerField()
    facts = serializers.DictField(help_text="Every fact that the rules were evaluated on.")
    params = serializers.DictField()
    resource = serializers.DictField()
    outcome = serializers.DictField(allow_null=True, help_text="How the operation ended; null while it runs.")
    leaf_hash = serializers.CharField(help_text="RFC 6962 leaf hash of the entry, hexadecimal.")


def summary_of(entry: AuditEntry) -> dict[str, Any]:
    """Return the members of `DecisionSummary`."""
    content = entry.content
    decision = content["decision"]
    return {
        "id": entry.id,
        "time": entry.ts,
        "operation": content["action"],
        "effect": decision["effect"],
        "purpose": content["purpose"],
        "on_behalf_of": content["on_behalf_of"],
        "jurisdiction": content["jurisdiction"],
        "rules": decision["rules"],
        "policy_version": decision["policy_version"],
    }


def explanation_of(explained: ExplainedDecision) -> dict[str, Any]:
    """Return the members of `DecisionExplained`."""
    entry, outcome = explained.decision, explained.outcome
    content = entry.content
    decision = content["decision"]
    return {
        **summary_of(entry),
        "allowed_by": decision["allowed_by"],
        "obligations": decision["obligations"],
        "limits": decision.get("limits", {}),
        "every_rule": [{"id": rule_id, "outcome": said.value} for rule_id, said in explained.rules.items()],
        "policy_digest": decision["policy_digest"],
        "epoch": decision["epoch"],
        "facts": content["facts"],
        "params": content["params"],
        "resource": content["resource"],
        "outcome": outcome.content["outcome"] if outcome else None,
        "leaf_hash": bytes(entry.leaf_hash).hex(),
    }


def _slugs(enum: Any) -> list[str]:
    return [member.value for member in enum]


class WhatIfRequest(serializers.Serializer[Any]):
    operation = serializers.ChoiceField(choices=_slugs(Operation))
    purpose = serializers.ChoiceField(choices=_slugs(Purpose), required=False, help_text="Left out: as the key has it.")
    on_behalf_of = serializers.ChoiceField(choices=_slugs(CustomerCategory), required=False)
    jurisdiction = serializers.RegexField(r"^[A-Z-]{2,10}$", required=False)
    case = serializers.RegexField(r"^[ -~]{1,200}$", required=False, help_text="Reference of a case.")
    circumstances = serializers.ListField(
        child=serializers.ChoiceField(choices=_slugs(Circumstance)), required=False, max_length=10
    )
    attributes = serializers.ListField(child=serializers.RegexField(r"^[a-z_]{1,40}$"), required=False, max_length=50)
    threshold = serializers.FloatField(required=False, min_value=0, max_value=100)
    gallery_size = serializers.IntegerField(required=False, min_value=0, max_value=10**12)
    gallery_growth = serializers.IntegerField(required=False, min_value=0, max_value=10**9)
    engine_version = serializers.RegexField(r"^[!-~]{1,200}$", required=False)


class WhatIfResponse(serializers.Serializer[Any]):
    effect = serializers.ChoiceField(choices=["allow", "deny"])
    rules = FiredRule(many=True)
    allowed_by = serializers.ListField(child=serializers.CharField())
    obligations = serializers.ListField(child=serializers.CharField())
    limits = serializers.DictField(child=serializers.IntegerField())
    threshold = serializers.FloatField(help_text="The one that would be used, in per cent; 0 where none is.")
    policy_version = serializers.IntegerField()
    policy_digest = serializers.CharField()
    facts = serializers.DictField()


class SimulateRequest(serializers.Serializer[Any]):
    rules = serializers.ListField(
        child=serializers.DictField(), max_length=500, help_text="Candidate rules, as in the body of a policy version."
    )
    days = serializers.IntegerField(min_value=1, max_value=LONGEST_DAYS, default=30)


class ChangedDecisions(serializers.Serializer[Any]):
    total = serializers.IntegerField()
    by_rule = serializers.DictField(child=serializers.IntegerField())
    by_purpose = serializers.DictField(child=serializers.IntegerField())


class SimulateResponse(serializers.Serializer[Any]):
    days = serializers.IntegerField()
    replayed = serializers.IntegerField()
    is_complete = serializers.BooleanField(help_text="False: there were more decisions; the newest were replayed.")
    cannot_tell = serializers.IntegerField(help_text="The candidate asks for facts that were not asked for then.")
    newly_denied = ChangedDecisions()
    newly_allowed = ChangedDecisions()


def supposed_of(judgement: Judgement) -> dict[str, Any]:
    """Return the members of `WhatIfResponse`."""
    verdict, policy = judgement.verdict, judgement.snapshot.policy
    return {
        "effect": verdict.effect.value,
        "rules": [{"id": rule.id, "reason": rule.reason} for rule in verdict.fired],
        "allowed_by": list(verdict.allowed_by),
        "obligations": list(verdict.obligations),
        "limits": verdict.limits.stated(),
        "threshold": judgement.threshold,
        "policy_version": policy.version,
        "policy_digest": policy.digest,
        "facts": judgement.facts,
    }


def simulation_of(simulation: Simulation) -> dict[str, Any]:
    """Return the members of `SimulateResponse`."""
    replay = simulation.replay
    return {
        "days": simulation.days,
        "replayed": replay.n_replayed,
        "is_complete": simulation.is_complete,
        "cannot_tell": replay.n_cannot_tell,
        "newly_denied": _changes(replay.newly_denied),
        "newly_allowed": _changes(replay.newly_allowed),
    }


def _changes(changes: Changes) -> dict[str, Any]:
    return {"total": changes.total, "by_rule": dict(changes.by_rule), "by_purpose": dict(changes.by_purpose)}
