"""The review itself: what a reviewer is shown, and the verdict. Two people, each blind to the other's.

Who may: a member whose role reviews, with current training (KEY-001, HUM-004: asked of the gate), who did not ask for
the result and has not judged it yet. The database holds the same (`ReviewVerdict`).
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from django.db.models.functions import Now

from common.context import Actor, ActorKind, tenant_scope
from common.errors import InvalidRequest
from common.sealing import unseal
from common.vocabulary import Operation
from governance import gate
from governance.audit import ledger
from governance.audit.tags import Tag
from governance.casework import kept_probes, ports, reviews, selectors
from governance.casework.errors import AlreadyReviewed, NotAReviewer, ReviewClosed
from governance.casework.models import ReviewCandidate, ReviewProbe, ReviewTask, ReviewVerdict

NEEDED: Final = 2
LONGEST_REASONS: Final = 4_000
Judgement = ReviewVerdict.Judgement


@dataclass(frozen=True, slots=True)
class ShownCandidate:
    """A candidate as a reviewer sees it; `crop` is a JPEG, or None where no picture of the reference is kept."""

    candidate: ReviewCandidate
    crop: bytes | None


@dataclass(frozen=True, slots=True)
class ShownProbe:
    """A probe with its candidates; `crop` is None for an enrolled face without a stored picture."""

    probe: ReviewProbe
    crop: bytes | None
    candidates: tuple[ShownCandidate, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a reviewer judges by; nothing of another's verdict."""

    task: ReviewTask
    probes: tuple[ShownProbe, ...]


def show_sheet(actor: Actor, *, task_id: uuid.UUID) -> Sheet:
    """Return the pictures side by side, for a review that the actor may judge.

    Raises:
        ReviewNotFound: there is none of this id, or it is another tenant's.
        NotAReviewer: a key, or who asked for the result.
        ReviewClosed, AlreadyReviewed: there is nothing for this person to judge.
        PolicyRefused: the role or the training does not allow it, or the use is not allowed any more.
    """
    request = _request(actor, task_id=task_id)
    with gate.authorised(request) as admission:
        with tenant_scope(actor.tenant_id):
            task = selectors.get_review(actor.tenant_id, task_id=task_id)
            _require_open_to(actor, task=task)
            probes = [probe for probe in task.probes.all() if probe.candidates.all()]
        # Stored pictures are decoded: not while a transaction is open, and so it may have been closed meanwhile.
        sheet = Sheet(task, tuple(_shown(probe) for probe in probes))
        with tenant_scope(actor.tenant_id):
            _require_open_to(actor, task=selectors.get_review(actor.tenant_id, task_id=task_id))
            admission.complete(n_candidates=sum(len(probe.candidates) for probe in sheet.probes))
    return sheet


def give_verdict(
    actor: Actor, *, task_id: uuid.UUID, judgements: Mapping[uuid.UUID, Judgement], reasons: str
) -> ReviewTask:
    """Judge every candidate of a review; the second verdict closes it.

    A candidate that both release is released, every other withheld, and so is one whose face was deleted meanwhile.
    Where nobody was found, two verdicts without a judgement confirm it (`rejected`).

    Raises:
        InvalidRequest: a candidate is not judged, or no reason is given.
        ReviewNotFound, NotAReviewer, ReviewClosed, AlreadyReviewed, PolicyRefused: as in `show_sheet`.
    """
    reasons = reasons.strip()
    if len(reasons) < 2 or len(reasons) > LONGEST_REASONS:
        raise InvalidRequest(f"A verdict says why, in {LONGEST_REASONS} characters at most.")
    request = _request(actor, task_id=task_id)
    with gate.authorised(request) as admission, tenant_scope(actor.tenant_id):
        task = selectors.lock_review(actor.tenant_id, task_id=task_id)
        _require_open_to(actor, task=task)
        candidates = list(ReviewCandidate.objects.filter(tenant_id=task.tenant_id, task_id=task.id))
        if {candidate.id for candidate in candidates} != set(judgements):
            raise InvalidRequest("A verdict judges every candidate of the review, and no other.")
        slot = selectors.verdicts_of(task).count() + 1
        verdict = ReviewVerdict(
            tenant_id=task.tenant_id,
            task=task,
            slot=slot,
            reviewer_id=actor.id,
            requester_id=task.requester_id,
            judgements={str(candidate_id): judgement.value for candidate_id, judgement in judgements.items()},
            reasons=reasons,
            decision_entry_id=admission.decision_id,
        )
        verdict.save(force_insert=True)
        _record(Tag.REVIEW_VERDICT, actor, task=task, data={"verdict": slot})
        n_released = _close(task, candidates=candidates, actor=actor) if slot == NEEDED else 0
        task = selectors.get_review(actor.tenant_id, task_id=task_id)
        admission.complete(n_candidates=n_released)
    return task


