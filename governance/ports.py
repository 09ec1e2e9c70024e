"""What governance asks of other apps: facts that they own, open jobs, engines. What nobody registered denies.

A reader of a fact is called inside the tenant's scope, and only for a decision that has a rule in scope which needs it.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenJob:
    """A job that waits or runs, with what the gate is asked at its next batch."""

    id: uuid.UUID
    operation: str
    purpose: str | None
    on_behalf_of: str | None
    jurisdiction: str | None
    done: int
    total: int


# Given a tenant, return its jobs that wait or run. Opens the tenant's scope itself.
OpenJobs = Callable[[uuid.UUID], Sequence[OpenJob]]

_open_jobs: OpenJobs | None = None


def register_open_jobs(look_up: OpenJobs) -> None:
    """Say who knows about jobs (recognition, when it is ready)."""
    global _open_jobs
    _open_jobs = look_up


def open_jobs_of(tenant_id: uuid.UUID) -> Sequence[OpenJob] | None:
    """Return a tenant's open jobs; None when nobody registered, so that it cannot be told."""
    return _open_jobs(tenant_id) if _open_jobs is not None else None


# Return the versions of every engine that this instance offers: what an approval is given for (VET-005).
OfferedVersions = Callable[[], Sequence[str]]

_offered_versions: OfferedVersions | None = None


def register_offered_versions(look_up: OfferedVersions) -> None:
    """Say who knows about engines (recognition, when it is ready)."""
    global _offered_versions
    _offered_versions = look_up


def offered_engine_versions() -> Sequence[str] | None:
    """Return the versions of the engines offered here; None when nobody registered, so that nothing is approved."""
    return _offered_versions() if _offered_versions is not None else None


# Given a tenant, return the ids of its collections. Opens the tenant's scope itself.
Collections = Callable[[uuid.UUID], Collection[uuid.UUID]]

_collections: Collections | None = None


def register_collections(look_up: Collections) -> None:
    """Say who knows about collections (recognition, when it is ready)."""
    global _collections
    _collections = look_up


def collections_of(tenant_id: uuid.UUID) -> Collection[uuid.UUID]:
    """Return the ids of a tenant's collections; none when nobody registered, so that nothing is said to be kept."""
    return _collections(tenant_id) if _collections is not None else ()
