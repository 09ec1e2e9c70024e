"""The purge: what is past its time is deleted, in batches, each a deletion by the platform itself that is on record.

Nothing depends on it for what can be found or read (`selectors.retention`), only for what is stored. Each batch is one
transaction; killed anywhere, the next run goes on.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable
from functools import partial
from typing import Final

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connections
from django.db.models.functions import Now

from common.context import Actor, ActorKind, Usage, tenant_scope
from common.errors import PlatformError
from common.vocabulary import Operation
from governance import gate
from governance.audit import ledger
from governance.audit.tags import Tag
from governance.casework import reviews
from recognition.errors import CollectionNotFound, JobNotFound
from recognition.models import Face, Job
from recognition.selectors import collections as collection_selectors
from recognition.selectors import faces as face_selectors
from recognition.selectors import jobs as job_selectors
from recognition.services import deletion, keeping, references
from recognition.services.references import Removed

logger = logging.getLogger(__name__)

BATCH_FACES: Final = 500
_MOST_FOUND: Final = 200
_NOBODY: Final = Usage(None, None, None)


def purge(*, seconds: float) -> None:
    """Delete what is past its time, for about so long: kept pictures without images, faces, results of jobs."""
    until = time.monotonic() + seconds
    keeping.sweep(seconds=seconds / 2)
    for tenant_id, collection_id in _found("SELECT * FROM custos_expired_collections(%s)", _MOST_FOUND):
        _work_off(partial(purge_faces, collection_id, tenant_id=tenant_id), until=until)
    days = settings.CUSTOS_JOB_RESULT_DAYS
    for tenant_id, job_id in _found("SELECT * FROM custos_expired_jobs(%s, %s)", days, _MOST_FOUND):
        _work_off(partial(purge_results, job_id, tenant_id=tenant_id), until=until)


def purge_faces(collection_id: uuid.UUID, *, tenant_id: uuid.UUID, all_of_them: bool = False) -> bool:
    """Delete a batch of a collection's faces past its retention, or of all; return whether there may be more."""
    with gate.authorised(_deletion("collection", collection_id, tenant_id)) as admission, tenant_scope(tenant_id):
        collection = collection_selectors.lock_for(tenant_id, collection_id=collection_id)
        choose = face_selectors.ids_in if all_of_them else face_selectors.ids_over_in
        ids = choose(collection, most=BATCH_FACES)
        removed = references.destroy(ids, collection=collection, permit=admission.permit).removed
        _record("collection", collection_id, tenant_id=tenant_id, removed=removed)
        admission.complete(n_faces=removed.faces, removed=removed.counts())
    return len(ids) == BATCH_FACES


def purge_collection(collection_id: uuid.UUID, *, tenant_id: uuid.UUID) -> None:
    """Delete an emptied collection of a tenant that is erased."""
    with gate.authorised(_deletion("collection", collection_id, tenant_id)) as admission, tenant_scope(tenant_id):
        locked = collection_selectors.lock_for(tenant_id, collection_id=collection_id, for_deletion=True)
        removed = deletion.delete_locked(locked, permit=admission.permit)
        admission.complete(n_faces=removed.faces, removed=removed.counts())


def purge_results(job_id: uuid.UUID, *, tenant_id: uuid.UUID) -> bool:
    """Delete what a closed job tells of its images; the job stays, as a record that there was one."""
    with gate.authorised(_deletion("job", job_id, tenant_id)) as admission, tenant_scope(tenant_id):
        job = job_selectors.lock_for(tenant_id, job_id=job_id)
        if not job.is_open:
            removed = _empty(job)
            reviews.forget_job(tenant_id, job_id)
            Job.objects.filter(tenant_id=tenant_id, id=job_id).update(results_purged_at=Now())
            _record("job", job_id, tenant_id=tenant_id, removed=removed)
            admission.complete(removed=removed.counts())
        else:
            admission.complete()
    return False


def _empty(job: Job) -> Removed:
    """Delete the items of a job. Those whose faces are still enrolled stay, and tell nothing more than these do."""
    items = job_selectors.items_of(job)
    faces = Face.objects.filter(tenant_id=job.tenant_id, job_id=job.id)
    n_emptied = items.filter(id__in=faces.values("job_item_id")).update(external_id="", person_name="", rejected=[])
    n_deleted, _ = items.exclude(id__in=faces.values("job_item_id")).delete()
    return Removed(job_results=n_emptied + n_deleted)


def _found(statement: str, *parameters: int) -> list[tuple[uuid.UUID, uuid.UUID]]:
    """Ask, before any tenant is known, whose things are past their time."""
    with connections["default"].cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())


def _work_off(batch: Callable[[], bool], *, until: float) -> None:
    """Run batches of one thing until there are no more; its troubles are its own."""
    try:
        while time.monotonic() < until and batch():
            continue
    except (CollectionNotFound, JobNotFound):
        return  # deleted meanwhile
    except (PlatformError, DatabaseError, InterfaceError):
        logger.exception("something past its time could not be purged yet")


def _deletion(kind: str, thing_id: uuid.UUID, tenant_id: uuid.UUID) -> gate.AccessRequest:
    return gate.AccessRequest(
        actor=Actor(ActorKind.SYSTEM, thing_id, tenant_id, _NOBODY),
        operation=Operation.DELETE,
        resource=gate.ResourceRef(kind, thing_id, tenant_id),
    )


def _record(kind: str, thing_id: uuid.UUID, *, tenant_id: uuid.UUID, removed: Removed) -> None:
    ledger.record_event(
        Tag.RETENTION_PURGED,
        actor=ledger.SYSTEM,
        resource=ledger.Resource(kind, thing_id),
        tenant_id=tenant_id,
        data=removed.counts(),
    )
