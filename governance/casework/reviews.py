"""Results under review: kept masked, listed, and what of them is released.

What was found comes from the app above as `NewReview`; governance keeps it without knowing what a face is. Who a
candidate is lies sealed, bound to its row, and is opened by `released` alone, for candidates that two people released.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final, TypeVar

from django.conf import settings
from django.db.models import QuerySet

from common.context import Actor, Usage, tenant_scope
from common.keys import tenant_key
from common.sealing import seal, unseal
from common.vocabulary import Operation
from governance import gate
from governance.audit import ledger
from governance.casework import selectors
from governance.casework.authorisations import urgent_one_in_use
from governance.casework.errors import ReviewPending
from governance.casework.models import ReviewCandidate, ReviewProbe, ReviewTask
from governance.catalogue import CATALOGUE
from governance.rules.review import REVIEW_OBLIGATIONS

__all__ = ["ReviewTask"]  # the apps above read its columns, and never ask for rows

R = TypeVar("R")

OBLIGATIONS: Final = REVIEW_OBLIGATIONS


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCandidate:
    """Somebody who may be the probe.

    Attributes:
        payload: who it is, in the words of the app above; JSON.
        reference_id: of the enrolled face, so that its deletion takes the candidate along; None when it is none.
        band: how alike they are, coarsely and in words.
        crop: JPEG of the face where no stored picture has it; None.
    """

    payload: Mapping[str, Any]
    reference_id: uuid.UUID | None
    band: str
    quality: Mapping[str, float] | None = None
    crop: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewProbe:
    """A face that was asked about; no box when it is an enrolled one. `crop`: JPEG; None where there is no picture."""

    box: Mapping[str, float] | None
    confidence: float | None
    quality: Mapping[str, float] | None
    crop: bytes | None
    candidates: Sequence[NewCandidate]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewReview:
    """What was found and is to be reviewed."""

    engine_version: str
    threshold: float
    threshold_words: str
    probes: Sequence[NewProbe]
    collection_id: uuid.UUID | None = None
    job_id: uuid.UUID | None = None
    gallery_size: int | None = None
    expected_false_candidates: float | None = None


@dataclass(frozen=True, slots=True)
class Released:
    """A candidate that two people released: rank, probe, and who it is."""

    id: uuid.UUID
    probe_number: int
    rank: int
    payload: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reading:
    """A review that ended, what was released of it, and the admission that the reader completes."""

    task: ReviewTask
    released: list[Released]
    admission: gate.Admission


def is_masked(admission: gate.Admission) -> bool:
    """Whether what is found under this admission must be reviewed."""
    return admission.is_masked


def open_task(new: NewReview, *, admission: gate.Admission) -> ReviewTask:
    """Keep a result masked; in the open scope, before the admission is completed."""
    actor, usage = admission.request.actor, admission.request.actor.usage
    operation = admission.request.operation
    case = selectors.find_case(actor.tenant_id, reference=usage.case_ref)
    task = ReviewTask(
        tenant_id=actor.tenant_id,
        operation=operation,
        collection_id=new.collection_id,
        job_id=new.job_id,
        case=case,
        urgent=urgent_one_in_use(case, operation=operation) if case else None,
        requester_kind=actor.kind,
        requester_id=actor.id,
        purpose=usage.purpose or "",
        on_behalf_of=usage.on_behalf_of,
        jurisdiction=usage.jurisdiction,
        engine_version=new.engine_version,
        gallery_size=new.gallery_size,
        expected_false_candidates=new.expected_false_candidates,
        threshold=new.threshold,
        threshold_words=new.threshold_words,
        obligations=list(admission.obligations),
        decision_entry_id=admission.decision_id,
        expires_at=ledger.database_now() + timedelta(days=settings.CUSTOS_REVIEW_DAYS),
    )
    task.save(force_insert=True)
    for number, probe in enumerate(new.probes, start=1):
        _keep(probe, number=number, task=task)
    task.refresh_from_db()
    return task


def list_tasks(actor: Actor, *, paginate: Callable[[QuerySet[ReviewTask]], R], only_pending: bool = False) -> R:
    """Return a page of the tenant's reviews. That there is one tells nobody's identity.

    Each row says whether the actor has given a verdict on it (`is_judged_by_actor`).

    Raises:
        PolicyRefused: the policy does not allow looking.
    """
    with gate.authorised(_look(actor, task_id=None)) as admission, tenant_scope(actor.tenant_id):
        found = selectors.reviews_of(actor.tenant_id, only_pending=only_pending)
        page = paginate(found.annotate(is_judged_by_actor=selectors.has_judged(actor.id)))
        admission.complete()
    return page


def get_task(actor: Actor, *, task_id: uuid.UUID) -> ReviewTask:
    """Return one of the tenant's reviews, masked.

    Raises:
        ReviewNotFound: there is none of this id, or it is another tenant's.
        PolicyRefused: the policy does not allow looking.
    """
    with tenant_scope(actor.tenant_id):
        selectors.get_review(actor.tenant_id, task_id=task_id)
    with gate.authorised(_look(actor, task_id=task_id)) as admission, tenant_scope(actor.tenant_id):
        task = selectors.get_review(actor.tenant_id, task_id=task_id)
        admission.complete()
    return task


@contextmanager
def reading(actor: Actor, *, task_id: uuid.UUID) -> Iterator[Reading]:
    """Let a block read what was released of a review, in the open scope; it completes the admission.

    Raises:
        ReviewNotFound: there is none of this id, or it is another tenant's.
        ReviewPending: the review has not ended.
        PolicyRefused: the policy does not allow it, any more.
    """
    with tenant_scope(actor.tenant_id):
        task = selectors.get_review(actor.tenant_id, task_id=task_id)
        usage = usage_of(task)
    request = gate.AccessRequest(
        actor=replace(actor, usage=usage),
        operation=Operation.READ_RESULT,
        result_of=Operation(task.operation),
        resource=gate.ResourceRef("review_task", task_id, actor.tenant_id),
        collection_id=task.collection_id,
        meets=OBLIGATIONS,
    )
    with gate.authorised(request) as admission, tenant_scope(actor.tenant_id):
        task = selectors.get_review(actor.tenant_id, task_id=task_id)
        yield Reading(task, released(task), admission)


def masked_task(task_id: uuid.UUID, *, actor: Actor) -> ReviewTask:
    """Return a review that this very request has opened, for its answer: that was decided already."""
    with tenant_scope(actor.tenant_id):
        return selectors.get_review(actor.tenant_id, task_id=task_id)


def notices_of(task: ReviewTask) -> list[str]:
    """Return the words that the rules put to such a result."""
    return [CATALOGUE[rule_id].sentence for rule_id in task.obligations if rule_id in CATALOGUE]


def usage_of(task: ReviewTask) -> Usage:
    """Return what the result was made for; in the open scope."""
    return Usage(task.purpose, task.on_behalf_of, task.jurisdiction, task.case.reference if task.case else None)


def released(task: ReviewTask) -> list[Released]:
    """Open the candidates that two people released, best first; for who was allowed to read them.

    Raises:
        ReviewPending: the review has not ended.
        SealBroken, PlatformKeyMissing: they cannot be opened.
    """
    if task.is_pending:
        raise ReviewPending
    rows = ReviewCandidate.objects.filter(tenant_id=task.tenant_id, task_id=task.id, state="released")
    return [
        Released(row.id, row.probe.number, row.rank, payload_of(row))
        for row in rows.select_related("probe").order_by("probe__number", "rank")
    ]


def payload_of(candidate: ReviewCandidate) -> dict[str, Any]:
    """Open who a candidate is, of one that is not gone: for `released`, and for finding the reference's picture."""
    sealed = bytes(candidate.sealed_payload)
    payload: dict[str, Any] = json.loads(unseal(sealed, context_of(candidate, what=b"payload")))
    return payload


