"""Filling the second index of a collection that moves to another engine: a job of short batches over its faces.

Each batch is judged anew, reads kept pictures, lets the other engine find the same faces in them, and writes their
templates under the fence. What cannot be moved is written down with the reason.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from django.db.models import F
from django.db.models.functions import Coalesce, Now

from common.context import Actor, tenant_scope
from common.errors import PayloadTooLarge, Unprocessable, UnsupportedMedia
from common.permits import Permit
from common.vocabulary import JobKind, JobStatus, Operation
from governance import gate
from governance.errors import PolicyRefused
from recognition import dispatch, storage
from recognition.engines import registry
from recognition.engines.base import Box, FaceEngine, Template
from recognition.errors import (
    CollectionNotFound,
    EngineMoveNotFound,
    EngineVersionMismatch,
    JobClosed,
    StoredImageDamaged,
)
from recognition.gallery import second
from recognition.models import Collection, DispatchTicket, EngineMove, Face, Job, UnmovedFace
from recognition.selectors import collections as collection_selectors
from recognition.selectors import engine_moves as selectors
from recognition.selectors import faces as face_selectors
from recognition.selectors import jobs as job_selectors
from recognition.services import jobs, reading, submission
from recognition.services.examination import open_image
from recognition.services.references import gallery
from recognition.services.same_faces import same_faces
from recognition.services.turns import turn

BATCH_FACES: Final = 16

Moved = Template | UnmovedFace.Reason


@dataclass(frozen=True, slots=True)
class _Work:
    """Some faces of the collection that have no template in the second index."""

    job: Job
    move: EngineMove
    collection: Collection
    faces: tuple[Face, ...]


def enrolment_of(actor: Actor, *, collection: Collection, engine_version: str) -> gate.AccessRequest:
    """Return the question whether faces of the collection may get templates of that engine version."""
    return gate.AccessRequest(
        actor=actor,
        operation=Operation.ENROL,
        resource=gate.ResourceRef("collection", collection.id, collection.tenant_id),
        gallery_size=collection.face_count,
        engine_version=engine_version,
    )


def submit(move: EngineMove, *, collection: Collection, actor: Actor, decision_id: uuid.UUID) -> None:
    """Begin to fill the second index, in the open transaction, unless that is under way or nothing is missing.

    What could not be moved is tried again.
    """
    if move.job is not None and move.job.is_open:
        return
    UnmovedFace.objects.filter(tenant_id=move.tenant_id, move_id=move.id).delete()
    n_missing = second.count_missing(selectors.second_gallery(move, collection=collection))
    if not n_missing:
        return
    job = submission.new_job(JobKind.FILL_INDEX, collection=collection, actor=actor, max_faces=1)
    job.total = n_missing
    job.decision_entry_id = decision_id
    job.save(force_insert=True)
    move.job = job
    EngineMove.objects.filter(tenant_id=move.tenant_id, id=move.id).update(job=job, filled_up_to=None)
    DispatchTicket.objects.create(job_id=job.id)
    dispatch.enqueue_batches(job.id, kind=JobKind.FILL_INDEX, firsts=[0], tenant_id=job.tenant_id)


def run_batch(job_id: uuid.UUID, *, first: int, tenant_id: uuid.UUID) -> None:
    """Move the next faces, when so many are done already, and send the next batch. Safe to repeat at any time.

    Raises:
        JobNotFound: the tenant has no such job.
        PlatformError: the platform could not go on; the sweep sends the batch again.
    """
    work = _begin(job_id, first=first, tenant_id=tenant_id)
    if work is None:
        return
    try:
        engine = _engine_of(work.move)
        with _authorised(work) as admitted:
            moved = _make_templates(work.faces, engine=engine, admission=admitted.own)
            with tenant_scope(tenant_id):
                n_faces = _write(work, moved=moved, first=first, permit=admitted.own.permit)
                admitted.complete(n_faces=n_faces)
    except PolicyRefused as refusal:
        jobs.halt(job_id, refusal=refusal, tenant_id=tenant_id)
    except EngineVersionMismatch as error:
        jobs.fail(job_id, error=error, tenant_id=tenant_id)
    except (JobClosed, CollectionNotFound, EngineMoveNotFound):
        return  # cancelled, done by somebody else, ended or deleted meanwhile: nothing was written


def _begin(job_id: uuid.UUID, *, first: int, tenant_id: uuid.UUID) -> _Work | None:
    with tenant_scope(tenant_id):
        job = job_selectors.lock_for(tenant_id, job_id=job_id)
        move = selectors.of_job(job)
        if move is None or not job.is_open or job.collection_id is None or job.done + job.failed != first:
            return None
        Job.objects.filter(tenant_id=tenant_id, id=job_id).update(
            status=JobStatus.RUNNING, started_at=Coalesce(F("started_at"), Now())
        )
        DispatchTicket.objects.filter(job_id=job_id).update(touched_at=Now(), sends=0)
        collection = collection_selectors.list_for(tenant_id).get(id=job.collection_id)
        index = selectors.second_gallery(move, collection=collection)
        ids = second.next_missing(index, after=move.filled_up_to, most=BATCH_FACES)
        return _Work(job, move, collection, tuple(selectors.with_pictures(ids, collection=collection)))


def _engine_of(move: EngineMove) -> FaceEngine:
    engine = registry.get(move.engine)
    if engine.version != move.engine_version:
        raise EngineVersionMismatch(
            f"The second index holds templates of {move.engine_version}; the platform runs {engine.version}."
        )
    return engine


def _authorised(work: _Work) -> AbstractContextManager[reading.Reading]:
    """Ask for what the faces were enrolled for as well: a new template of a face is a use of it."""
    actor = jobs.actor_of(work.job)
    request = enrolment_of(actor, collection=work.collection, engine_version=work.move.engine_version)
    return reading.authorised_of(request, collection_ids=[work.collection.id])


def _make_templates(faces: Sequence[Face], *, engine: FaceEngine, admission: gate.Admission) -> dict[uuid.UUID, Moved]:
    """Return the template of each face, or why there is none. No transaction is open."""
    moved: dict[uuid.UUID, Moved] = {}
    for _, of_image in groupby(faces, key=lambda face: face.image_id):
        together = list(of_image)
        admission.still_holds()
        moved |= _of_picture(together, engine=engine, permit=admission.permit)
    return moved


def _of_picture(faces: Sequence[Face], *, engine: FaceEngine, permit: Permit) -> dict[uuid.UUID, Moved]:
    kept = faces[0].image.file
    if kept is None:
        return {face.id: UnmovedFace.Reason.PICTURE_NOT_KEPT for face in faces}
    boxes = [Box(face.box_left, face.box_top, face.box_width, face.box_height) for face in faces]
    try:
        data = storage.read(kept.tenant_id, digest=kept.digest)
        with turn():
            image = open_image(data)
            again = same_faces(boxes, image, engine=engine, permit=permit)
            found = [face for face in again if face is not None]
            templates = iter(engine.extract(image, found, permit=permit) if found else ())
    except (StoredImageDamaged, Unprocessable, PayloadTooLarge, UnsupportedMedia):
        return {face.id: UnmovedFace.Reason.PICTURE_UNREADABLE for face in faces}
    return {
        face.id: UnmovedFace.Reason.FACE_NOT_FOUND_AGAIN if seen is None else next(templates)
        for face, seen in zip(faces, again, strict=True)
    }


def _write(work: _Work, *, moved: dict[uuid.UUID, Moved], first: int, permit: Permit) -> int:
    """Write the templates of the faces that are still there; return how many there were."""
    tenant_id = work.job.tenant_id
    collection = collection_selectors.lock_for(tenant_id, collection_id=work.collection.id)
    job = job_selectors.lock_for(tenant_id, job_id=work.job.id)
    if not job.is_open or job.done + job.failed != first:
        raise JobClosed(f"The job is {job.status}.")
    move = selectors.open_of(collection, locks=True)
    there = set(face_selectors.all_in(collection).filter(id__in=moved).values_list("id", flat=True))
    templates = [(each, made) for each, made in moved.items() if each in there and isinstance(made, Template)]
    gallery.add(selectors.second_gallery(move, collection=collection), templates, permit=permit)
    unmoved = [
        UnmovedFace(tenant_id=tenant_id, move_id=move.id, face_id=each, reason=made)
        for each, made in moved.items()
        if each in there and not isinstance(made, Template)
    ]
    UnmovedFace.objects.bulk_create(unmoved)
    _advance(job, move=move, moved=moved, n_failed=len(unmoved))
    return len(templates)


def _advance(job: Job, *, move: EngineMove, moved: dict[uuid.UUID, Moved], n_failed: int) -> None:
    """Bring the progress up to date; send the next batch, or close the job when nothing is missing."""
    up_to = max(moved, default=move.filled_up_to)
    EngineMove.objects.filter(tenant_id=job.tenant_id, id=move.id).update(filled_up_to=up_to)
    done, failed = job.done + len(moved) - n_failed, job.failed + n_failed
    # Faces were enrolled or deleted since they were counted.
    total = max(done + failed, 1 if not moved else job.total)
    Job.objects.filter(tenant_id=job.tenant_id, id=job.id).update(done=done, failed=failed, total=total)
    if not moved:
        jobs.close(job, status=JobStatus.SUCCEEDED)
        return
    DispatchTicket.objects.filter(job_id=job.id).update(touched_at=Now(), sends=0)
    dispatch.enqueue_batches(job.id, kind=JobKind.FILL_INDEX, firsts=[done + failed], tenant_id=job.tenant_id)
