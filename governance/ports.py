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

# Given an engine version, return its map from a similarity in per cent to the FMR of one comparison; None: not known.
ScaleReader = Callable[[str], Callable[[float], float] | None]

_scale_reader: list[ScaleReader] = []
_readers: dict[str, FactReader] = {}


def register_fact(name: str, read: FactReader) -> None:
    """Say who knows a declared fact."""
    if name not in FACTS:
        raise ValueError(f"The fact {name} is not declared in governance.facts.")
    _readers[name] = read


def read_facts(names: Collection[str], *, request: AccessRequest, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of the facts that somebody knows; without the others a rule in scope refuses (INPUT-001)."""
    return {name: _readers[name](request, facts) for name in sorted(names) if name in _readers}


def register_scales(read: ScaleReader) -> None:
    """Say who knows what the similarities of an engine version mean."""
    _scale_reader[:] = [read]


def scale_of(engine_version: str) -> Callable[[float], float] | None:
    """Return the scale of an engine version, for a question that is only supposed; None where nobody knows it."""
    return next((read(engine_version) for read in _scale_reader), None)
