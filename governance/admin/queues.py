"""What waits for a member of staff: the queues of the first page of the administration."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.urls import reverse

from common.vocabulary import StaffRole
from governance import four_eyes
from governance.accountability import complaints
from governance.accountability.models import Complaint
from governance.audit import ledger
from governance.casework.models import BreakGlassGrant
from governance.models import ChangeRequest
from governance.vetting import selectors
from governance.vetting.models import VettingApplication
from tenants.models import User

_State = VettingApplication.State
_TO_DECIDE = (_State.SUBMITTED, _State.APPEALED, _State.IN_REVIEW)


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits, how much of it, and where it is."""

    label: str
    n_waiting: int
    url: str


def waiting_for(user: User) -> list[Queue]:
    """Return the queues of a person's role that are not empty, what is late first."""
    return [queue for queue in _queues(user) if queue.n_waiting]


def _queues(user: User) -> Iterator[Queue]:
    now = ledger.database_now(using="officer")
    role = user.staff_role
    if role == StaffRole.OVERSIGHT:
        due = BreakGlassGrant.objects.using("officer").filter(reviewed_at=None)
        yield Queue("Emergencies to review", due.count(), _list("casework_breakglassgrant", "review=due"))
    if role in (StaffRole.OFFICER, StaffRole.OVERSIGHT):
        rows = Complaint.objects.using("officer")
        late, unassigned = rows.filter(complaints.overdue(now)), rows.filter(tenant=None, answered_at=None)
        yield Queue("Complaints that are overdue", late.count(), _list("accountability_complaint", "clock=overdue"))
        where = _list("accountability_complaint", "clock=unassigned")
        yield Queue("Complaints that are nobody's matter yet", unassigned.count(), where)
    signable = [kind.slug for kind in four_eyes.kinds() if role in kind.roles]
    pending = ChangeRequest.objects.using("officer").filter(
        state=ChangeRequest.State.PENDING, expires_at__gt=now, kind__in=signable
    )
    others = pending.exclude(proposer_id=user.pk)
    yield Queue("Changes to sign", others.count(), _list("governance_changerequest", "waiting=yes"))
    if role == StaffRole.OFFICER:
        mine = selectors.assigned_to(user).filter(state__in=_TO_DECIDE)
        yield Queue("Applications to decide", mine.count(), _list("vetting_vettingapplication"))


def _list(name: str, query: str = "") -> str:
    return reverse(f"admin:{name}_changelist") + (f"?{query}" if query else "")
