"""A decision in words: what was asked, what was answered, which rules spoke, and what they went by."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from governance.audit.models import AuditEntry
from governance.catalogue import CATALOGUE
from governance.explanations import ExplainedDecision
from governance.facts import FACTS

# Facts that are instants, in microseconds since the Unix epoch.
_INSTANTS: Final = frozenset({"now", "approval_valid_from", "approval_expires_at"})


@dataclass(frozen=True, slots=True)
class SpokenRule:
    """A rule that fired: the reason with this request's particulars, and what the rule says in general."""

    id: str
    reason: str
    title: str
    sentence: str
    source: str


@dataclass(frozen=True, slots=True)
class Fact:
    name: str
    sentence: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedDecision:
    id: uuid.UUID
    time: datetime
    operation: str
    is_refusal: bool
    purpose: str | None
    on_behalf_of: str | None
    rule_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownDecision:
    """Everything that is recorded of a decision.

    Attributes:
        outcome: how the operation ended; None while it has not.
        obligations: the rules that ask for something in return.
        limits: what the operation must keep to, by name.
        every_rule: what each rule of the policy said.
        policy: version and digest of the policy it was judged under.
        leaf_hash: of the entry in the audit log, hexadecimal.
    """

    id: uuid.UUID
    time: datetime
    operation: str
    is_refusal: bool
    purpose: str | None
    on_behalf_of: str | None
    jurisdiction: str | None
    resource: str
    actor: str
    rules: tuple[SpokenRule, ...]
    allowed_by: tuple[SpokenRule, ...]
    outcome: str | None
    policy: tuple[int, str]
    obligations: tuple[SpokenRule, ...]
    limits: tuple[tuple[str, int], ...]
    every_rule: tuple[tuple[SpokenRule, str], ...]
    facts: tuple[Fact, ...]
    leaf_hash: str


def listed(entry: AuditEntry) -> ListedDecision:
    """Return a decision as a list shows it."""
    content = entry.content
    decision = content["decision"]
    return ListedDecision(
        id=entry.id,
        time=entry.ts,
        operation=content["action"],
        is_refusal=decision["effect"] == "deny",
        purpose=content["purpose"],
        on_behalf_of=content["on_behalf_of"],
        rule_ids=tuple(rule["id"] for rule in decision["rules"]),
    )


def explained(found: ExplainedDecision) -> ShownDecision:
    """Return a decision as its own page shows it."""
    entry, content = found.decision, found.decision.content
    decision = content["decision"]
    outcome = found.outcome.content["outcome"] if found.outcome else None
    return ShownDecision(
        id=entry.id,
        time=entry.ts,
        operation=content["action"],
        is_refusal=decision["effect"] == "deny",
        purpose=content["purpose"],
        on_behalf_of=content["on_behalf_of"],
        jurisdiction=content["jurisdiction"],
        resource=_reference(content["resource"]["type"], content["resource"]["id"]),
        actor=_reference(content["actor"]["type"], content["actor"]["ref"]),
        rules=tuple(_spoken(rule["id"], reason=rule["reason"]) for rule in decision["rules"]),
        allowed_by=tuple(_spoken(rule_id, reason="") for rule_id in decision["allowed_by"]),
        outcome=outcome["status"] if outcome else None,
        policy=(decision["policy_version"], decision["policy_digest"]),
        obligations=tuple(_spoken(rule_id, reason="") for rule_id in decision["obligations"]),
        limits=tuple(decision.get("limits", {}).items()),
        every_rule=tuple((_spoken(rule_id, reason=""), said.value) for rule_id, said in found.rules.items()),
        facts=tuple(_fact(name, value) for name, value in sorted(content["facts"].items())),
        leaf_hash=bytes(entry.leaf_hash).hex(),
    )


def _spoken(rule_id: str, *, reason: str) -> SpokenRule:
    """A rule of an older catalogue keeps its recorded words."""
    rule = CATALOGUE.get(rule_id)
    if rule is None:
        return SpokenRule(rule_id, reason, "", "", "")
    return SpokenRule(rule_id, reason, rule.title, rule.sentence, rule.source)


def _fact(name: str, value: Any) -> Fact:
    spec = FACTS.get(name)
    return Fact(name, spec.sentence if spec else "", _text(name, value))


def _text(name: str, value: Any) -> str:
    if value is None:
        return "not stated"
    if name in _INSTANTS and isinstance(value, int):
        return datetime.fromtimestamp(value / 1_000_000, UTC).isoformat(sep=" ", timespec="seconds")
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ", ".join(value) or "none"
    return value if isinstance(value, str) else json.dumps(value, indent=1)


def _reference(kind: str, identifier: str | None) -> str:
    words = kind.replace("_", " ")
    return f"{words} {identifier}" if identifier else words
