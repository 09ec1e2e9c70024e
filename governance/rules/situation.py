"""A set of facts as the rules look at it, and the selectors that say which situations a rule or moratorium is about.

A selector is matched in three values: it matches, it does not, or a fact that would tell is missing. The third
counts as a match that also demands the fact: what is not known must not turn a rule off. A jurisdiction that is wider
than the one a selector names does not tell either: who says US does not say that it is not US-CA.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from common.vocabulary import JURISDICTION_PARTS, RIGHTS, Operation, jurisdiction_lineage
from governance.facts import Facts, unusable_facts

T = TypeVar("T")

_JUDGED_AS_MAKING: Final = (Operation.READ_RESULT, Operation.REVIEW)

# `categories` means the tenant **or** the end user: a vendor that works for the police is in a rule about the police.
# `jurisdictions` covers the parts of each: US matches US-CA; US-CA may match US, which does not tell.
DIMENSIONS: Final = ("operations", "categories", "end_users", "purposes", "jurisdictions")

# Slugs by dimension; one that is empty or left out matches anything.
Selector = Mapping[str, Any]


class FactsMissing(Exception):
    """A rule needs facts that are not stated. Stays inside the evaluator, which refuses with INPUT-001."""

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__(", ".join(names))
        self.names = names


@dataclass(frozen=True, slots=True)
class Unknown:
    """Stands where a value would be, and names the fact that would tell it."""

    fact: str


def known(value: T | Unknown) -> T:
    """Return the value.

    Raises:
        FactsMissing: it is not known.
    """
    if isinstance(value, Unknown):
        raise FactsMissing((value.fact,))
    return value


def require_known(*values: object) -> None:
    """Go on only when every value is known.

    Raises:
        FactsMissing: some are not; it names them all.
    """
    missing = tuple(value.fact for value in values if isinstance(value, Unknown))
    if missing:
        raise FactsMissing(missing)


@dataclass(frozen=True, slots=True)
class Situation:
    """Facts with their unusable members known, and what follows from them.

    Attributes:
        facts: the facts as given. A rule reads from here only what it lists in its `needs`: those are well typed.
        unusable: names of the declared facts that are absent or ill-typed.
        now: microseconds since the Unix epoch.
        operation: what is asked for.
        acts: what that amounts to: reading or reviewing a result is judged as the operation that made it.
        tenant_category: what the tenant is.
        end_user: for whom it is done; the tenant itself when nobody else is stated (GOVERNANCE 1.1).
        lineage: the jurisdiction and its parents, nearest first.
        parts: the jurisdictions inside the stated one; any of them may be meant.
        dimensions: what a selector is held against.
        is_right: whether the operation is the exercise of a right.
        has_no_live_approval: whether the tenant is known to have none.
    """

    facts: Facts
    unusable: frozenset[str]
    now: int | Unknown
    operation: str | Unknown
    acts: str | Unknown
    purpose: str | Unknown
    tenant_category: str | Unknown
    end_user: str | Unknown
    lineage: tuple[str, ...] | Unknown
    parts: frozenset[str]
    dimensions: Mapping[str, tuple[str | Unknown, ...]]
    is_right: bool
    has_no_live_approval: bool

    @classmethod
    def from_facts(cls, facts: Facts) -> Situation:
        """Read any JSON object; never raises."""
        unusable = unusable_facts(facts)

        def stated(name: str) -> Any:
            value = None if name in unusable else facts[name]
            return Unknown(name) if value is None else value

        operation = stated("operation")
        purpose = stated("purpose")
        category = stated("tenant_category")
        on_behalf_of = stated("on_behalf_of")
        jurisdiction = stated("jurisdiction")
        is_itself = isinstance(on_behalf_of, Unknown) and "on_behalf_of" not in unusable
        end_user = category if is_itself else on_behalf_of
        lineage = jurisdiction if isinstance(jurisdiction, Unknown) else jurisdiction_lineage(jurisdiction)
        return cls(
            facts=facts,
            unusable=unusable,
            now=stated("now"),
            operation=operation,
            acts=stated("result_of") if operation in _JUDGED_AS_MAKING else operation,
            purpose=purpose,
            tenant_category=category,
            end_user=end_user,
            lineage=lineage,
            parts=frozenset() if isinstance(jurisdiction, Unknown) else JURISDICTION_PARTS[jurisdiction],
            dimensions={
                "operations": (operation,),
                "categories": (category, end_user),
                "end_users": (end_user,),
                "purposes": (purpose,),
                "jurisdictions": (lineage,) if isinstance(lineage, Unknown) else lineage,
            },
            is_right=operation in RIGHTS,
            has_no_live_approval="approval_state" not in unusable and facts["approval_state"] != "live",
        )

    def demand(self, name: str) -> Any:
        """Return a fact that may be null by type but not here.

        Raises:
            FactsMissing: it is null.
        """
        value = self.facts[name]
        if value is None:
            raise FactsMissing((name,))
        return value


def unknowns(selector: Selector, *, situation: Situation, counts_results: bool = False) -> tuple[str, ...] | None:
    """Match a situation.

    Args:
        selector: of a rule, or a moratorium (whose further members do not count).
        situation: what to match.
        counts_results: whether reading a result also counts as the operation that made it.

    Returns:
        None when it does not match; else the facts that were needed to tell and are missing or too broad.
    """
    missing = []
    for dimension, wanted in selector.items():
        values = situation.dimensions.get(dimension)
        if values is None or not wanted:
            continue
        if counts_results and dimension == "operations":
            values = (situation.operation, situation.acts)
        told = _tell(wanted, values)
        if told == _NO and dimension == "jurisdictions" and not situation.parts.isdisjoint(wanted):
            told = "jurisdiction"
        if told == _NO:
            return None
        if told != _YES:
            missing.append(told)
    return tuple(missing)


_YES: Final = ""
_NO: Final = "-"


def _tell(wanted: Collection[str], values: tuple[str | Unknown, ...]) -> str:
    """Return _YES, _NO, or the name of the fact that would tell."""
    told = _NO
    for value in values:
        if isinstance(value, Unknown):
            told = value.fact
        elif value in wanted:
            return _YES
    return told