def context_of(row: ReviewProbe | ReviewCandidate, *, what: bytes) -> bytes:
    """Return what a sealed value of a row is bound to."""
    return b"casework/" + what + row.tenant_id.bytes + row.id.bytes


def releasing(tenant_id: uuid.UUID, reference_ids: Collection[uuid.UUID]) -> list[uuid.UUID]:
    """Return the decisions of what found one of these enrolled faces best, and whose review released it; in scope."""
    digests = [_digest(tenant_id, reference_id) for reference_id in reference_ids]
    rows = ReviewCandidate.objects.filter(tenant_id=tenant_id, reference_digest__in=digests, state="released", rank=1)
    return list(rows.values_list("task__decision_entry_id", flat=True))


def forget_references(tenant_id: uuid.UUID, reference_ids: Collection[uuid.UUID]) -> None:
    """Destroy who the candidates that are these enrolled faces are, whatever became of their review; in the open scope.

    Of one that was not released an empty row stays: were it missing from the review, deleting faces would tell who it
    was. Emptied first: a release at the same time either finds the row empty, or is found by the deletion.
    """
    digests = [_digest(tenant_id, reference_id) for reference_id in reference_ids]
    rows = ReviewCandidate.objects.filter(tenant_id=tenant_id, reference_digest__in=digests)
    masked = rows.exclude(state=ReviewCandidate.State.RELEASED)
    masked.update(sealed_payload=b"", reference_digest="", quality=None, sealed_crop=None)
    rows.filter(state=ReviewCandidate.State.RELEASED).delete()


