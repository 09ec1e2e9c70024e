"""Jobs: reading and cancelling them, and every way they end. What fills them is in `services.batches`."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, TypeVar

from django.db import transaction
from django.db.models import Prefetch, QuerySet
from django.db.models.functions import Now

from common.context import Actor, ActorKind, Usage, tenant_scope
from common.errors import PlatformError
from common.permits import Permit
from common.vocabulary import JobKind, JobStatus, Operation
from governance import gate
from governance.audit import ledger
from governance.audit.tags import Tag
from governance.casework import reviews
from governance.errors import PolicyRefused
from recognition import staging
from recognition.errors import (
    CollectionNotFound,
    JobClosed,
    JobHalted,
    JobResultsExpired,
    ResultNeverReviewed,
    ThresholdBelowCollection,
)
from recognition.gallery import second
from recognition.models import Collection, DispatchTicket, EvaluationRun, Job, JobItem
from recognition.selectors import collections as collection_selectors
from recognition.selectors import engine_moves
from recognition.selectors import faces as face_selectors
from recognition.selectors import jobs as selectors
from recognition.services import identification, masking, references
from recognition.services.references import Removed

R = TypeVar("R")

OPERATION_OF: Final = {
    JobKind.ENROL_FACES: Operation.ENROL,
    JobKind.SEARCH_FACES: Operation.SEARCH,
    JobKind.EVALUATE: Operation.EVALUATE,
    JobKind.FILL_INDEX: Operation.ENROL,
}


def number_of_open_jobs() -> int:
    """Return how many jobs of all tenants are not done; their tickets belong to no tenant and say nothing else."""
    return DispatchTicket.objects.count()


def list_jobs(*, actor: Actor, paginate: Callable[[QuerySet[Job]], R]) -> R:
    """Return a page of the tenant's jobs. A job's state is no biometric result, so a refused tenant can see it.

    Raises:
        PolicyRefused: the policy does not allow administering.
    """
    with gate.authorised(_administer(actor, job_id=None, only_looks=True)) as admission, tenant_scope(actor.tenant_id):
        page = paginate(selectors.list_for(actor.tenant_id))
        admission.complete()
    return page


def get_job(job_id: uuid.UUID, *, actor: Actor) -> Job:
    """Return one of the tenant's jobs.

    Raises:
        JobNotFound: there is none of this id, or it is another tenant's.
        PolicyRefused: the policy does not allow administering.
    """
    with tenant_scope(actor.tenant_id):
        selectors.get_for(actor.tenant_id, job_id=job_id)
    with (
        gate.authorised(_administer(actor, job_id=job_id, only_looks=True)) as admission,
        tenant_scope(actor.tenant_id),
    ):
        job = selectors.get_for(actor.tenant_id, job_id=job_id)
        admission.complete()
    return job


def cancel_job(job_id: uuid.UUID, *, actor: Actor) -> Job:
    """End an open job; what it has enrolled so far stays.

    Raises:
        JobNotFound: there is none of this id, or it is another tenant's.
        JobClosed: it has ended already.
        PolicyRefused: the policy does not allow administering.
    """
    with tenant_scope(actor.tenant_id):
        selectors.get_for(actor.tenant_id, job_id=job_id)
    with gate.authorised(_administer(actor, job_id=job_id)) as admission, tenant_scope(actor.tenant_id):
        job = selectors.lock_for(actor.tenant_id, job_id=job_id)
        if not job.is_open:
            raise JobClosed(f"The job is {job.status}.")
        close(job, status=JobStatus.CANCELLED)
        cancelled = selectors.get_for(actor.tenant_id, job_id=job_id)
        admission.complete()
    return cancelled


def read_results(job_id: uuid.UUID, *, actor: Actor, paginate: Callable[[QuerySet[JobItem]], R]) -> R:
    """Return a page of what a job did with each image; `found.results_of` tells whom its searches found.

    Reading is judged like making: for the purpose, end user and jurisdiction that the job was made for, under the
    policy of now.

    Raises:
        JobNotFound: there is none of this id, or it is another tenant's.
        JobHalted: its output was destroyed.
        ResultNeverReviewed: it was made before such results had to be reviewed.
        JobResultsExpired: the time for which results are kept is over.
        PolicyRefused: the policy does not allow it, any more.
    """
    with tenant_scope(actor.tenant_id):
        job = selectors.get_for(actor.tenant_id, job_id=job_id)
    request = gate.AccessRequest(
        actor=replace(actor, usage=usage_of(job)),
        operation=Operation.READ_RESULT,
        result_of=OPERATION_OF[JobKind(job.kind)],
        resource=gate.ResourceRef("job", job_id, actor.tenant_id),
        collection_id=job.collection_id,
        meets=masking.OBLIGATIONS,
    )
    with gate.authorised(request) as admission, tenant_scope(actor.tenant_id):
        job = selectors.get_for(actor.tenant_id, job_id=job_id)
        if job.status == JobStatus.HALTED_BY_POLICY:
            raise JobHalted
        if not selectors.has_results(job):
            raise JobResultsExpired
        if masking.is_masked(admission) and selectors.has_unreviewed_searches(job):
            raise ResultNeverReviewed
        faces = Prefetch("faces", queryset=face_selectors.live())
        page = paginate(selectors.items_of(job).select_related("job__collection").prefetch_related(faces))
        admission.complete()
    return page


def usage_of(job: Job) -> Usage:
    """Return what the job was made for."""
    return Usage(job.purpose, job.on_behalf_of, job.jurisdiction, job.case_ref, tuple(job.circumstances))


def actor_of(job: Job) -> Actor:
    """Return who made the job, for what it was made."""
    return Actor(ActorKind(job.actor_kind), job.actor_id, job.tenant_id, usage_of(job))


def request_of(job: Job, *, collection: Collection) -> gate.AccessRequest:
    """Return the question that was asked when the job was made, to be asked again.

    Raises:
        ThresholdBelowCollection: the collection asks for more than the job's searches, by now.
    """
    actor = actor_of(job)
    if job.kind == JobKind.SEARCH_FACES:
        return identification.request_of(
            actor, collection=collection, threshold=job.threshold, n_searches=0, masks=True
        )
    return gate.AccessRequest(
        actor=actor,
        operation=OPERATION_OF[JobKind(job.kind)],
        resource=gate.ResourceRef("collection", collection.id, job.tenant_id),
        gallery_size=collection.face_count,
        engine_version=collection.engine_version,
        max_faces=job.max_faces,
    )


def close(job: Job, *, status: JobStatus, problem: dict[str, Any] | None = None) -> None:
    """End a locked, open job in the open transaction: state, ticket and, once committed, staged images."""
    rows = Job.objects.filter(tenant_id=job.tenant_id, id=job.id)
    rows.update(status=status, problem=problem, finished_at=Now())
    DispatchTicket.objects.filter(job_id=job.id).delete()
    EvaluationRun.objects.filter(tenant_id=job.tenant_id, job_id=job.id).update(groups={})
    transaction.on_commit(lambda: staging.remove(tenant_id=job.tenant_id, job_id=job.id))


def fail(job_id: uuid.UUID, *, error: PlatformError, tenant_id: uuid.UUID) -> None:
    """End an open job that cannot go on; what it has enrolled so far stays."""
    with tenant_scope(tenant_id):
        job = selectors.lock_for(tenant_id, job_id=job_id)
        if job.is_open:
            close(job, status=JobStatus.FAILED, problem=error.as_problem())


def recheck(job: Job, *, collection: Collection) -> bool:
    """Ask the gate again for an open job, and halt it when it is refused; return whether it may go on."""
    try:
        with gate.authorised(request_of(job, collection=collection)) as admission, tenant_scope(job.tenant_id):
            admission.complete()
    except PolicyRefused as refusal:
        halt(job.id, refusal=refusal, tenant_id=job.tenant_id)
        return False
    except ThresholdBelowCollection as error:
        fail(job.id, error=error, tenant_id=job.tenant_id)
        return False
    return True


def halt(job_id: uuid.UUID, *, refusal: PolicyRefused, tenant_id: uuid.UUID) -> None:
    """Stop an open job that the policy no longer allows, and destroy all that it has made, in one transaction.

    Destroying goes through the gate as a deletion by the system: a right, which no refusal blocks.
    """
    with tenant_scope(tenant_id):
        job = selectors.get_for(tenant_id, job_id=job_id)
    if job.collection_id is None:
        return
    request = gate.AccessRequest(
        actor=Actor(ActorKind.SYSTEM, job.id, tenant_id, usage_of(job)),
        operation=Operation.DELETE,
        resource=gate.ResourceRef("job", job.id, tenant_id),
    )
    try:
        with gate.authorised(request) as admission, tenant_scope(tenant_id):
            _destroy_output(job, collection_id=job.collection_id, refusal=refusal, admission=admission)
    except (CollectionNotFound, JobClosed):
        return  # deleted or ended by somebody else meanwhile; nothing of it is left to destroy


def _destroy_output(job: Job, *, collection_id: uuid.UUID, refusal: PolicyRefused, admission: gate.Admission) -> None:
    collection = collection_selectors.lock_for(job.tenant_id, collection_id=collection_id)
    job = selectors.lock_for(job.tenant_id, job_id=job.id)
    if not job.is_open:
        raise JobClosed(f"The job is {job.status}.")
    face_ids = list(face_selectors.list_of_job(job).values_list("id", flat=True))
    destroyed = references.destroy(face_ids, collection=collection, permit=admission.permit, is_partial=True)
    n_items, _ = selectors.items_of(job).delete()
    reviews.forget_job(job.tenant_id, job.id)
    EvaluationRun.objects.filter(tenant_id=job.tenant_id, job_id=job.id).delete()
    n_second = _empty_second_index(job, collection=collection, permit=admission.permit)
    removed = destroyed.removed + Removed(job_results=n_items, templates=n_second)
    close(job, status=JobStatus.HALTED_BY_POLICY, problem=refusal.as_problem())
    ledger.record_event(
        Tag.JOB_HALTED,
        actor=ledger.SYSTEM,
        resource=ledger.Resource("job", job.id),
        tenant_id=job.tenant_id,
        data={
            "decision": str(refusal.decision_id),
            "rules": [rule["id"] for rule in refusal.rules],
            "n_faces": len(destroyed.face_ids),
        },
    )
    admission.complete(n_faces=len(destroyed.face_ids), removed=removed.counts())


def _empty_second_index(job: Job, *, collection: Collection, permit: Permit) -> int:
    """Destroy what a job has filled of a second index; after a switch it is the one that was searched before."""
    move = engine_moves.of_job(job)
    if move is None or move.is_switched:
        return 0
    return second.empty_index(engine_moves.second_gallery(move, collection=collection), permit=permit)


def _administer(actor: Actor, *, job_id: uuid.UUID | None, only_looks: bool = False) -> gate.AccessRequest:
    resource = gate.ResourceRef("job", job_id, actor.tenant_id)
    return gate.AccessRequest(actor=actor, operation=Operation.ADMINISTER, resource=resource, only_looks=only_looks)
