"""The purge: what is past its time is deleted, in batches, each a deletion by the platform itself that is on record.

Nothing depends on it for what can be found or read (`selectors.retention`), only for what is stored. Each batch is one
transaction; killed anywhere, the next run goes on.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connections
from django.db.models.functions import Now

from common.context import Actor, ActorKind, Usage, tenant_scope
from common.errors import PlatformError
from common.vocabulary import Operation
from governance import gate
from governance.accountability import certificates, consents, held
from governance.audit import ledger
from governance.casework import reviews
from recognition.errors import CollectionNotFound, JobNotFound
from recognition.models import Collection, Face, Job
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
    for tenant_id, collection_id in _found("SELECT * FROM custos_lifted_holds(%s)", _MOST_FOUND):
        _work_off(partial(settle_hold, collection_id, tenant_id=tenant_id), until=until)
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
        if ids:
            basis = _ERASURE if all_of_them else _retention_of(collection)
            _certify("collection", collection_id, basis=basis, admission=admission, removed=removed)
        admission.complete(n_faces=removed.faces, removed=removed.counts())
    return len(ids) == BATCH_FACES


def settle_hold(collection_id: uuid.UUID, *, tenant_id: uuid.UUID) -> bool:
    """Destroy what people took their consent back for while a hold, lifted now, kept it; then thaw the collection."""
    with gate.authorised(_deletion("collection", collection_id, tenant_id)) as admission, tenant_scope(tenant_id):
        collection = collection_selectors.lock_for(tenant_id, collection_id=collection_id)
        withdrawn = consents.withdrawn_in(tenant_id=tenant_id, collection_id=collection_id)
        faces = face_selectors.all_in(collection).filter(external_id__in=withdrawn)
        ids = list(faces.values_list("id", flat=True)[:BATCH_FACES])
        removed = references.destroy(ids, collection=collection, permit=admission.permit).removed
        if ids:
            basis = _Basis("CON-002", {"withdrawn_under_a_hold": True})
            _certify("collection", collection_id, basis=basis, admission=admission, removed=removed)
        if len(ids) < BATCH_FACES:
            held.settle(tenant_id, collection_id=collection_id)
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
            basis = _Basis("RET-001", {"most_days": settings.CUSTOS_JOB_RESULT_DAYS})
            _certify("job", job_id, basis=basis, admission=admission, removed=removed)
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


@dataclass(frozen=True, slots=True)
class _Basis:
    """The rule that a purge follows, and what it went by."""

    rule: str
    values: dict[str, Any]


def _retention_of(collection: Collection) -> _Basis:
    met = collection.purpose_met_at
    values = {"kept_days": collection.kept_days, "purpose_met_at": met.isoformat() if met else None}
    return _Basis("RET-001", values)


_ERASURE: Final = _Basis("ALW-002", {"erasure_of_the_organisation": True})


def _certify(kind: str, thing_id: uuid.UUID, *, basis: _Basis, admission: gate.Admission, removed: Removed) -> None:
    certificates.certify(
        admission.permit.tenant_id,
        resource=ledger.Resource(kind, thing_id),
        rule=basis.rule,
        basis=basis.values,
        removed=removed.counts(),
        decision_id=admission.decision_id,
    )
