"""What governance asks of the apps above it. They register when ready; what is missing is unknown, never "no"."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass


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
