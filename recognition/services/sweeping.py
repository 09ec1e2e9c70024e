"""The sweep: every few seconds, what a lost message, a dead worker or a changed policy left behind.

Nothing depends on it for correctness of results, only for jobs being finished, or halted, soon.
"""

from __future__ import annotations

import logging
import uuid
from typing import Final

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connections, transaction

from common.context import tenant_scope
from common.errors import PlatformError
from common.vocabulary import JobKind
from recognition import dispatch, staging
from recognition.models import Collection, DispatchTicket, Job, JobItem
from recognition.selectors import jobs as selectors
from recognition.services import jobs
from recognition.services.batches import batch_starts

logger = logging.getLogger(__name__)

# A running job asks the gate with every batch; one that has been quiet for so long is asked for here, no oftener, and
# so many in one sweep: those that were asked for longest ago.
QUIET_SECONDS: Final = 5
MOST_RECHECKS: Final = 200
MOST_SENDS: Final = 1_000
# A folder without a ticket is not touched before this age: its job may be about to be committed.
ABANDONED_SECONDS: Final = 600

# Chosen in a materialised part: a planner may run a subselect of IN for every row, and its LIMIT then bounds nothing.
_CLAIM_QUIET: Final = """
    WITH chosen AS MATERIALIZED (
        SELECT job_id FROM recognition_dispatchticket
        WHERE greatest(touched_at, checked_at) < clock_timestamp() - make_interval(secs => %s)
        ORDER BY checked_at LIMIT %s FOR UPDATE SKIP LOCKED
    )
    UPDATE recognition_dispatchticket AS ticket SET checked_at = clock_timestamp()
    FROM chosen WHERE ticket.job_id = chosen.job_id RETURNING ticket.job_id
"""
# Each fruitless send doubles the wait, up to 64 times: a job that only waits its turn must not flood the queue.
_CLAIM_DUE: Final = """
    WITH chosen AS MATERIALIZED (
        SELECT job_id FROM recognition_dispatchticket
        WHERE touched_at < clock_timestamp() - make_interval(secs => %s * 2 ^ least(sends, 6))
        ORDER BY touched_at LIMIT %s FOR UPDATE SKIP LOCKED
    )
    UPDATE recognition_dispatchticket AS ticket SET touched_at = clock_timestamp(), sends = least(sends + 1, 1000)
    FROM chosen WHERE ticket.job_id = chosen.job_id RETURNING ticket.job_id
"""


def sweep() -> None:
    """Send lost batches again, ask the gate again for quiet jobs, and remove images that no job wants.

    Sending comes first: it is quick, and what jobs wait for.
    """
    for job_id in _claim(_CLAIM_DUE, seconds=settings.CUSTOS_TASK_VISIBILITY_SECONDS, most=MOST_SENDS):
        _attend(job_id, is_due=True)
    for job_id in _claim(_CLAIM_QUIET, seconds=QUIET_SECONDS, most=MOST_RECHECKS):
        _attend(job_id, is_due=False)
    for tenant_id, job_id in staging.jobs_older_than(ABANDONED_SECONDS):
        if not DispatchTicket.objects.filter(job_id=job_id).exists():
            staging.remove(tenant_id=tenant_id, job_id=job_id)


def _claim(statement: str, *, seconds: float, most: int) -> list[uuid.UUID]:
    with transaction.atomic(), connections["default"].cursor() as cursor:
        cursor.execute(statement, [seconds, most])
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
    except (PlatformError, DatabaseError, InterfaceError):
        logger.exception("job %s could not be attended to", job_id)


def _open_job(job_id: uuid.UUID, *, tenant_id: uuid.UUID) -> tuple[Job, Collection] | None:
    with tenant_scope(tenant_id):
        job = selectors.list_for(tenant_id).filter(id=job_id).first()
        if job is None or not job.is_open:
            return None
        return job, job.collection


def _send(job: Job) -> None:
    with tenant_scope(job.tenant_id):
        if job.kind in (JobKind.EVALUATE, JobKind.FILL_INDEX):
            firsts = [job.done + job.failed]
        else:
            pending = selectors.items_of(job).filter(status=JobItem.Status.PENDING)
            firsts = batch_starts(pending.values_list("sequence", flat=True))
        dispatch.enqueue_batches(job.id, kind=JobKind(job.kind), firsts=firsts, tenant_id=job.tenant_id)
