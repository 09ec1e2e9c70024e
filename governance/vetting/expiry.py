"""Approvals end by themselves, at the instant that the gate reads; this only tells people in time, and marks it."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Final

from django.db import transaction

from governance.audit import ledger
from governance.audit.tags import Tag
from governance.models import Approval
from governance.vetting.applications import REMINDERS, record
from governance.vetting.letters import write_to
from governance.vetting.models import VettingApplication

_USING: Final = "officer"
State = VettingApplication.State


def remind_and_expire(now: datetime | None = None) -> int:
    """Remind of what ends, mark what has ended; return how many were touched. Safe to run at any time.

    The letter is sent before the commit: after a crash it is sent twice rather than never.
    """
    moment = now or ledger.database_now(using=_USING)
    live = VettingApplication.objects.using(_USING).filter(state__in=[State.APPROVED, State.EXPIRING])
    return sum(_look_at(application_id, now=moment) for application_id in list(live.values_list("id", flat=True)))


def _look_at(application_id: uuid.UUID, *, now: datetime) -> int:
    with transaction.atomic(using=_USING):
        rows = VettingApplication.objects.using(_USING).select_for_update(of=("self",), skip_locked=True)
        application = rows.filter(pk=application_id, state__in=[State.APPROVED, State.EXPIRING]).first()
        if application is None:
            return 0
        approval = Approval.objects.using(_USING).get(id=application.approval_id or application.id)
        if approval.revoked_at is not None or approval.expires_at <= now:
            _mark(application, State.EXPIRED, tag=Tag.APPLICATION_EXPIRED)
            return 1
        due = sum(approval.expires_at - now <= before for before in REMINDERS)
        if due <= application.reminded:
            return 0
        application.reminded = due
        _mark(application, State.EXPIRING, tag=Tag.APPLICATION_EXPIRING)
        return 1


def _mark(application: VettingApplication, state: State, *, tag: Tag) -> None:
    application.state = state
    application.save(using=_USING, update_fields=["state", "reminded"])
    record(tag, application, by=ledger.SYSTEM, using=_USING)
    write_to(application, about=state)