def _request(actor: Actor, *, task_id: uuid.UUID) -> gate.AccessRequest:
    """Return the question, for what the result was made for.

    Raises:
        ReviewNotFound: there is none of this id, or it is another tenant's.
        NotAReviewer: a key.
    """
    if actor.kind is not ActorKind.USER:
        raise NotAReviewer("A key reviews nothing: this takes a person.")
    with tenant_scope(actor.tenant_id):
        task = selectors.get_review(actor.tenant_id, task_id=task_id)
        usage = reviews.usage_of(task)
    return gate.AccessRequest(
        actor=replace(actor, usage=usage),
        operation=Operation.REVIEW,
        result_of=Operation(task.operation),
        resource=gate.ResourceRef("review_task", task_id, actor.tenant_id),
        collection_id=task.collection_id,
        meets=reviews.OBLIGATIONS,
    )


def _require_open_to(actor: Actor, *, task: ReviewTask) -> None:
    if task.requester_id == actor.id:
        raise NotAReviewer("Nobody reviews what they asked for.")
    if selectors.verdicts_of(task).filter(reviewer_id=actor.id).exists():
        raise AlreadyReviewed
    if not task.is_pending:
        raise ReviewClosed


def _shown(probe: ReviewProbe) -> ShownProbe:
    candidates = tuple(
        ShownCandidate(candidate, _opened(candidate) or _stored_picture(candidate))
        for candidate in probe.candidates.all()
    )
    return ShownProbe(probe, _opened(probe), candidates)


def _opened(row: ReviewProbe | ReviewCandidate) -> bytes | None:
    return unseal(bytes(row.sealed_crop), reviews.context_of(row, what=b"crop")) if row.sealed_crop else None


def _stored_picture(candidate: ReviewCandidate) -> bytes | None:
    if candidate.is_gone:
        return None
    return ports.review_picture(candidate.tenant_id, reviews.payload_of(candidate))


def _close(task: ReviewTask, *, candidates: list[ReviewCandidate], actor: Actor) -> int:
    """Draw the conclusion from two verdicts, keep or destroy the pictures; return how many candidates are released."""
    judged = _judged_together(task, candidates=candidates)
    agreed = [candidate_id for candidate_id, judgements in judged.items() if judgements == {Judgement.RELEASE}]
    rows = ReviewCandidate.objects.filter(tenant_id=task.tenant_id, task_id=task.id)
    # The database says which are left: a face may be deleted at this moment.
    n_released = rows.filter(id__in=agreed).exclude(sealed_payload=b"").update(state=ReviewCandidate.State.RELEASED)
    rows.exclude(state=ReviewCandidate.State.RELEASED).update(state=ReviewCandidate.State.WITHHELD)
    kept_probes.keep_matched(task, actor=actor)
    if n_released:
        status = ReviewTask.Status.RELEASED
    elif all(judgements == {Judgement.REJECT} for judgements in judged.values()):
        status = ReviewTask.Status.REJECTED
    else:
        status = ReviewTask.Status.INCONCLUSIVE
    end(task, status=status)
    data = {"status": status.value, "n_released": n_released}
    _record(Tag.REVIEW_CLOSED, actor, task=task, data=data)
    return n_released


def end(task: ReviewTask, *, status: ReviewTask.Status) -> None:
    """Close a locked task and destroy its pictures, in the open scope."""
    ReviewTask.objects.filter(tenant_id=task.tenant_id, id=task.id).update(status=status, closed_at=Now())
    for rows in (ReviewProbe.objects, ReviewCandidate.objects):
        rows.filter(tenant_id=task.tenant_id, task_id=task.id).update(sealed_crop=None)


def _judged_together(task: ReviewTask, *, candidates: list[ReviewCandidate]) -> dict[uuid.UUID, set[str]]:
    given = [verdict.judgements for verdict in selectors.verdicts_of(task)]
    return {candidate.id: {judged[str(candidate.id)] for judged in given} for candidate in candidates}


def _record(tag: Tag, actor: Actor, *, task: ReviewTask, data: dict[str, object]) -> None:
    ledger.record_event(
        tag,
        actor=ledger.ref_of(actor),
        resource=ledger.Resource("review_task", task.id),
        tenant_id=task.tenant_id,
        data=data,
    )
