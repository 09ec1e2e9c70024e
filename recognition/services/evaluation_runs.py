"""Evaluations: how good an engine is on a tenant's own labelled faces, as a governed job of a few short steps.

Each step is judged anew, reads the templates, and writes its part of the report under the fence. A step that is done
twice writes the same again: what is drawn at random is seeded by the job.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any, Final, TypeVar

from django.db.models import F, QuerySet
from django.db.models.functions import Coalesce, Now

from common.context import Actor, tenant_scope
from common.errors import InvalidRequest
from common.ids import new_id
from common.vocabulary import JobKind, JobStatus, Operation
from governance import gate
from governance.errors import PolicyRefused
from recognition import dispatch
from recognition.engines.base import FaceEngine
from recognition.errors import (
    CollectionNotFound,
    EngineVersionMismatch,
    EvaluationImpossible,
    EvaluationNotFound,
    JobClosed,
    JobHalted,
)
from recognition.evaluation import report as reports
from recognition.evaluation.labelled import EvaluationDataInvalid
from recognition.models import Collection, DispatchTicket, EvaluationRun, Job
from recognition.selectors import collections as collection_selectors
from recognition.selectors import evaluations as selectors
from recognition.selectors import jobs as job_selectors
from recognition.services import engines, jobs, reading, submission
from recognition.services.labels import LabelledFaces, labelled_faces

R = TypeVar("R")

STEPS: Final = ("comparisons", "searches", "experiment")


def submit_evaluation(
    *,
    collection_name: str,
    actor: Actor,
    probe_collection_name: str | None = None,
    groups: Mapping[str, str] | None = None,
) -> Job:
    """Accept an evaluation to be done by the workers.

    Args:
        collection_name: its faces are compared with each other; one external id is one person.
        actor: who asks; every step asks the gate again in its name.
        probe_collection_name: other people, for the false-positive experiment.
        groups: external id → group, for the rates of each.

    Raises:
        CollectionNotFound: there is none of this name, or it is another tenant's.
        EngineVersionMismatch: the platform runs another version of the collection's engine, or the probes are of
            another one.
        PolicyRefused: the policy does not allow it.
        InvalidRequest: the probes are in the collection itself.
    """
    with tenant_scope(actor.tenant_id):
        collection = collection_selectors.get_for(actor.tenant_id, name=collection_name)
        probes = probe_collection_name and collection_selectors.get_for(actor.tenant_id, name=probe_collection_name)
    engines.engine_of(collection)
    if probes:
        _check_probes(probes, collection=collection)
    job = submission.new_job(JobKind.EVALUATE, collection=collection, actor=actor, max_faces=1)
    job.total = len(STEPS) if probes else len(STEPS) - 1
    with _authorised(job, collection, probes or None) as admitted, tenant_scope(actor.tenant_id):
        job.decision_entry_id = admitted.own.decision_id
        collection_selectors.lock_for(actor.tenant_id, collection_id=collection.id)
        job.save(force_insert=True)
        EvaluationRun.objects.create(
            id=new_id(),
            tenant_id=actor.tenant_id,
            job_id=job.id,
            probe_collection_id=probes.id if probes else None,
            engine_version=collection.engine_version,
            groups=dict(groups or {}),
        )
        DispatchTicket.objects.create(job_id=job.id)
        dispatch.enqueue_batches(job.id, kind=JobKind.EVALUATE, firsts=[0], tenant_id=actor.tenant_id)
        accepted = job_selectors.get_for(actor.tenant_id, job_id=job.id)
        admitted.complete(resource=gate.ResourceRef("job", job.id, actor.tenant_id))
    return accepted


def list_evaluations(*, actor: Actor, paginate: Callable[[QuerySet[EvaluationRun]], R]) -> R:
    """Return a page of the tenant's evaluations: what they are about, not what they found.

    Raises:
        PolicyRefused: the policy does not allow administering.
    """
    request = gate.AccessRequest(
        actor=actor,
        operation=Operation.ADMINISTER,
        resource=gate.ResourceRef("job", None, actor.tenant_id),
        only_looks=True,
    )
    with gate.authorised(request) as admission, tenant_scope(actor.tenant_id):
        page = paginate(selectors.list_for(actor.tenant_id))
        admission.complete()
    return page


def read_evaluation(job_id: uuid.UUID, *, actor: Actor) -> EvaluationRun:
    """Return an evaluation with its report, as far as it has come. Reading is judged like making, for what it was made.

    Raises:
        EvaluationNotFound: there is none of this id, or it is another tenant's.
        JobHalted: its output was destroyed.
        PolicyRefused: the policy does not allow it, any more.
    """
    with tenant_scope(actor.tenant_id):
        job = job_selectors.list_for(actor.tenant_id).filter(id=job_id, kind=JobKind.EVALUATE).first()
    if job is None:
        raise EvaluationNotFound
    request = gate.AccessRequest(
        actor=replace(actor, usage=jobs.usage_of(job)),
        operation=Operation.READ_RESULT,
        result_of=Operation.EVALUATE,
        resource=gate.ResourceRef("job", job_id, actor.tenant_id),
        collection_id=job.collection_id,
    )
    with gate.authorised(request) as admission, tenant_scope(actor.tenant_id):
        run = selectors.list_for(actor.tenant_id).filter(job_id=job_id).first()
        if run is None:
            raise JobHalted
        admission.complete()
    return run


def run_step(job_id: uuid.UUID, *, step: int, tenant_id: uuid.UUID) -> None:
    """Do one step of an evaluation, and send the next. Safe to repeat, at any time, also at the same time.

    Raises:
        JobNotFound: the tenant has no such job.
        PlatformError: the platform could not go on; the sweep sends the step again.
    """
    found = _begin(job_id, step=step, tenant_id=tenant_id)
    if found is None:
        return
    job, run, collection = found
    try:
        engine = engines.engine_of(collection)
        with _authorised(job, collection, run.probe_collection) as admitted:
            part, n_faces = _measure(
                STEPS[step], job=job, run=run, collection=collection, engine=engine, own=admitted.own
            )
            with tenant_scope(tenant_id):
                _write(job, step=step, part=part)
                admitted.complete(n_faces=n_faces)
    except PolicyRefused as refusal:
        jobs.halt(job_id, refusal=refusal, tenant_id=tenant_id)
    except EvaluationDataInvalid as error:
        jobs.fail(job_id, error=EvaluationImpossible(str(error)), tenant_id=tenant_id)
    except EngineVersionMismatch as error:
        jobs.fail(job_id, error=error, tenant_id=tenant_id)
    except (JobClosed, CollectionNotFound):
        return  # cancelled, done by somebody else, or deleted meanwhile: nothing was written


def _authorised(job: Job, *collections: Collection | None) -> AbstractContextManager[reading.Reading]:
    """Ask the gate for the evaluation, and for all that the faces were enrolled for: statistics of faces are a use."""
    involved = [collection for collection in collections if collection is not None]
    return reading.authorised_of(
        jobs.request_of(job, collection=involved[0]), collection_ids=[collection.id for collection in involved]
    )


def _check_probes(probes: Collection, *, collection: Collection) -> None:
    if probes.id == collection.id:
        raise InvalidRequest("The people to search for must be in another collection.")
    if probes.engine_version != collection.engine_version:
        raise EngineVersionMismatch("Both collections must hold templates of one engine version.")


def _begin(job_id: uuid.UUID, *, step: int, tenant_id: uuid.UUID) -> tuple[Job, EvaluationRun, Collection] | None:
    with tenant_scope(tenant_id):
        job = job_selectors.lock_for(tenant_id, job_id=job_id)
        if job.kind != JobKind.EVALUATE or not job.is_open or job.collection_id is None or job.done != step:
            return None
        Job.objects.filter(tenant_id=tenant_id, id=job_id).update(
            status=JobStatus.RUNNING, started_at=Coalesce(F("started_at"), Now())
        )
        DispatchTicket.objects.filter(job_id=job_id).update(touched_at=Now(), sends=0)
        run = selectors.list_for(tenant_id).get(job_id=job_id)
        return job, run, collection_selectors.list_for(tenant_id).get(id=job.collection_id)


def _measure(
    name: str, *, job: Job, run: EvaluationRun, collection: Collection, engine: FaceEngine, own: gate.Admission
) -> tuple[reports.Report, int]:
    """Return a step's part of the report, and of how many faces it speaks. No transaction is open."""
    seed = job.id.int % 2**32
    with tenant_scope(job.tenant_id):
        faces = labelled_faces(collection, groups=run.groups, seed=seed, permit=own.permit)
    if name == "comparisons":
        part = reports.comparisons_part(faces.data, calibration=engine.calibration, seed=seed)
        part["data"] = faces.counts()
        return part, len(faces.data.vectors)
    if name == "searches":
        return reports.searches_part(faces.data, calibration=engine.calibration, seed=seed), len(faces.data.vectors)
    probes = _probes(job, run=run, seed=seed)
    part = reports.experiment_part(
        faces.data,
        probes=probes.data,
        shared_subjects=len(faces.names & probes.names),
        calibration=engine.calibration,
        seed=seed,
    )
    return part, len(faces.data.vectors) + len(probes.data.vectors)


