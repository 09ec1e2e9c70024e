"""The sweep: every few seconds, what a lost message, a dead worker or a changed policy left behind.

Nothing depends on it for correctness of results, only for jobs being finished, or halted, soon.
"""

from __future__ import annotations

import logging
import uuid
from typing import Final

from django.conf import settings
from django.db import connections, transaction

from common.context import tenant_scope
from common.errors import PlatformError
from common.vocabulary import JobKind
from recognition import dispatch, staging
from recognition.models import Collection, DispatchTicket, Job, JobItem
from recognition.selectors import jobs as selectors
from recognition.services import jobs
from recognition.services.batches import batch_starts

logger = logging.getLogger(__name__)

# A running job asks the gate with every batch; one that has been quiet for so long is asked for here.
QUIET_SECONDS: Final = 5
# A folder without a ticket is not touched before this age: its job may be about to be committed.
ABANDONED_SECONDS: Final = 600

_QUIET: Final = """
    SELECT job_id FROM recognition_dispatchticket
    WHERE touched_at < clock_timestamp() - make_interval(secs => %s) ORDER BY touched_at
"""
# Each fruitless send doubles the wait, up to 64 times: a job that only waits its turn must not flood the queue.
_CLAIM_DUE: Final = """
    UPDATE recognition_dispatchticket SET touched_at = clock_timestamp(), sends = least(sends + 1, 1000)
    WHERE job_id IN (
        SELECT job_id FROM recognition_dispatchticket
        WHERE touched_at < clock_timestamp() - make_interval(secs => %s * 2 ^ least(sends, 6))
        ORDER BY touched_at LIMIT 1000 FOR UPDATE SKIP LOCKED
    )
    RETURNING job_id
"""


def sweep() -> None:
    """Ask the gate again for quiet jobs, send lost batches again, and remove images that no job wants."""
    for job_id in _rows(_QUIET, QUIET_SECONDS):
        _attend(job_id, is_due=False)
    for job_id in _rows(_CLAIM_DUE, settings.CUSTOS_TASK_VISIBILITY_SECONDS):
        _attend(job_id, is_due=True)
    for tenant_id, job_id in staging.jobs_older_than(ABANDONED_SECONDS):
        if not DispatchTicket.objects.filter(job_id=job_id).exists():
            staging.remove(tenant_id=tenant_id, job_id=job_id)


def _rows(statement: str, seconds: float) -> list[uuid.UUID]:
    with transaction.atomic(), connections["default"].cursor() as cursor:
        cursor.execute(statement, [seconds])
        return [job_id for (job_id,) in cursor.fetchall()]


def _attend(job_id: uuid.UUID, *, is_due: bool) -> None:
    """Recheck or send one job; its troubles are its own."""
    try:
        tenant_id = selectors.owner_of(job_id)
        found = _open_job(job_id, tenant_id=tenant_id) if tenant_id else None
        if found is None:
            return
        if is_due:
            _send(found[0])
        else:
            jobs.recheck(found[0], collection=found[1])
    except PlatformError:
        logger.exception("job %s could not be attended to", job_id)


def _open_job(job_id: uuid.UUID, *, tenant_id: uuid.UUID) -> tuple[Job, Collection] | None:
    with tenant_scope(tenant_id):
        job = selectors.list_for(tenant_id).filter(id=job_id).first()
        if job is None or not job.is_open:
            return None
        return job, job.collection


def _send(job: Job) -> None:
    with tenant_scope(job.tenant_id):
        pending = selectors.items_of(job).filter(status=JobItem.Status.PENDING)
        firsts = batch_starts(pending.values_list("sequence", flat=True))
        dispatch.enqueue_batches(job.id, kind=JobKind(job.kind), firsts=firsts, tenant_id=job.tenant_id)
