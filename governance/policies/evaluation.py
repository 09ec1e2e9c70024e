"""The verdict on one set of facts.

Deny always wins, and no allow means deny. Every rule is evaluated, so a refusal lists every reason. Only rules in
scope demand facts; a fact that they need and do not get refuses the request. No facts object makes anything here
raise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Final

from governance.catalogue import CATALOGUE
from governance.facts import FACTS, Facts
from governance.policies.body import Policy, RuleSetting
from governance.rules.rule import Effect, EnforcedBy, Finding, Rule
from governance.rules.situation import FactsMissing, Situation, Unknown, unknowns

INPUT_RULE: Final = "INPUT-001"
DEFAULT_RULE: Final = "ALW-001"
# Not judged here at all. What an operation enforces is: its limits and obligations are part of the verdict.
_ELSEWHERE: Final = frozenset({EnforcedBy.EVALUATOR, EnforcedBy.LEDGER})
# The fact that says which obligations who asks will carry out. A rule that needs it refuses whoever will not.
MET: Final = "obligations_met"


@dataclass(frozen=True, slots=True)
class FiredRule:
    """A rule that refuses: its id, words for the caller, and the names of the facts that it looked at."""

    id: str
    reason: str
    facts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Limits:
    """The most restrictive limits of all rules in scope; what ends in `floor_milli` is a least value, 0 for none.

    Attributes:
        threshold_floor_milli: least similarity threshold, in per cent times 1000.
        quality_floor_milli: least quality score of a probe or reference, times 1000.
        fmr_ceiling_femto: highest false match rate of one comparison.
        gallery_cap: most faces of the gallery.
        searches_today, searches_in_case, searches_of_subject: most of them, this one included (facts of these names).
        retention_days: greatest age of a template.
    """

    threshold_floor_milli: int = 0
    quality_floor_milli: int = 0
    fmr_ceiling_femto: int | None = None
    gallery_cap: int | None = None
    searches_today: int | None = None
    searches_in_case: int | None = None
    searches_of_subject: int | None = None
    retention_days: int | None = None

    def tightened(self, further: Mapping[str, int]) -> Limits:
        """Return these limits where they are the more restrictive ones, else the further."""
        return replace(self, **{name: _stricter(name, getattr(self, name), value) for name, value in further.items()})

    def stated(self) -> dict[str, int]:
        """Return those that there are, for the record."""
        return {name: value for name, value in asdict(self).items() if value}


def _stricter(name: str, value: int | None, further: int) -> int:
    if value is None:
        return further
    return max(value, further) if name.endswith("floor_milli") else min(value, further)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a policy says about a set of facts.

    Attributes:
        effect: allow or deny.
        fired: every reason for a refusal, in catalogue order; empty when allowed.
        allowed_by: the rules that would allow it, also when another refuses.
        limits: what the operation must keep to.
        obligations: the rules that oblige, whether or not it is allowed; one that cannot be met is among `fired`.
    """

    effect: Effect
    fired: tuple[FiredRule, ...]
    allowed_by: tuple[str, ...]
    limits: Limits
    obligations: tuple[str, ...] = ()


@dataclass(slots=True)
class _Tally:
    fired: list[FiredRule] = field(default_factory=list)
    allowed_by: list[str] = field(default_factory=list)
    missing: dict[str, list[str]] = field(default_factory=dict)
    obligations: list[str] = field(default_factory=list)
    limits: Limits = field(default_factory=Limits)


def evaluate(policy: Policy, facts: Facts) -> Verdict:
    """Judge facts under a policy.

    Args:
        policy: a checked policy version.
        facts: any JSON object; see `governance.facts` for what a complete one holds.
    """
    situation = Situation.from_facts(facts)
    tally = _Tally()
    for setting in policy.rules:
        missing = missing_in_scope(setting, situation=situation)
        if missing is not None:
            _apply(setting, situation=situation, missing=missing, tally=tally)
    fired = [*_input_reasons(tally.missing), *dict.fromkeys(tally.fired)]
    if not tally.allowed_by:
        fired.append(_default_reason(situation))
    return Verdict(
        effect=Effect.DENY if fired else Effect.ALLOW,
        fired=tuple(fired),
        allowed_by=tuple(dict.fromkeys(tally.allowed_by)),
        limits=tally.limits,
        obligations=tuple(dict.fromkeys(tally.obligations)),
    )


def limits_of(policy: Policy, facts: Facts) -> Limits:
    """Return the limits alone, for a caller that must fill in a threshold before it asks for a verdict."""
    situation = Situation.from_facts(facts)
    limits = Limits()
    for setting in policy.rules:
        bound = CATALOGUE[setting.id].bound
        if bound is not None and missing_in_scope(setting, situation=situation) is not None:
            limits = limits.tightened(bound(situation, parameters=setting.parameters))
    return limits


