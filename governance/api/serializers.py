"""Shapes of the decision routes."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from governance.audit.models import AuditEntry


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


class DecisionExplained(DecisionSummary):
    allowed_by = serializers.ListField(child=serializers.CharField())
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


def explanation_of(entry: AuditEntry, *, outcome: AuditEntry | None) -> dict[str, Any]:
    """Return the members of `DecisionExplained`."""
    content = entry.content
    decision = content["decision"]
    return {
        **summary_of(entry),
        "allowed_by": decision["allowed_by"],
        "policy_digest": decision["policy_digest"],
        "epoch": decision["epoch"],
        "facts": content["facts"],
        "params": content["params"],
        "resource": content["resource"],
        "outcome": outcome.content["outcome"] if outcome else None,
        "leaf_hash": bytes(entry.leaf_hash).hex(),
    }
