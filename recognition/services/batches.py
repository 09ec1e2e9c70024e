"""The worker's part of enrolment: one short, idempotent batch of a job.

A batch may be delivered twice, or its worker may die at any moment. An image is claimed and its faces are written in
one transaction, so it is enrolled once or not at all; the gate is asked again for every batch.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from django.db import transaction
from django.db.models import Count, F, Q
from django.db.models.functions import Coalesce, Now

from common.context import tenant_scope
from common.errors import PayloadTooLarge, Unprocessable, UnsupportedMedia
from common.permits import Permit
from common.vocabulary import JobStatus
from governance import gate
from governance.errors import PolicyRefused
from recognition import dispatch, staging
from recognition.engines.base import FaceEngine
from recognition.errors import (
    AllImagesFailed,
    CollectionNotFound,
    EngineVersionMismatch,
    ImageAbandoned,
    JobClosed,
)
from recognition.gallery import partitions
from recognition.models import Collection, DispatchTicket, Job, JobItem, QualityFilter
from recognition.selectors import collections as collection_selectors
from recognition.selectors import jobs as selectors
from recognition.services import engines, jobs, references
from recognition.services.examination import Examined, examine

BATCH_IMAGES: Final = 8
# An image that ends the worker process must not take its batch with it for ever: after this many unfinished attempts
# images are tried one by one, and after so many more given up.
_TOGETHER_ATTEMPTS: Final = 2
_MOST_ATTEMPTS: Final = 5

Problem = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Work:
    """Some pending images of an open job."""

    job: Job
    collection: Collection
    items: tuple[JobItem, ...]


def batch_starts(sequences: Iterable[int]) -> list[int]:
    """Return the first sequence number of each batch that these items are in."""
    return sorted({sequence - sequence % BATCH_IMAGES for sequence in sequences})


def run_batch(job_id: uuid.UUID, *, first: int, tenant_id: uuid.UUID) -> None:
    """Enrol the images of a batch that are still pending. Safe to repeat, at any time, also at the same time.

    Args:
        job_id: the job.
        first: sequence number of the batch's first image.
        tenant_id: whose job it is.

    Raises:
        JobNotFound: the tenant has no such job.
    """
    for sequences in _groups(job_id, first=first, tenant_id=tenant_id):
        work = _begin(job_id, sequences=sequences, tenant_id=tenant_id)
        if work is None:
            continue
        try:
            _enrol(work)
        except PolicyRefused as refusal:
            jobs.halt(job_id, refusal=refusal, tenant_id=tenant_id)
            return
        except EngineVersionMismatch as error:
            jobs.fail(job_id, error=error, tenant_id=tenant_id)
            return
        except (JobClosed, CollectionNotFound):
            return  # cancelled, halted or deleted while we worked: nothing was written


def _groups(job_id: uuid.UUID, *, first: int, tenant_id: uuid.UUID) -> list[list[int]]:
    """Return the sequence numbers to work on together: all at once, or one by one after failed attempts."""
    with tenant_scope(tenant_id):
        job = selectors.get_for(tenant_id, job_id=job_id)
        if not job.is_open:
            return []
        items = list(selectors.pending_items(job, first=first, count=BATCH_IMAGES))
    together = [item.sequence for item in items if item.attempts < _TOGETHER_ATTEMPTS]
    singles = [[item.sequence] for item in items if item.attempts >= _TOGETHER_ATTEMPTS]
    return [*([together] if together else []), *singles]


def _begin(job_id: uuid.UUID, *, sequences: Sequence[int], tenant_id: uuid.UUID) -> _Work | None:
    """Count the attempt, durably, before it is made; give up what was attempted too often."""
    with tenant_scope(tenant_id):
        job = selectors.lock_for(tenant_id, job_id=job_id)
        if not job.is_open or job.collection_id is None:
            return None
        Job.objects.filter(tenant_id=tenant_id, id=job_id).update(
            status=JobStatus.RUNNING, started_at=Coalesce(F("started_at"), Now())
        )
        pending = selectors.items_of(job).filter(sequence__in=sequences, status=JobItem.Status.PENDING)
        given_up = pending.filter(attempts__gte=_MOST_ATTEMPTS)
        if given_up.update(status=JobItem.Status.FAILED, problem=ImageAbandoned().as_problem()):
            _settle(job)
        pending.update(attempts=F("attempts") + 1)
        _touch(job)
        items = tuple(pending.order_by("sequence"))
        collection = collection_selectors.list_for(tenant_id).get(id=job.collection_id)
    return _Work(job, collection, items) if items else None


def _enrol(work: _Work) -> None:
    """Ask the gate, look at the images, and write what was found in one transaction.

    Raises:
        PolicyRefused: not allowed, at the start or at the fence.
        EngineVersionMismatch: the platform runs another version of the collection's engine.
        JobClosed, CollectionNotFound: ended or deleted meanwhile.
    """
    tenant_id = work.job.tenant_id
    with gate.authorised(jobs.request_of(work.job, collection=work.collection)) as admission:
        engine = engines.engine_of(work.collection)
        permit = admission.permit
        outcomes = [_examine(item, job=work.job, engine=engine, permit=permit) for item in work.items]
        with tenant_scope(tenant_id):
            n_faces = _write(dict(zip(work.items, outcomes, strict=True)), work=work, permit=permit)
            admission.complete(n_faces=n_faces)


def _examine(item: JobItem, *, job: Job, engine: FaceEngine, permit: Permit) -> Examined | Problem:
    """Return what is in an image, or what is wrong with it; whatever is not the image's own fault is raised."""
    try:
        data = staging.read(item.sequence, tenant_id=job.tenant_id, job_id=job.id, digest=item.digest)
        quality = QualityFilter(job.quality_filter)
        return examine(data, engine=engine, max_faces=job.max_faces, quality=quality, permit=permit)
    except (Unprocessable, PayloadTooLarge, UnsupportedMedia) as error:
        return error.as_problem()


