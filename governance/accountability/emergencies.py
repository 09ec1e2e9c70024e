"""The review of a broken glass by members of the oversight: one in time, two once the organisation is suspended."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any, Final

from common.errors import InvalidRequest
from common.vocabulary import StaffRole
from governance import fence, four_eyes, services
from governance.audit.tags import Tag
from governance.casework.errors import BreakGlassEnded, BreakGlassInvalid, BreakGlassNotFound, BreakGlassOverdue
from governance.casework.models import BreakGlassGrant
from governance.four_eyes import ChangeKind, Execution, Payload, Signed
from governance.models import Suspension
from governance.services.payloads import ids, text
from governance.services.signing import because, record, require
from tenants.models import Membership, User

Finding = BreakGlassGrant.Finding


def review(grant_id: uuid.UUID, *, reviewer: User, finding: BreakGlassGrant.Finding, reason: str) -> BreakGlassGrant:
    """Say whether it was an emergency. If not, the grant ends and the organisation is suspended.

    Raises:
        NotPermittedForRole: not a member of the oversight.
        BreakGlassNotFound, BreakGlassEnded: there is none, or it was reviewed.
        BreakGlassInvalid: no reason, or the reviewer belongs to the organisation.
        BreakGlassOverdue: the deadline has passed: see `SETTLING`.
    """
    require(reviewer, role=StaffRole.OVERSIGHT)
    if not reason.strip():
        raise BreakGlassInvalid("Say why.")
    with fence.closed() as now:
        grant = _lock(grant_id)
        if grant.review_by <= now:
            raise BreakGlassOverdue
        _review(grant, people=(reviewer,), finding=finding, reason=reason, now=now)
    return grant


def check_settling(payload: Payload) -> None:
    """Refuse to settle what is not overdue, or what was reviewed."""
    _finding_of(payload)
    text(payload, "reason")
    grant = BreakGlassGrant.objects.using("officer").filter(id=ids(payload, "grant")).first()
    if grant is None:
        raise BreakGlassNotFound
    if grant.reviewed_at is not None:
        raise BreakGlassEnded


def execute_settling(payload: Payload, signed: Signed) -> Execution:
    """Review it after all, by two people; found justified, the organisation resumes."""
    with fence.closed() as now:
        grant = _lock(ids(payload, "grant"))
        _review(grant, people=signed.people, finding=_finding_of(payload), reason=text(payload, "reason"), now=now)
    return Execution()


SETTLING: Final = ChangeKind(
    slug="settle_break_glass",
    label="Review a broken glass after its deadline",
    roles=frozenset({StaffRole.OVERSIGHT}),
    check=check_settling,
    execute=execute_settling,
    subject="grant",
)


def register() -> None:
    """Make the kind of change known."""
    four_eyes.register(SETTLING)


def _lock(grant_id: uuid.UUID) -> BreakGlassGrant:
    grant = BreakGlassGrant.objects.using("officer").select_for_update(of=("self",)).filter(id=grant_id).first()
    if grant is None:
        raise BreakGlassNotFound
    if grant.reviewed_at is not None:
        raise BreakGlassEnded
    return grant


def _review(
    grant: BreakGlassGrant, *, people: tuple[User, ...], finding: BreakGlassGrant.Finding, reason: str, now: datetime
) -> None:
    members = Membership.objects.using("officer").filter(tenant_id=grant.tenant_id, user__in=people)
    if members.exists():
        raise BreakGlassInvalid("Nobody reviews the organisation that they belong to.")
    reviewed: dict[str, Any] = {
        "finding": finding,
        "review_reason": reason.strip(),
        "reviewer": people[0],
        "reviewer_2": people[1] if len(people) > 1 else None,
        "reviewed_at": now,
    }
    if finding == Finding.UNJUSTIFIED and grant.closed_at is None:
        reviewed["closed_at"] = now
    BreakGlassGrant.objects.using("officer").filter(id=grant.id).update(**reviewed)
    data = {"finding": str(finding), **because(reason)}
    resource = ("break_glass", grant.id)
    record(Tag.BREAK_GLASS_REVIEWED, people, resource=resource, tenant_id=grant.tenant_id, data=data)
    if finding == Finding.UNJUSTIFIED:
        services.suspend(
            grant.tenant_id,
            target=Suspension.Target.ORGANISATION,
            target_id=grant.tenant_id,
            reason=f"Broke the glass without need ({grant.id}): {reason.strip()}",
            imposed_by=people[0],
        )
    grant.refresh_from_db(using="officer")


def _finding_of(payload: Payload) -> BreakGlassGrant.Finding:
    try:
        return Finding(text(payload, "finding"))
    except ValueError as error:
        raise InvalidRequest("The change states no valid finding.") from error
