"""What governance asks of other apps: facts that they own. Registered at start-up; what nobody registered denies.

A reader is called inside the tenant's scope, and only for a decision that has a rule in scope which needs the fact.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from governance.facts import FACTS
from governance.questions import AccessRequest

# Given the question and the facts known so far, return the value of one fact.
FactReader = Callable[[AccessRequest, Mapping[str, Any]], Any]

_readers: dict[str, FactReader] = {}


def register_fact(name: str, read: FactReader) -> None:
    """Say who knows a declared fact."""
    if name not in FACTS:
        raise ValueError(f"The fact {name} is not declared in governance.facts.")
    _readers[name] = read


def read_facts(names: Collection[str], *, request: AccessRequest, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of the facts that somebody knows; without the others a rule in scope refuses (INPUT-001)."""
    return {name: _readers[name](request, facts) for name in sorted(names) if name in _readers}
