"""The worker's part of a job: one short, idempotent batch of enrolments or of searches.

A batch may be delivered twice, or its worker may die at any moment. An image is claimed and its faces are written in
one transaction, so it is enrolled (or searched for) once or not at all; the gate is asked again for every batch.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Count, F, Q
from django.db.models.functions import Coalesce, Now

from common.context import tenant_scope
from common.errors import PayloadTooLarge, PlatformError, Unprocessable, UnsupportedMedia
from common.vocabulary import JobKind, JobStatus
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
    ThresholdBelowCollection,
)
from recognition.gallery import partitions
from recognition.models import Collection, DispatchTicket, Job, JobItem, QualityFilter
from recognition.selectors import collections as collection_selectors
from recognition.selectors import jobs as selectors
from recognition.services import batch_outcomes, engines, identification, jobs, keeping, masking
from recognition.services.batch_outcomes import Counts, Outcome, Searched
from recognition.services.examination import examine
from recognition.services.shadowing import shadow_of

# An image that ends the worker process must not take its batch with it for ever: after this many unfinished attempts
# images are tried one by one, and after so many more given up.
_TOGETHER_ATTEMPTS: Final = 2
_MOST_ATTEMPTS: Final = 5
# What the images are not to blame for, and the process survives. Anything else, a time limit or a defect in the code,
# may be an image's doing and counts.
_NO_ATTEMPT: Final = (PlatformError, OperationalError, InterfaceError, OSError)


@dataclass(frozen=True, slots=True)
class _Work:
    """Some pending images of a batch of an open job; after the last there is nothing left of the batch."""

    job: Job
    collection: Collection
    items: tuple[JobItem, ...]
    is_last: bool


def batch_starts(sequences: Iterable[int]) -> list[int]:
    """Return the first sequence number of each batch that these items are in."""
    return sorted({sequence - sequence % settings.CUSTOS_IMAGES_AT_ONCE for sequence in sequences})


def run_batch(job_id: uuid.UUID, *, first: int, tenant_id: uuid.UUID) -> None:
    """Work on the images of a batch that are still pending. Safe to repeat, at any time, also at the same time.

    Args:
        job_id: the job.
        first: sequence number of the batch's first image.
        tenant_id: whose job it is.

    Raises:
        JobNotFound: the tenant has no such job.
        PlatformError, OperationalError, InterfaceError, OSError: the platform could not go on (engine, ledger, disk,
            database). The images stay pending for the sweep, and none comes closer to being given up.
    """
    is_last = False
    while not is_last and (work := _begin(job_id, first=first, tenant_id=tenant_id)) is not None:
        is_last = work.is_last
        try:
            _work_off(work)
        except PolicyRefused as refusal:
            jobs.halt(job_id, refusal=refusal, tenant_id=tenant_id)
            return
        except (EngineVersionMismatch, ThresholdBelowCollection) as error:
            jobs.fail(job_id, error=error, tenant_id=tenant_id)
            return
        except (JobClosed, CollectionNotFound):
            return  # cancelled, halted or deleted while we worked: nothing was written
        except _NO_ATTEMPT:
            _give_back(work)
            raise


def _begin(job_id: uuid.UUID, *, first: int, tenant_id: uuid.UUID) -> _Work | None:
    """Choose what to work on next, and count the attempt, durably, before it is made.

    Returns:
        None when nothing of the batch is left to be done.
    """
    with tenant_scope(tenant_id):
        job = selectors.lock_for(tenant_id, job_id=job_id)
        if not job.is_open or job.collection_id is None:
            return None
        pending = _without_hopeless(
            list(selectors.pending_items(job, first=first, count=settings.CUSTOS_IMAGES_AT_ONCE)), job=job
        )
        items = _next_of(pending)
        if not items:
            return None
        if job.status != JobStatus.RUNNING:
            Job.objects.filter(tenant_id=tenant_id, id=job_id).update(
                status=JobStatus.RUNNING, started_at=Coalesce(F("started_at"), Now())
            )
        selectors.items_of(job).filter(id__in=[item.id for item in items]).update(attempts=F("attempts") + 1)
        _touch(job)
        collection = collection_selectors.list_for(tenant_id).get(id=job.collection_id)
    return _Work(job, collection, tuple(items), is_last=len(items) == len(pending))


def _without_hopeless(pending: list[JobItem], *, job: Job) -> list[JobItem]:
    """Give up the items of a locked job that were attempted too often; return the others."""
    hopeless = [item.id for item in pending if item.attempts >= _MOST_ATTEMPTS]
    if hopeless:
        given_up = selectors.items_of(job).filter(id__in=hopeless)
        given_up.update(status=JobItem.Status.FAILED, problem=ImageAbandoned().as_problem())
        _settle(job)
    return [item for item in pending if item.id not in hopeless]


def _next_of(pending: Sequence[JobItem]) -> Sequence[JobItem]:
    """Return all that may be worked on together, or else, after failed attempts, a single one."""
    return [item for item in pending if item.attempts < _TOGETHER_ATTEMPTS] or pending[:1]


def _give_back(work: _Work) -> None:
    """Take an attempt back that ended through no fault of the images."""
    with tenant_scope(work.job.tenant_id):
        job = selectors.lock_for(work.job.tenant_id, job_id=work.job.id)
        pending = selectors.items_of(job).filter(id__in=[item.id for item in work.items], attempts__gt=0)
        pending.filter(status=JobItem.Status.PENDING).update(attempts=F("attempts") - 1)


def _work_off(work: _Work) -> None:
    """Ask the gate, look at the images, and write what was found in one transaction.

    Raises:
        PolicyRefused: not allowed, at the start or at the fence.
        EngineVersionMismatch: the platform runs another version of the collection's engine.
        ThresholdBelowCollection: the collection asks for more than the job's searches, by now.
        JobClosed, CollectionNotFound: ended or deleted meanwhile.
    """
    tenant_id = work.job.tenant_id
    with gate.authorised(jobs.request_of(work.job, collection=work.collection)) as admission:
        engine = engines.engine_of(work.collection)
        outcomes = []
        for item in work.items:
            admission.still_holds()
            outcomes.append(
                _examine(item, job=work.job, collection=work.collection, engine=engine, admission=admission)
            )
        with tenant_scope(tenant_id):
            counts = _write(dict(zip(work.items, outcomes, strict=True)), work=work, admission=admission)
            admission.complete(
                n_faces=counts.n_faces,
                n_candidates=counts.n_candidates,
                top_score_bucket=counts.top_score_bucket,
                searched=counts.searched,
            )


def _examine(
    item: JobItem, *, job: Job, collection: Collection, engine: FaceEngine, admission: gate.Admission
) -> Outcome:
    """Return what is in an image, or what is wrong with it; whatever is not the image's own fault is raised."""
    try:
        data = staging.read(item.sequence, tenant_id=job.tenant_id, job_id=job.id, digest=item.digest)
        if job.kind == JobKind.SEARCH_FACES:
            return _search(data, job=job, collection=collection, engine=engine, admission=admission)
        quality = QualityFilter(job.quality_filter)
        examined = examine(
            data,
            engine=engine,
            max_faces=1 if item.person_name else job.max_faces,
            quality=quality,
            least_quality=admission.least_quality,
            permit=admission.permit,
        )
        examined.require_usable_face()
        return keeping.keep(examined, data=data, collection=collection)
    except (Unprocessable, PayloadTooLarge, UnsupportedMedia) as error:
        return error.as_problem()