def _write(outcomes: dict[JobItem, Examined | Problem], *, work: _Work, permit: Permit) -> int:
    """Write the outcomes of the items that are still pending; return the number of faces."""
    tenant_id = work.job.tenant_id
    collection = collection_selectors.lock_for(tenant_id, collection_id=work.collection.id)
    job = selectors.lock_for(tenant_id, job_id=work.job.id)
    if not job.is_open:
        raise JobClosed(f"The job is {job.status}.")
    # The job's lock serialises its batches: what is pending now stays ours until the commit.
    claimed = selectors.items_of(job).filter(id__in=[item.id for item in outcomes], status=JobItem.Status.PENDING)
    n_faces = 0
    for item in claimed.order_by("sequence"):
        n_faces += _write_one(item, outcome=outcomes[item], collection=collection, permit=permit)
    references.count(collection, added=n_faces)
    _touch(job)
    _settle(job)
    sequences = [item.sequence for item in outcomes]
    transaction.on_commit(lambda: staging.remove_images(sequences, tenant_id=tenant_id, job_id=job.id))
    if partitions.is_due(collection):
        dispatch.enqueue_promotion(collection.id, tenant_id=tenant_id)
    return n_faces


def _write_one(item: JobItem, *, outcome: Examined | Problem, collection: Collection, permit: Permit) -> int:
    rows = JobItem.objects.filter(tenant_id=item.tenant_id, id=item.id)
    if not isinstance(outcome, Examined):
        rows.update(status=JobItem.Status.FAILED, problem=outcome)
        return 0
    image, faces = references.store(
        outcome, collection=collection, external_id=item.external_id, permit=permit, item=item
    )
    rejected = [
        {"box": asdict(rejection.box), "reasons": [reason.value for reason in rejection.reasons]}
        for rejection in outcome.rejected
    ]
    rows.update(status=JobItem.Status.DONE, image=image.id, n_faces=len(faces), rejected=rejected)
    return len(faces)


def _settle(job: Job) -> None:
    """Bring the progress of a locked job up to date, and close it when nothing is pending."""
    counts = selectors.items_of(job).aggregate(
        done=Count("id", filter=Q(status=JobItem.Status.DONE)),
        failed=Count("id", filter=Q(status=JobItem.Status.FAILED)),
    )
    Job.objects.filter(tenant_id=job.tenant_id, id=job.id).update(**counts)
    if counts["done"] + counts["failed"] < job.total:
        return
    if counts["done"]:
        jobs.close(job, status=JobStatus.SUCCEEDED)
    else:
        jobs.close(job, status=JobStatus.FAILED, problem=AllImagesFailed().as_problem())


def _touch(job: Job) -> None:
    DispatchTicket.objects.filter(job_id=job.id).update(touched_at=Now(), sends=0)
