"""Jobs of a tenant, their items, and whose job an id is before a tenant is known."""

from __future__ import annotations

import uuid

from django.db import connections
from django.db.models import BooleanField, F, Func, QuerySet

from recognition.errors import JobNotFound
from recognition.models import Job, JobItem
from recognition.selectors.retention import results_are_over


def owner_of(job_id: uuid.UUID) -> uuid.UUID | None:
    """Return the tenant whose job this is; None when there is no such job. Needs no scope."""
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT custos_job_owner(%s)", [job_id])
        owner: uuid.UUID | None = cursor.fetchone()[0]
    return owner


def list_for(tenant_id: uuid.UUID) -> QuerySet[Job]:
    """Return the tenant's jobs with their collections; run it inside the tenant's scope."""
    return Job.objects.filter(tenant_id=tenant_id).select_related("collection")


def get_for(tenant_id: uuid.UUID, *, job_id: uuid.UUID) -> Job:
    """Return a job of the tenant.

    Raises:
        JobNotFound: there is none of this id, or it is another tenant's.
    """
    job = list_for(tenant_id).filter(id=job_id).first()
    if job is None:
        raise JobNotFound
    return job


def lock_for(tenant_id: uuid.UUID, *, job_id: uuid.UUID) -> Job:
    """Lock the job's row until the transaction ends; after its collection's row, never before (else deadlock).

    Raises:
        JobNotFound: see `get_for`.
    """
    job = Job.objects.select_for_update(no_key=True).filter(tenant_id=tenant_id, id=job_id).first()
    if job is None:
        raise JobNotFound
    return job


def items_of(job: Job) -> QuerySet[JobItem]:
    """Return the job's items."""
    return JobItem.objects.filter(tenant_id=job.tenant_id, job_id=job.id)


def has_unreviewed_searches(job: Job) -> bool:
    """Whether the job keeps what a search found outside a review; that it found nobody, too."""
    template = "NOT jsonb_path_exists(%(expressions)s, '$.review_task ? (@ != null)')"
    return items_of(job).filter(Func(F("search"), template=template, output_field=BooleanField())).exists()


def has_results(job: Job) -> bool:
    """Whether what the job did can still be read: it is neither purged nor past its time."""
    return Job.objects.filter(tenant_id=job.tenant_id, id=job.id).exclude(results_are_over()).exists()


def pending_items(job: Job, *, first: int, count: int) -> QuerySet[JobItem]:
    """Return the items of one batch that are still to be done, in order."""
    batch = items_of(job).filter(sequence__gte=first, sequence__lt=first + count)
    return batch.filter(status=JobItem.Status.PENDING).order_by("sequence")