def demanded(policy: Policy, facts: Facts) -> frozenset[str]:
    """Return the names of the facts that rules in scope need and that are not there, or not usable.

    Facts that cost a look at the database are read only when this names them.
    """
    situation = Situation.from_facts(facts)
    return frozenset(name for setting in policy.rules for name in missing_in_scope(setting, situation=situation) or ())


def next_boundary(policy: Policy, facts: Facts) -> int | None:
    """Return the earliest instant after `now` at which time alone could change the verdict.

    Until then the same facts, but for `now`, give the same verdict. None: they always will, or `now` is not usable
    and the verdict is a refusal.
    """
    situation = Situation.from_facts(facts)
    now = situation.now
    if isinstance(now, Unknown):
        return None
    instants: list[int | None] = []
    for setting in policy.rules:
        instants += (setting.effective_from, setting.effective_until)
        rule = CATALOGUE[setting.id]
        if rule.instants is not None and missing_in_scope(setting, situation=situation) == ():
            instants += rule.instants(situation, parameters=setting.parameters)
    for name in ("approval_valid_from", "approval_expires_at"):
        if name not in situation.unusable:
            instants.append(facts[name])
    for name in ("moratoria", "exemptions", "authorisations", "break_glass"):
        if name not in situation.unusable:
            for record in facts[name]:
                instants += (record["from"], record["until"], record.get("ratify_by"), record.get("confirm_by"))
    return min((instant for instant in instants if instant is not None and instant > now), default=None)


def missing_in_scope(setting: RuleSetting, *, situation: Situation) -> tuple[str, ...] | None:
    """Return None for a rule out of scope, else the facts that it needs and that cannot be used."""
    rule = CATALOGUE[setting.id]
    if rule.enforced_by in _ELSEWHERE or (situation.is_right and rule.spares_rights):
        return None
    if situation.has_no_live_approval and rule.judges_approval:
        return None
    now = situation.now
    if isinstance(now, Unknown):
        # Whether the rule is in force cannot be told, so it is.
        return ("now",)
    if now < setting.effective_from or (setting.effective_until is not None and now >= setting.effective_until):
        return None
    untold = unknowns(setting.selector, situation=situation) if setting.selector else ()
    if untold is None or not situation.unusable:
        return untold
    return (*untold, *(name for name in rule.needs if name in situation.unusable))


def _apply(setting: RuleSetting, *, situation: Situation, missing: tuple[str, ...], tally: _Tally) -> None:
    rule = CATALOGUE[setting.id]
    if rule.bound is not None:
        tally.limits = tally.limits.tightened(rule.bound(situation, parameters=setting.parameters))
    finding: Finding | None = {} if rule.effect is Effect.OBLIGE else None
    if not missing and rule.check is not None:
        try:
            finding = rule.check(situation, parameters=setting.parameters)
        except FactsMissing as error:
            missing = error.names
    for name in missing:
        tally.missing.setdefault(name, []).append(rule.id)
    if finding is None:
        return
    match rule.effect:
        case Effect.ALLOW:
            tally.allowed_by.append(rule.id)
        case Effect.OBLIGE if missing or _is_met(rule, situation=situation):
            tally.obligations.append(rule.id)
        case _:  # an obligation that cannot be met is a deny
            tally.fired.append(FiredRule(rule.id, rule.reason.format_map(finding), rule.needs))


def _is_met(rule: Rule, *, situation: Situation) -> bool:
    return MET not in rule.needs or rule.id in situation.facts[MET]


def _input_reasons(missing: dict[str, list[str]]) -> list[FiredRule]:
    """Return one reason for each missing fact, in the order in which facts are declared."""
    template = CATALOGUE[INPUT_RULE].reason
    return [
        FiredRule(INPUT_RULE, template.format(fact=name, rules=", ".join(dict.fromkeys(missing[name]))), (name,))
        for name in FACTS
        if name in missing
    ]


def _default_reason(situation: Situation) -> FiredRule:
    rule = CATALOGUE[DEFAULT_RULE]
    lineage = situation.lineage
    values = {
        "operation": situation.acts,
        "purpose": situation.purpose,
        "jurisdiction": lineage if isinstance(lineage, Unknown) else lineage[0],
        "end_user": situation.end_user,
    }
    words = {name: "(not stated)" if isinstance(value, Unknown) else str(value) for name, value in values.items()}
    return FiredRule(rule.id, rule.reason.format_map(words), rule.needs)
