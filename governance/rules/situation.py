"""A set of facts as the rules look at it, and the selectors that say which situations a rule or moratorium is about.

A selector is matched in three values: it matches, it does not, or a fact that would tell is missing. The third
counts as a match that also demands the fact: what is not known must not turn a rule off.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from common.vocabulary import Operation, jurisdiction_lineage
from governance.facts import Facts, unusable_facts

T = TypeVar("T")

DIMENSIONS: Final = ("categories", "end_users", "purposes", "operations", "jurisdictions")


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
        acts: what that amounts to: reading a result is judged as the operation that made it.
        tenant_category: what the tenant is.
        end_user: for whom it is done; the tenant itself when nobody else is stated (GOVERNANCE 1.1).
        lineage: the jurisdiction and its parents, nearest first.
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
    has_no_live_approval: bool

    @classmethod
    def from_facts(cls, facts: Facts) -> Situation:
        """Read any JSON object; never raises."""
        unusable = unusable_facts(facts)

        def stated(name: str) -> Any:
            value = None if name in unusable else facts[name]
            return Unknown(name) if value is None else value

        operation = stated("operation")
        tenant_category = stated("tenant_category")
        on_behalf_of = stated("on_behalf_of")
        jurisdiction = stated("jurisdiction")
        is_itself = isinstance(on_behalf_of, Unknown) and "on_behalf_of" not in unusable
        return cls(
            facts=facts,
            unusable=unusable,
            now=stated("now"),
            operation=operation,
            acts=stated("result_of") if operation == Operation.READ_RESULT else operation,
            purpose=stated("purpose"),
            tenant_category=tenant_category,
            end_user=tenant_category if is_itself else on_behalf_of,
            lineage=jurisdiction if isinstance(jurisdiction, Unknown) else jurisdiction_lineage(jurisdiction),
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Selector:
    """Slugs by dimension; an empty dimension matches anything.

    `categories` means the tenant **or** the end user; a vendor that works for the police is in a rule about the
    police. `jurisdictions` covers the parts of each: US matches US-CA.
    """

    categories: Collection[str] = ()
    end_users: Collection[str] = ()
    purposes: Collection[str] = ()
    operations: Collection[str] = ()
    jurisdictions: Collection[str] = ()

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Selector:
        """Read the five dimensions of a record that has them all."""
        return cls(**{dimension: tuple(record[dimension]) for dimension in DIMENSIONS})

    def unknowns(self, situation: Situation, *, counts_results: bool = False) -> tuple[str, ...] | None:
        """Match the situation.

        Args:
            situation: what to match.
            counts_results: whether reading a result also counts as the operation that made it.

        Returns:
            None when the selector does not match; else the facts that were needed to tell and are missing.
        """
        s = situation
        unknown: list[str] = []
        if self.operations:
            unknown.append(_tell(self.operations, s.operation, s.acts if counts_results else s.operation))
        if self.categories:
            unknown.append(_tell(self.categories, s.tenant_category, s.end_user))
        if self.end_users:
            unknown.append(_tell(self.end_users, s.end_user))
        if self.purposes:
            unknown.append(_tell(self.purposes, s.purpose))
        if self.jurisdictions:
            lineage = (s.lineage,) if isinstance(s.lineage, Unknown) else s.lineage
            unknown.append(_tell(self.jurisdictions, *lineage))
        if _NO in unknown:
            return None
        return tuple(name for name in unknown if name != _YES)


_YES: Final = ""
_NO: Final = "-"


def _tell(wanted: Collection[str], *values: str | Unknown) -> str:
    """Return _YES, _NO, or the name of the fact that would tell."""
    missing = _NO
    for value in values:
        if isinstance(value, Unknown):
            missing = value.fact
        elif value in wanted:
            return _YES
    return missing
