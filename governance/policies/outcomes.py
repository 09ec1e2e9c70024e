"""What each rule of a policy said to one set of facts, and what another policy would have said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from governance.catalogue import CATALOGUE
from governance.facts import Facts
from governance.policies.body import Policy, RuleSetting
from governance.policies.evaluation import INPUT_RULE, evaluate, missing_in_scope
from governance.rules.rule import Effect
from governance.rules.situation import FactsMissing, Situation


class RuleOutcome(StrEnum):
    """What came of a rule; of a rule that is set several times, the first of these."""

    FIRED = "fired"
    FACT_MISSING = "fact_missing"
    ALLOWS = "allows"
    OBLIGES = "obliges"
    SILENT = "silent"
    ELSEWHERE = "enforced_elsewhere"
    OUT_OF_SCOPE = "out_of_scope"


_RANK: Final = {outcome: rank for rank, outcome in enumerate(RuleOutcome)}


def outcomes(policy: Policy, facts: Facts) -> dict[str, RuleOutcome]:
    """Return the outcome of every rule of a policy, in catalogue order."""
    situation = Situation.from_facts(facts)
    found: dict[str, RuleOutcome] = {}
    for setting in policy.rules:
        outcome = _outcome(setting, situation=situation)
        found[setting.id] = min(found.get(setting.id, outcome), outcome, key=_RANK.__getitem__)
    return found


def _outcome(setting: RuleSetting, *, situation: Situation) -> RuleOutcome:
    rule = CATALOGUE[setting.id]
    missing = missing_in_scope(setting, situation=situation)
    if missing is None:
        is_judged = rule.check is not None or rule.bound is not None or rule.effect is Effect.OBLIGE
        return RuleOutcome.OUT_OF_SCOPE if is_judged else RuleOutcome.ELSEWHERE
    if missing:
        return RuleOutcome.FACT_MISSING
    if rule.check is None:
        return RuleOutcome.OBLIGES if rule.effect is Effect.OBLIGE else RuleOutcome.ELSEWHERE
    try:
        finding = rule.check(situation, parameters=setting.parameters)
    except FactsMissing:
        return RuleOutcome.FACT_MISSING
    if finding is None:
        return RuleOutcome.SILENT
    by_effect = {Effect.DENY: RuleOutcome.FIRED, Effect.ALLOW: RuleOutcome.ALLOWS, Effect.OBLIGE: RuleOutcome.OBLIGES}
    return by_effect[rule.effect]


@dataclass(frozen=True, slots=True)
class Recorded:
    """A decision as it was recorded: its facts, whether it allowed, why not, whose and what for."""

    facts: Facts
    is_allowed: bool
    rule_ids: Collection[str]
    organisation: str
    purpose: str | None


@dataclass(frozen=True, slots=True)
class Changes:
    """How many decisions would be others: by the rules that refuse now (or no longer), by organisation, by purpose."""

    by_rule: Counter[str] = field(default_factory=Counter)
    by_organisation: Counter[str] = field(default_factory=Counter)
    by_purpose: Counter[str] = field(default_factory=Counter)

    def add(self, recorded: Recorded, *, rule_ids: Collection[str]) -> None:
        """Count one."""
        self.by_rule.update(set(rule_ids))
        self.by_organisation[recorded.organisation] += 1
        self.by_purpose[recorded.purpose or "(not stated)"] += 1

    @property
    def total(self) -> int:
        return self.by_organisation.total()


@dataclass(slots=True)
class Replay:
    """What recorded decisions would have been under a candidate.

    Attributes:
        n_replayed: decisions looked at.
        n_cannot_tell: allowed ones that the candidate would refuse for nothing but facts that were not asked for then.
    """

    n_replayed: int = 0
    n_cannot_tell: int = 0
    newly_denied: Changes = field(default_factory=Changes)
    newly_allowed: Changes = field(default_factory=Changes)

    def add(self, recorded: Recorded, *, candidate: Policy) -> None:
        """Judge one recorded decision under the candidate and count it."""
        self.n_replayed += 1
        verdict = evaluate(candidate, recorded.facts)
        is_allowed = verdict.effect == Effect.ALLOW
        if is_allowed == recorded.is_allowed:
            return
        if is_allowed:
            self.newly_allowed.add(recorded, rule_ids=recorded.rule_ids)
        elif all(rule.id == INPUT_RULE and rule.facts[0] not in recorded.facts for rule in verdict.fired):
            self.n_cannot_tell += 1
        else:
            self.newly_denied.add(recorded, rule_ids=[rule.id for rule in verdict.fired])
