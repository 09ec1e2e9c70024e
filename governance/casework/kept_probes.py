"""RET-002: the picture of a probe whose match two people released is sealed evidence of its case; no other is kept.

Until the second verdict it lies in the review, under the platform key; then it moves to the evidence of the log
(`governance.audit.evidence`), under a key of its own subject, or is destroyed. The subject is the case, or the urgent
use that the search rested on, so that what no court ratified can be destroyed by itself. Where there is no case,
nobody asks for it to be kept.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from common.context import Actor, tenant_scope
from common.sealing import unseal
from common.vocabulary import TenantRole
from governance.accountability import held
from governance.audit import evidence, ledger
from governance.audit.errors import EvidenceErased
from governance.audit.evidence import StoredEvidence
from governance.casework import selectors
from governance.casework.errors import CaseStillOpen
from governance.casework.models import Authorisation, Case, ReviewCandidate, ReviewProbe, ReviewTask
from governance.casework.reviews import context_of
from governance.rules.review import KEEPING
from tenants import membership

_URGENCY_ENDED = "urgency-not-ratified"


class ErasureReason(StrEnum):
    """Why evidence is destroyed: one of these goes into the log, so that no name can."""

    COURT_ORDER = "court-order"
    CASE_ENDED = "case-ended"
    TIME_OVER = "time-over"
    SUBJECT_ASKED = "subject-asked"


_ERASERS: Final = (TenantRole.OWNER, TenantRole.ADMIN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """How many pictures of a case are sealed, and how many were erased; whether who asks may erase them now."""

    n_sealed: int
    n_erased: int
    may_be_erased: bool


def keep_matched(task: ReviewTask, *, actor: Actor) -> int:
    """Seal the probes of a locked review that have a released candidate, in the open scope, before its pictures go.

    Returns:
        How many were sealed. None of a case whose evidence was erased: nothing more is kept about it.
    """
    if task.case_id is None or KEEPING not in task.obligations:
        return 0
    mine = {"tenant_id": task.tenant_id, "task_id": task.id}
    matched = ReviewCandidate.objects.filter(**mine, state=ReviewCandidate.State.RELEASED).values("probe_id")
    # A probe without a box is an enrolled face, whose picture its collection keeps or does not.
    probes = ReviewProbe.objects.filter(**mine, id__in=matched, sealed_crop__isnull=False, box__isnull=False)
    n_kept = 0
    try:
        for probe in probes.order_by("number"):
            evidence.seal_evidence(
                unseal(bytes(probe.sealed_crop or b""), context_of(probe, what=b"crop")),
                subject_id=task.urgent_id or task.case_id,
                tenant_id=task.tenant_id,
                decision_id=task.decision_entry_id,
                actor=ledger.ref_of(actor),
            )
            n_kept += 1
    except EvidenceErased:
        return 0
    return n_kept


def list_kept(case: Case) -> list[StoredEvidence]:
    """Return what was sealed of a case, oldest first; in the open scope."""
    return evidence.list_evidence(_subjects_of(case), tenant_id=case.tenant_id)


def tell_kept(actor: Actor, *, case: Case) -> Kept:
    """Return what is kept of a case that the actor was shown; no picture is opened."""
    with tenant_scope(actor.tenant_id):
        kept = list_kept(case)
        n_sealed = sum(not each.is_erased for each in kept)
        may = not case.is_open and n_sealed > 0 and membership.role_of(actor) in _ERASERS
    return Kept(n_sealed=n_sealed, n_erased=len(kept) - n_sealed, may_be_erased=may)


def erase_kept(actor: Actor, *, case_id: uuid.UUID, reason: ErasureReason) -> int:
    """Destroy the keys of a closed case's evidence: nobody can open it any more, and nothing more is kept of the case.

    A right, which no suspension blocks. The log says that it was done, and its proofs hold.

    Returns:
        How many pictures were erased.

    Raises:
        NotAMember, RoleNotSufficient: it takes an owner or an admin, signed in.
        CaseNotFound: there is none of this id, or it is another tenant's.
        CaseStillOpen: its searches still bring evidence.
        UnderLegalHold: a court or law wants it kept.
        EvidenceErased: there is none, or it was erased before.
    """
    membership.require_role(actor, *_ERASERS)
    with tenant_scope(actor.tenant_id):
        case = selectors.lock_case(actor.tenant_id, case_id=case_id)
        if case.is_open:
            raise CaseStillOpen
        held.require_none(actor.tenant_id, case_id=case.id)
        kept = {each.subject_id for each in list_kept(case) if not each.is_erased}
        if not kept:
            raise EvidenceErased
        by = ledger.ref_of(actor)
        return sum(
            evidence.erase_subject(subject_id, tenant_id=case.tenant_id, actor=by, reason=reason.value)
            for subject_id in sorted(kept)
        )


def erase_unratified(authorisation: Authorisation) -> int:
    """Destroy what was kept of searches that rested on an urgent use and on no court's word; in the open scope."""
    try:
        return evidence.erase_subject(
            authorisation.id, tenant_id=authorisation.tenant_id, actor=ledger.SYSTEM, reason=_URGENCY_ENDED
        )
    except EvidenceErased:
        return 0


def _subjects_of(case: Case) -> list[uuid.UUID]:
    urgent = Authorisation.objects.filter(tenant_id=case.tenant_id, case_id=case.id)
    return [case.id, *urgent.values_list("id", flat=True)]