def _search(
    data: bytes, *, job: Job, collection: Collection, engine: FaceEngine, admission: gate.Admission
) -> Searched:
    """Search before the write, in a transaction of its own: the job's lock must not wait for it."""
    probes = identification.probes_of(
        data, engine=engine, most=job.max_faces, admission=admission, shadow=shadow_of(collection)
    )
    with tenant_scope(job.tenant_id):
        identified = identification.identify(
            probes,
            collection=collection,
            calibration=engine.calibration,
            limit=_limit_of(job),
            threshold=admission.threshold,
            permit=admission.permit,
        )
    masking.require_reviewable(identified, limit=_limit_of(job), admission=admission)
    return Searched(identified, probes.portraits)


def _limit_of(job: Job) -> int:
    return job.candidate_limit or identification.DEFAULT_LIMIT


def _write(outcomes: dict[JobItem, Outcome], *, work: _Work, admission: gate.Admission) -> Counts:
    """Write the outcomes of the items that are still pending, and count what was written."""
    tenant_id = work.job.tenant_id
    enrols = work.job.kind == JobKind.ENROL_FACES
    collection = work.collection
    if enrols:
        collection = collection_selectors.lock_for(tenant_id, collection_id=collection.id)
    job = selectors.lock_for(tenant_id, job_id=work.job.id)
    if not job.is_open:
        raise JobClosed(f"The job is {job.status}.")
    # The job's lock serialises its batches: what is pending now stays ours until the commit.
    claimed = selectors.items_of(job).filter(id__in=[item.id for item in outcomes], status=JobItem.Status.PENDING)
    written = {item: outcomes[item] for item in claimed.order_by("sequence")}
    batch_outcomes.write_problems(written)
    if enrols:
        counts = batch_outcomes.enrol(written, job=job, collection=collection, admission=admission)
        if partitions.is_due(collection):
            dispatch.enqueue_promotion(collection.id, tenant_id=tenant_id)
    else:
        counts = batch_outcomes.tell(written, job=job, collection=collection, limit=_limit_of(job), admission=admission)
    _touch(job)
    _settle(job)
    sequences = [item.sequence for item in outcomes]
    transaction.on_commit(lambda: staging.remove_images(sequences, tenant_id=tenant_id, job_id=job.id))
    return counts


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
