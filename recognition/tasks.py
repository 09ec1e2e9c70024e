"""Celery entry points: a name, limits, and one call. Each may run twice, and at the same time."""

from __future__ import annotations

import uuid
from typing import Any, Final

from celery import shared_task
from django.conf import settings

from common.context import task_tenant_id
from common.tasks import PlatformTask, TenantTask
from recognition.dispatch import (
    PROMOTE_COLLECTION,
    PURGE,
    RUN_ENROLMENT_BATCH,
    RUN_EVALUATION_STEP,
    RUN_FILLING_BATCH,
    RUN_SEARCH_BATCH,
    SWEEP_JOBS,
)
from recognition.gallery import partitions
from recognition.services import batches, erasure, evaluation_runs, filling, purging, sweeping

# A batch must end before the broker takes its worker for dead and delivers it again.
_VISIBILITY_SECONDS: Final = settings.CUSTOS_TASK_VISIBILITY_SECONDS
_LIMITS: Final[dict[str, Any]] = {
    "soft_time_limit": 0.75 * _VISIBILITY_SECONDS,
    "time_limit": 0.9 * _VISIBILITY_SECONDS,
}


@shared_task(name=RUN_ENROLMENT_BATCH, base=TenantTask, **_LIMITS)
def run_enrolment_batch(job_id: str, first: int) -> None:
    """Enrol one batch of a job."""
    batches.run_batch(uuid.UUID(job_id), first=first, tenant_id=task_tenant_id())


@shared_task(name=RUN_SEARCH_BATCH, base=TenantTask, **_LIMITS)
def run_search_batch(job_id: str, first: int) -> None:
    """Search for one batch of a job."""
    batches.run_batch(uuid.UUID(job_id), first=first, tenant_id=task_tenant_id())


@shared_task(name=RUN_EVALUATION_STEP, base=TenantTask, **_LIMITS)
def run_evaluation_step(job_id: str, step: int) -> None:
    """Do one step of an evaluation."""
    evaluation_runs.run_step(uuid.UUID(job_id), step=step, tenant_id=task_tenant_id())


@shared_task(name=RUN_FILLING_BATCH, base=TenantTask, **_LIMITS)
def run_filling_batch(job_id: str, first: int) -> None:
    """Move some faces into the second index of a collection."""
    filling.run_batch(uuid.UUID(job_id), first=first, tenant_id=task_tenant_id())


@shared_task(name=PROMOTE_COLLECTION, base=TenantTask, **_LIMITS)
def promote_collection(collection_id: str) -> None:
    """Move a grown collection to a partition of its own."""
    partitions.promote(uuid.UUID(collection_id), tenant_id=task_tenant_id())


@shared_task(name=SWEEP_JOBS, base=PlatformTask, **_LIMITS)
def sweep_jobs() -> None:
    """Attend to jobs that nobody works on."""
    sweeping.sweep()


@shared_task(name=PURGE, base=PlatformTask, **_LIMITS)
def purge() -> None:
    """Delete what nobody may keep any longer; the next run goes on where this one stopped."""
    erasure.erase_due(seconds=_VISIBILITY_SECONDS / 4)
    purging.purge(seconds=_VISIBILITY_SECONDS / 4)
