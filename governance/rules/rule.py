"""What a rule is: its words, the facts it needs, its parameters, its check, and how the default policy sets it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from governance.facts import (
    ATTESTATION_SLUGS,
    CATEGORY_SLUGS,
    CIRCUMSTANCE_SLUGS,
    INT_LIMIT,
    JURISDICTION_SLUGS,
    OFFENCE_SLUGS,
    PURPOSE_SLUGS,
)
from governance.rules.situation import Situation

Parameters = Mapping[str, Any]
Finding = Mapping[str, str]


def since(day: str) -> int:
    """Return the first instant of an ISO 8601 day (UTC), in microseconds since the Unix epoch."""
    return int(datetime.fromisoformat(f"{day}T00:00:00+00:00").timestamp()) * 1_000_000


class Effect(StrEnum):
    """What a rule does when it fires."""

    DENY = "deny"
    OBLIGE = "oblige"
    ALLOW = "allow"


class EnforcedBy(StrEnum):
    """Which part of the platform carries a rule out."""

    RULE = "rule"
    EVALUATOR = "evaluator"
    LEDGER = "ledger"
    OPERATION = "operation"


class Check(Protocol):
    """Judge a situation: the values of the reason's placeholders when the rule fires, else None.

    Raises:
        FactsMissing: a fact that this situation needs is not stated.
    """

    def __call__(self, situation: Situation, /, *, parameters: Parameters) -> Finding | None:
        """Judge the situation."""
        ...


class Bound(Protocol):
    """Return what the operation must keep to where the rule is in scope: a value for some members of `Limits`."""

    def __call__(self, situation: Situation, /, *, parameters: Parameters) -> Mapping[str, int]:
        """Return the limits; a fact that is not usable here sets none, and INPUT-001 refuses for it."""
        ...


class Instants(Protocol):
    """Return the instants, in microseconds, at which time alone may change what the rule says."""

    def __call__(self, situation: Situation, /, *, parameters: Parameters) -> Collection[int]:
        """Return them, whether they lie behind or ahead."""
        ...


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < INT_LIMIT


def _is_milli(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 100_000


def _all_of(slugs: frozenset[str]) -> Callable[[object], bool]:
    return lambda value: (
        isinstance(value, list) and all(isinstance(item, str) for item in value) and slugs.issuperset(value)
    )


def _purpose_table(value: object) -> bool:
    is_categories = _all_of(CATEGORY_SLUGS)
    return (
        isinstance(value, Mapping)
        and all(isinstance(purpose, str) for purpose in value)
        and PURPOSE_SLUGS.issuperset(value)
        and all(is_categories(categories) for categories in value.values())
    )


PARAMETER_TYPES: Mapping[str, Callable[[object], bool]] = {
    "milli": _is_milli,
    "count": _is_count,
    "bool": lambda value: isinstance(value, bool),
    "list[text]": lambda value: isinstance(value, list) and all(isinstance(item, str) for item in value),
    "list[circumstance]": _all_of(CIRCUMSTANCE_SLUGS),
    "list[attestation]": _all_of(ATTESTATION_SLUGS),
    "list[jurisdiction]": _all_of(JURISDICTION_SLUGS),
    "list[category]": _all_of(CATEGORY_SLUGS),
    "list[purpose]": _all_of(PURPOSE_SLUGS),
    "offence": lambda value: isinstance(value, str) and value in OFFENCE_SLUGS,
    "table[purpose, list[category]]": _purpose_table,
}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One number or list of a rule that a policy sets; `type` is a key of `PARAMETER_TYPES`."""

    name: str
    type: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Default:
    """How the default policy sets a rule; a rule may be set several times, for different selectors or periods.

    Attributes:
        selector: dimension → slugs, as in a policy body; a dimension left out matches anything.
        parameters: a value for each parameter of the rule.
        effective_from: microseconds since the Unix epoch; 0 means always.
    """

    selector: Mapping[str, list[str]] = field(default_factory=dict)
    parameters: Parameters = field(default_factory=dict)
    effective_from: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule of the catalogue.

    Attributes:
        id: stable identifier, sent in refusals and stored in the audit log.
        title: a few words.
        effect: what happens when it fires.
        sentence: what it says, for the reference.
        reason: template of the words a refused caller reads; its placeholders are the members of a Finding.
        source: the law, policy or measurement it is modelled on.
        needs: every fact it may ask for. Those absent or ill-typed refuse the request before the check runs.
        check: its function; None when another part of the platform carries it out.
        bound: what the operation must keep to under this rule, where that is not all decided before it runs.
        instants: for a rule that goes by time, when its answer may change.
        parameters: what a policy may set.
        defaults: how the default policy sets it.
        enforced_by: who carries it out.
        is_mandatory: whether a policy must contain it, without selector or dates.
        judges_approval: whether it speaks only about a live approval; where there is none, VET-001 says so, and what
            an approval would hold is not asked for.
        spares_rights: whether it keeps out of rights such as deletion: stopping a tenant never blocks its rights.
    """

    id: str
    title: str
    effect: Effect
    sentence: str
    reason: str
    source: str
    defaults: tuple[Default, ...]
    needs: tuple[str, ...] = ()
    check: Check | None = None
    bound: Bound | None = None
    instants: Instants | None = None
    parameters: tuple[Parameter, ...] = ()
    enforced_by: EnforcedBy = EnforcedBy.RULE
    is_mandatory: bool = False
    judges_approval: bool = False
    spares_rights: bool = True
