"""Starting work: a task is sent by its name, after the commit, with the tenant in the message header.

Services call this, so they never import tasks. A broker that does not answer costs nothing but time: the ticket of the
job is in the database, and the sweep sends it again.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterable
from typing import Final

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError as BrokerError

from common.tasks import message_headers
from common.vocabulary import JobKind

logger = logging.getLogger(__name__)

RUN_ENROLMENT_BATCH: Final = "recognition.run_enrolment_batch"
RUN_SEARCH_BATCH: Final = "recognition.run_search_batch"
PROMOTE_COLLECTION: Final = "recognition.promote_collection"
RUN_EVALUATION_STEP: Final = "recognition.run_evaluation_step"
RUN_FILLING_BATCH: Final = "recognition.run_filling_batch"
SWEEP_JOBS: Final = "recognition.sweep_jobs"
PURGE: Final = "recognition.purge"


_BATCH_OF: Final = {
    JobKind.ENROL_FACES: RUN_ENROLMENT_BATCH,
    JobKind.SEARCH_FACES: RUN_SEARCH_BATCH,
    JobKind.EVALUATE: RUN_EVALUATION_STEP,
    JobKind.FILL_INDEX: RUN_FILLING_BATCH,
}


def enqueue_batches(job_id: uuid.UUID, *, kind: JobKind, firsts: Iterable[int], tenant_id: uuid.UUID) -> None:
    """Send the batches that begin at these items (or steps), once the transaction has committed."""
    for first in firsts:
        _enqueue(_BATCH_OF[kind], str(job_id), first, tenant_id=tenant_id)


def enqueue_promotion(collection_id: uuid.UUID, *, tenant_id: uuid.UUID) -> None:
    """Ask for the promotion of a grown collection, once the open transaction has committed."""
    _enqueue(PROMOTE_COLLECTION, str(collection_id), tenant_id=tenant_id)


def _enqueue(task: str, *args: object, tenant_id: uuid.UUID) -> None:
    headers = message_headers(tenant_id)

    def send() -> None:
        try:
            # Connecting again is the sweep's business; a request does not wait for it.
            current_app.send_task(task, args=args, headers=headers, retry=False)
        except BrokerError:
            logger.warning("%s could not be sent; it will be sent again", task, exc_info=True)

    transaction.on_commit(send)