def forget_collection(tenant_id: uuid.UUID, collection_id: uuid.UUID) -> int:
    """Delete the reviews of what was found in a collection; in the open scope. Return how many there were."""
    return selectors.delete_reviews(ReviewTask.objects.filter(tenant_id=tenant_id, collection_id=collection_id))


def forget_job(tenant_id: uuid.UUID, job_id: uuid.UUID) -> int:
    """Delete the reviews of what a job found; in the open scope. Return how many there were."""
    return selectors.delete_reviews(ReviewTask.objects.filter(tenant_id=tenant_id, job_id=job_id))


def _keep(probe: NewProbe, *, number: int, task: ReviewTask) -> None:
    row = ReviewProbe(
        tenant_id=task.tenant_id,
        task=task,
        number=number,
        box=probe.box,
        confidence=probe.confidence,
        quality=probe.quality,
    )
    # A probe that is like nobody is not looked at, and its picture not kept (RET-002).
    if probe.crop is not None and probe.candidates:
        row.sealed_crop = seal(probe.crop, context_of(row, what=b"crop"))
    row.save(force_insert=True)
    rows = [
        _candidate(candidate, rank=rank, probe=row, task=task)
        for rank, candidate in enumerate(probe.candidates, start=1)
    ]
    ReviewCandidate.objects.bulk_create(rows)


def _candidate(candidate: NewCandidate, *, rank: int, probe: ReviewProbe, task: ReviewTask) -> ReviewCandidate:
    reference = candidate.reference_id
    row = ReviewCandidate(
        tenant_id=task.tenant_id,
        task=task,
        probe=probe,
        rank=rank,
        band=candidate.band,
        quality=candidate.quality,
        reference_digest=_digest(task.tenant_id, reference) if reference else "",
    )
    row.sealed_payload = seal(json.dumps(candidate.payload).encode(), context_of(row, what=b"payload"))
    if candidate.crop is not None:
        row.sealed_crop = seal(candidate.crop, context_of(row, what=b"crop"))
    return row


def _digest(tenant_id: uuid.UUID, reference_id: uuid.UUID) -> str:
    """Return a keyed digest: who reads the table learns no face id, and cannot test one."""
    return hmac.new(tenant_key(tenant_id, use="review-reference"), reference_id.bytes, hashlib.sha256).hexdigest()


def _look(actor: Actor, *, task_id: uuid.UUID | None) -> gate.AccessRequest:
    return gate.AccessRequest(
        actor=actor,
        operation=Operation.ADMINISTER,
        resource=gate.ResourceRef("review_task", task_id, actor.tenant_id),
        only_looks=True,
    )