def _probes(job: Job, *, run: EvaluationRun, seed: int) -> LabelledFaces:
    """Read the people to search for under a decision of their own: their collection may be suspended by itself."""
    if run.probe_collection_id is None:
        raise EvaluationDataInvalid("The collection of the people to search for has been deleted.")
    with tenant_scope(job.tenant_id):
        collection = collection_selectors.list_for(job.tenant_id).get(id=run.probe_collection_id)
    with (
        gate.authorised(jobs.request_of(job, collection=collection)) as admission,
        tenant_scope(job.tenant_id),
    ):
        found = labelled_faces(collection, groups=run.groups, seed=seed, permit=admission.permit)
        admission.complete(n_faces=len(found.data.vectors))
    return found


def _write(job: Job, *, step: int, part: Mapping[str, Any]) -> None:
    locked = job_selectors.lock_for(job.tenant_id, job_id=job.id)
    if not locked.is_open or locked.done != step:
        raise JobClosed(f"The job is {locked.status}.")
    run = EvaluationRun.objects.get(tenant_id=job.tenant_id, job_id=job.id)
    EvaluationRun.objects.filter(tenant_id=job.tenant_id, id=run.id).update(report={**run.report, **part})
    done = step + 1
    Job.objects.filter(tenant_id=job.tenant_id, id=job.id).update(done=done)
    if done == locked.total:
        jobs.close(locked, status=JobStatus.SUCCEEDED)
        return
    DispatchTicket.objects.filter(job_id=job.id).update(touched_at=Now(), sends=0)
    dispatch.enqueue_batches(job.id, kind=JobKind.EVALUATE, firsts=[done], tenant_id=job.tenant_id)
