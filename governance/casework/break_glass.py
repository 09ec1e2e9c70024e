"""Breaking the glass in a case: opening it, the second person's word, and ending it early.

What a grant allows is said by BRK-001. Everything that ends it is a time of the database, in its row: the gate reads
that, so no task is needed for it to end.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, Final

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from common.context import Actor, tenant_scope
from common.errors import Forbidden
from common.vocabulary import JURISDICTION_PARENTS, CustomerCategory, Operation
from governance.audit import ledger
from governance.audit.tags import Tag
from governance.casework import authority, letters, selectors
from governance.casework.errors import (
    BreakGlassEnded,
    BreakGlassInvalid,
    BreakGlassUnreviewed,
    CaseClosed,
    SecondPersonNeeded,
)
from governance.casework.models import BreakGlassGrant
from governance.rules.casework import IDENTIFYING

# GOVERNANCE 3, BRK-001.
CONFIRMATION: Final = timedelta(minutes=15)
REVIEW: Final = timedelta(hours=24)
LONGEST: Final = timedelta(hours=24)
SHORTEST_REASON: Final = 20
# What is done with faces; ruling over the tenant is no emergency.
OPERATIONS: Final = (Operation.DETECT, Operation.ENROL, *IDENTIFYING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Emergency:
    """What cannot wait.

    Attributes:
        reason: why, for those who confirm and review it. It is in no log.
        operations: what must be done.
        end_user: for whom.
        jurisdiction: under whose law; it covers its parts.
        hours: how long at most, from now.
    """

    reason: str
    operations: Collection[Operation]
    end_user: CustomerCategory
    jurisdiction: str
    hours: int


def break_glass(actor: Actor, *, case_id: uuid.UUID, emergency: Emergency) -> BreakGlassGrant:
    """Open emergency access in a case, at once; somebody else has to confirm it within a quarter of an hour.

    Raises:
        NotAMember, RoleNotSufficient, Suspended: see `authority.require_person`; a key is no member.
        CaseNotFound, CaseClosed: there is no such open case of the tenant.
        BreakGlassInvalid: it says too little, or lasts too long, or the organisation has no live approval.
        BreakGlassUnreviewed: the glass was broken before, and that is not reviewed.
    """
    _check(emergency)
    with tenant_scope(actor.tenant_id):
        authority.require_person(actor)
        case = selectors.lock_case(actor.tenant_id, case_id=case_id)
        if not case.is_open:
            raise CaseClosed
        _require_vetted(actor.tenant_id)
        selectors.lock_emergencies(actor.tenant_id)
        if BreakGlassGrant.objects.filter(tenant_id=actor.tenant_id, reviewed_at=None).exists():
            raise BreakGlassUnreviewed
        now = ledger.database_now()
        grant = BreakGlassGrant(
            tenant_id=actor.tenant_id,
            case_id=case.id,
            operations=sorted(emergency.operations),
            end_user=emergency.end_user,
            jurisdiction=emergency.jurisdiction,
            reason=emergency.reason.strip(),
            opened_by_id=actor.id,
            opened_at=now,
            confirm_by=now + CONFIRMATION,
            expires_at=now + timedelta(hours=emergency.hours),
            review_by=now + REVIEW,
        )
        grant.save(force_insert=True)
        _record(Tag.BREAK_GLASS_OPENED, actor, grant=grant, data=_described(grant))
        transaction.on_commit(partial(letters.write_about, grant))
    return grant


def confirm(actor: Actor, *, case_id: uuid.UUID, grant_id: uuid.UUID) -> BreakGlassGrant:
    """Say, as the second person, that it is an emergency: the grant holds until its end.

    Raises:
        NotAMember, RoleNotSufficient, Suspended: see `authority.require_person`; a key is no member.
        CaseNotFound, BreakGlassNotFound: there is none of this id, or it is another tenant's.
        SecondPersonNeeded: the same person opened it.
        BreakGlassEnded: it was confirmed, closed or reviewed before, or the quarter of an hour has passed.
    """
    with tenant_scope(actor.tenant_id):
        authority.require_person(actor)
        grant = selectors.lock_emergency(actor.tenant_id, case_id=case_id, grant_id=grant_id)
        if grant.opened_by_id == actor.id:
            raise SecondPersonNeeded
        rows = BreakGlassGrant.objects.filter(_waiting(), tenant_id=actor.tenant_id, id=grant.id)
        if not rows.update(confirmed_at=Now(), confirmed_by_id=actor.id):
            raise BreakGlassEnded
        _record(Tag.BREAK_GLASS_CONFIRMED, actor, grant=grant, data={})
        grant.refresh_from_db()
    return grant


def close(actor: Actor, *, case_id: uuid.UUID, grant_id: uuid.UUID) -> BreakGlassGrant:
    """End a grant early. One person is enough to stop; its review is owed all the same.

    Raises:
        NotAMember, RoleNotSufficient, Suspended: see `authority.require_person`; a key is no member.
        CaseNotFound, BreakGlassNotFound: there is none of this id, or it is another tenant's.
        BreakGlassEnded: it has ended.
    """
    with tenant_scope(actor.tenant_id):
        authority.require_person(actor)
        grant = selectors.lock_emergency(actor.tenant_id, case_id=case_id, grant_id=grant_id)
        rows = BreakGlassGrant.objects.filter(tenant_id=actor.tenant_id, id=grant.id, closed_at=None)
        if not rows.filter(expires_at__gt=Now()).update(closed_at=Now()):
            raise BreakGlassEnded
        _record(Tag.BREAK_GLASS_CLOSED, actor, grant=grant, data={})
        grant.refresh_from_db()
    return grant


def list_waiting(actor: Actor) -> list[BreakGlassGrant]:
    """Return what waits for a second person, to whoever could be that; nothing to others, and to who opened it."""
    with tenant_scope(actor.tenant_id):
        try:
            authority.require_person(actor)
        except Forbidden:
            return []
        rows = BreakGlassGrant.objects.filter(_waiting(), tenant_id=actor.tenant_id)
        return list(rows.exclude(opened_by_id=actor.id).order_by("id"))


def _waiting() -> Q:
    return Q(confirmed_at=None, closed_at=None, reviewed_at=None, confirm_by__gt=Now(), expires_at__gt=Now())


def _check(emergency: Emergency) -> None:
    if len(emergency.reason.strip()) < SHORTEST_REASON:
        raise BreakGlassInvalid(f"Say in {SHORTEST_REASON} characters or more why it cannot wait.")
    if not emergency.operations or not set(OPERATIONS).issuperset(emergency.operations):
        raise BreakGlassInvalid(f"Say which operations cannot wait, of {', '.join(OPERATIONS)}.")
    if emergency.jurisdiction not in JURISDICTION_PARENTS:
        raise BreakGlassInvalid("The jurisdiction is none of the vocabulary.")
    if not 1 <= emergency.hours <= LONGEST // timedelta(hours=1):
        raise BreakGlassInvalid("It lasts 1 to 24 hours.")


def _require_vetted(tenant_id: uuid.UUID) -> None:
    if not selectors.is_approved(tenant_id):
        raise BreakGlassInvalid("Only an organisation with a live approval breaks the glass.")


def _described(grant: BreakGlassGrant) -> dict[str, Any]:
    return {
        "operations": [str(operation) for operation in grant.operations],
        "end_user": str(grant.end_user),
        "jurisdiction": grant.jurisdiction,
        "reason_sha256": hashlib.sha256(grant.reason.encode()).hexdigest(),
    }


def _record(tag: Tag, actor: Actor, *, grant: BreakGlassGrant, data: dict[str, Any]) -> None:
    ledger.record_event(
        tag,
        actor=ledger.ref_of(actor),
        resource=ledger.Resource("break_glass", grant.id),
        tenant_id=grant.tenant_id,
        data={"case": str(grant.case_id), **data},
    )
