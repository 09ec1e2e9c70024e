"""What governance may know of jobs: which wait or run, and for what use. Registered in `governance.ports`."""

from __future__ import annotations

import uuid

from common.context import tenant_scope
from common.vocabulary import OPEN_JOB_STATUSES, JobKind
from governance.ports import OpenJob
from recognition.selectors import jobs as selectors
from recognition.services.jobs import OPERATION_OF


def open_jobs_of(tenant_id: uuid.UUID) -> list[OpenJob]:
    """Return the tenant's jobs that wait or run, oldest first. No result and no picture, so no permit is needed."""
    with tenant_scope(tenant_id):
        jobs = list(selectors.list_for(tenant_id).filter(status__in=OPEN_JOB_STATUSES).order_by("id"))
    return [
        OpenJob(
            id=job.id,
            operation=OPERATION_OF[JobKind(job.kind)].value,
            purpose=job.purpose,
            on_behalf_of=job.on_behalf_of,
            jurisdiction=job.jurisdiction,
            done=job.done,
            total=job.total,
        )
        for job in jobs
    ]
