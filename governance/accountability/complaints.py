"""Complaints and corrections of people in pictures, with clocks: through the organisation, or through the operator.

Whose matter it is, is said by staff; until then it belongs to no organisation, and only staff see it. The log has that
it came, was acknowledged and answered, and that it was late; never what it says or who says it.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeVar

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import Q, QuerySet
from django.template.loader import render_to_string

from common.context import Actor, tenant_scope
from common.errors import InvalidRequest
from common.vocabulary import StaffRole
from governance.accountability.models import Complaint
from governance.audit import ledger
from governance.audit.tags import Tag
from governance.errors import ComplaintNotFound, ComplaintState
from governance.services.signing import require_any
from tenants.membership import require_manager
from tenants.models import Tenant, User

logger = logging.getLogger(__name__)
R = TypeVar("R")

# A person hears within a week that it was received, and within a month (GDPR, Article 12(3)) what comes of it.
ACKNOWLEDGE_WITHIN: Final = timedelta(days=7)
ANSWER_WITHIN: Final = timedelta(days=30)
LONGEST_TEXT: Final = 10_000
_USING: Final = "officer"
_STAFF: Final = frozenset({StaffRole.OFFICER, StaffRole.OVERSIGHT})
Kind = Complaint.Kind
Outcome = Complaint.Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class NewComplaint:
    """What a person says, and where the answer goes."""

    kind: Kind
    text: str
    contact: str
    about: str = ""


def file_publicly(new: NewComplaint) -> Complaint:
    """Take a complaint from somebody who is not signed in; staff will say whose matter it is.

    Raises:
        InvalidRequest: it says nothing, or too much.
    """
    with transaction.atomic(using=_USING):
        return _file(new, tenant_id=None, by=ledger.ActorRef("person", "unnamed"), using=_USING)


def file_for(actor: Actor, *, new: NewComplaint) -> Complaint:
    """Write down what a person told the organisation: its clocks run from now.

    Raises:
        NotAMember, RoleNotSufficient, InvalidRequest.
    """
    with tenant_scope(actor.tenant_id):
        require_manager(actor)
        return _file(new, tenant_id=actor.tenant_id, by=ledger.ref_of(actor), using="default")


def list_complaints(actor: Actor, *, paginate: Callable[[QuerySet[Complaint]], R]) -> R:
    """Return a page of the organisation's complaints.

    Raises:
        NotAMember, RoleNotSufficient.
    """
    with tenant_scope(actor.tenant_id):
        require_manager(actor)
        return paginate(Complaint.objects.filter(tenant_id=actor.tenant_id))


def get_complaint(actor: Actor, *, complaint_id: uuid.UUID) -> Complaint:
    """Return one of them.

    Raises:
        NotAMember, RoleNotSufficient, ComplaintNotFound.
    """
    with tenant_scope(actor.tenant_id):
        require_manager(actor)
        return _one(Complaint.objects.filter(tenant_id=actor.tenant_id), complaint_id)


def acknowledge(actor: Actor, *, complaint_id: uuid.UUID) -> Complaint:
    """Tell the person that it is looked into.

    Raises:
        NotAMember, RoleNotSufficient, ComplaintNotFound, ComplaintState.
    """
    with tenant_scope(actor.tenant_id):
        require_manager(actor)
        mine = Complaint.objects.select_for_update().filter(tenant_id=actor.tenant_id)
        return _acknowledge(_one(mine, complaint_id), by=ledger.ref_of(actor), using="default")


def answer(actor: Actor, *, complaint_id: uuid.UUID, outcome: Outcome, text: str) -> Complaint:
    """Tell the person what came of it.

    Raises:
        NotAMember, RoleNotSufficient, ComplaintNotFound, ComplaintState, InvalidRequest.
    """
    with tenant_scope(actor.tenant_id):
        require_manager(actor)
        mine = Complaint.objects.select_for_update().filter(tenant_id=actor.tenant_id)
        found = _one(mine, complaint_id)
        return _answer(found, outcome=outcome, text=text, by=ledger.ref_of(actor), using="default")


def assign(complaint_id: uuid.UUID, *, tenant: Tenant, by: User) -> Complaint:
    """Say whose matter it is; once. The clocks go on.

    Raises:
        NotPermittedForRole, ComplaintNotFound, ComplaintState.
    """
    require_any(by, roles=_STAFF)
    with transaction.atomic(using=_USING):
        found = _one(Complaint.objects.using(_USING).select_for_update(of=("self",)), complaint_id)
        if found.tenant_id is not None:
            raise ComplaintState("It is an organisation's matter already.")
        found.tenant = tenant
        found.save(using=_USING, update_fields=["tenant"])
        _record(Tag.COMPLAINT_ASSIGNED, found, by=_staff(by), using=_USING)
    return found


def acknowledge_as_staff(complaint_id: uuid.UUID, *, by: User) -> Complaint:
    """Do it in the operator's place, or where nobody else will.

    Raises:
        NotPermittedForRole, ComplaintNotFound, ComplaintState.
    """
    require_any(by, roles=_STAFF)
    with transaction.atomic(using=_USING):
        found = _one(Complaint.objects.using(_USING).select_for_update(of=("self",)), complaint_id)
        return _acknowledge(found, by=_staff(by), using=_USING)


def answer_as_staff(complaint_id: uuid.UUID, *, outcome: Outcome, text: str, by: User) -> Complaint:
    """Answer in the operator's place, or where nobody else will.

    Raises:
        NotPermittedForRole, ComplaintNotFound, ComplaintState, InvalidRequest.
    """
    require_any(by, roles=_STAFF)
    with transaction.atomic(using=_USING):
        found = _one(Complaint.objects.using(_USING).select_for_update(of=("self",)), complaint_id)
        return _answer(found, outcome=outcome, text=text, by=_staff(by), using=_USING)


def overdue(now: datetime) -> Q:
    """Return the condition that a clock of a complaint has run out."""
    return Q(answered_at=None) & (Q(answer_by__lte=now) | Q(acknowledged_at=None, acknowledge_by__lte=now))


def record_overdue(now: datetime | None = None) -> int:
    """Record each complaint whose clock has run out, once; return how many. Safe to run at any time."""
    moment = now or ledger.database_now(using=_USING)
    n_late = 0
    with transaction.atomic(using=_USING):
        rows = Complaint.objects.using(_USING).select_for_update(of=("self",), skip_locked=True)
        for late in rows.filter(overdue(moment), overdue_recorded_at=None).order_by("received_at")[:500]:
            late.overdue_recorded_at = moment
            late.save(using=_USING, update_fields=["overdue_recorded_at"])
            _record(Tag.COMPLAINT_OVERDUE, late, by=ledger.SYSTEM, using=_USING)
            n_late += 1
    return n_late


def forget_answered(now: datetime | None = None) -> int:
    """Forget what was answered `CUSTOS_COMPLAINT_DAYS` ago: its words, and whose they are. Return how many it were.

    Safe to run at any time. What is not answered is owed an answer, and stays.
    """
    moment = now or ledger.database_now(using=_USING)
    before = moment - timedelta(days=settings.CUSTOS_COMPLAINT_DAYS)
    words = {"text": "", "contact": "", "about": "", "answer": ""}
    with transaction.atomic(using=_USING):
        rows = Complaint.objects.using(_USING).select_for_update(of=("self",), skip_locked=True)
        due = list(rows.filter(answered_at__lte=before, forgotten_at=None).order_by("answered_at")[:500])
        Complaint.objects.using(_USING).filter(id__in=[old.id for old in due]).update(forgotten_at=moment, **words)
        for old in due:
            ledger.record_event(
                Tag.RETENTION_PURGED,
                actor=ledger.SYSTEM,
                resource=ledger.Resource("complaint", old.id),
                tenant_id=old.tenant_id,
                data={"complaints": 1},
                using=_USING,
            )
    return len(due)


def _file(new: NewComplaint, *, tenant_id: uuid.UUID | None, by: ledger.ActorRef, using: str) -> Complaint:
    if not 0 < len(new.text.strip()) <= LONGEST_TEXT or not new.contact.strip():
        raise InvalidRequest(f"Say what it is about, in {LONGEST_TEXT:,} characters, and where the answer goes.")
    now = ledger.database_now(using=using)
    complaint = Complaint(
        tenant_id=tenant_id,
        kind=new.kind,
        text=new.text.strip(),
        contact=new.contact.strip(),
        about=new.about.strip(),
        received_at=now,
        acknowledge_by=now + ACKNOWLEDGE_WITHIN,
        answer_by=now + ANSWER_WITHIN,
    )
    complaint.save(using=using, force_insert=True)
    _record(Tag.COMPLAINT_RECEIVED, complaint, by=by, using=using)
    return complaint


def _one(rows: QuerySet[Complaint], complaint_id: uuid.UUID) -> Complaint:
    found = rows.filter(id=complaint_id).first()
    if found is None:
        raise ComplaintNotFound
    return found


def _acknowledge(found: Complaint, *, by: ledger.ActorRef, using: str) -> Complaint:
    if found.acknowledged_at is not None:
        raise ComplaintState(f"It is {found.state}.")
    found.acknowledged_at = ledger.database_now(using=using)
    found.save(using=using, update_fields=["acknowledged_at"])
    _record(Tag.COMPLAINT_ACKNOWLEDGED, found, by=by, using=using)
    transaction.on_commit(lambda: _write_to(found), using=using)
    return found


def _answer(found: Complaint, *, outcome: Outcome, text: str, by: ledger.ActorRef, using: str) -> Complaint:
    if not 0 < len(text.strip()) <= LONGEST_TEXT or outcome not in Outcome:
        raise InvalidRequest("An answer says what came of it, and why.")
    if found.answered_at is not None:
        raise ComplaintState("It is answered.")
    found.answered_at = ledger.database_now(using=using)
    found.acknowledged_at = found.acknowledged_at or found.answered_at
    found.outcome, found.answer = outcome, text.strip()
    found.save(using=using, update_fields=["answered_at", "acknowledged_at", "outcome", "answer"])
    _record(Tag.COMPLAINT_ANSWERED, found, by=by, using=using)
    transaction.on_commit(lambda: _write_to(found), using=using)
    return found


def _write_to(complaint: Complaint) -> None:
    """Tell the person; a mail server that is away must not undo what was done."""
    body = render_to_string("governance/complaint_letter.txt", {"complaint": complaint})
    try:
        EmailMessage(f"Custos: your {complaint.kind} is {complaint.state}", body, to=[complaint.contact]).send()
    except OSError:
        logger.warning("a letter about complaint %s could not be sent", complaint.id)


def _staff(by: User) -> ledger.ActorRef:
    return ledger.ActorRef("staff", str(by.pk))


def _record(tag: Tag, complaint: Complaint, *, by: ledger.ActorRef, using: str) -> None:
    ledger.record_event(
        tag,
        actor=by,
        resource=ledger.Resource("complaint", complaint.id),
        tenant_id=complaint.tenant_id,
        data={"kind": str(complaint.kind), "outcome": str(complaint.outcome)},
        using=using,
    )
