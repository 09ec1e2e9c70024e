"""Who reviews which application: two officers each, those with the least to do, or whom oversight chooses."""

from __future__ import annotations

import uuid
from collections import Counter
from typing import Final

from django.db import transaction

from common.vocabulary import StaffRole
from governance.audit import ledger
from governance.audit.tags import Tag
from governance.models import ChangeRequest
from governance.services.signing import require
from governance.vetting.models import REVIEW, ApplicationUserPermission, VettingApplication
from tenants.models import User

REVIEWERS: Final = 2
_USING: Final = "officer"
_WAITING: Final = ("submitted", "in_review", "appealed")


def assign_waiting() -> int:
    """Assign every waiting application that lacks officers; return how many were assigned. Safe to run at any time."""
    waiting = VettingApplication.objects.using(_USING).filter(state__in=_WAITING).order_by("submitted_at")
    return sum(_fill(application_id) for application_id in list(waiting.values_list("id", flat=True)))


def assign(application: VettingApplication, *, officer: User, by: User) -> None:
    """Let a further officer review an application; oversight decides it.

    Raises:
        NotPermittedForRole: `by` is no oversight member, or `officer` no officer.
    """
    require(by, role=StaffRole.OVERSIGHT)
    require(officer, role=StaffRole.OFFICER)
    with transaction.atomic(using=_USING):
        _give(application, officer, by=ledger.ActorRef("staff", str(by.pk)))


def unassign(application: VettingApplication, *, officer: User, by: User) -> None:
    """Take an application from an officer; oversight decides it.

    Raises:
        NotPermittedForRole: `by` is no oversight member.
    """
    require(by, role=StaffRole.OVERSIGHT)
    with transaction.atomic(using=_USING):
        ApplicationUserPermission.objects.db_manager(_USING).remove_perm(REVIEW, officer, application)
        _record(Tag.APPLICATION_UNASSIGNED, application, officer, by=ledger.ActorRef("staff", str(by.pk)))


def reviewers_of(application: VettingApplication) -> list[User]:
    """Return the officers to whom it is assigned."""
    held = ApplicationUserPermission.objects.using(_USING).filter(
        content_object_id=application.pk, permission__codename=REVIEW
    )
    return [row.user for row in held.select_related("user").order_by("user__username")]


def excluded_from(application: VettingApplication) -> set[object]:
    """Return the ids of who may not judge it any more: who refused it, when that is appealed."""
    refused = ChangeRequest.objects.using(_USING).filter(
        subject_id=application.pk, kind="refuse_application", state=ChangeRequest.State.EXECUTED
    )
    return {person for row in refused for person in (row.proposer_id, row.decider_id)}


def _fill(application_id: uuid.UUID) -> int:
    with transaction.atomic(using=_USING):
        rows = VettingApplication.objects.using(_USING).select_for_update(of=("self",))
        application = rows.get(pk=application_id)
        excluded = excluded_from(application)
        present = {user.pk for user in reviewers_of(application) if user.is_active} - excluded
        officers = User.objects.using(_USING).filter(staff_role=StaffRole.OFFICER, is_active=True)
        free = officers.exclude(pk__in=present | excluded)
        load = _load()
        wanted = sorted(free, key=lambda officer: (load[officer.pk], officer.pk))[: max(0, REVIEWERS - len(present))]
        for officer in wanted:
            _give(application, officer, by=ledger.SYSTEM)
        return 1 if wanted else 0


def _load() -> Counter[object]:
    held = ApplicationUserPermission.objects.using(_USING).filter(content_object__state__in=_WAITING)
    return Counter(held.values_list("user_id", flat=True))


def _give(application: VettingApplication, officer: User, *, by: ledger.ActorRef) -> None:
    ApplicationUserPermission.objects.db_manager(_USING).assign_perm(REVIEW, officer, application)
    _record(Tag.APPLICATION_ASSIGNED, application, officer, by=by)


def _record(tag: Tag, application: VettingApplication, officer: User, *, by: ledger.ActorRef) -> None:
    ledger.record_event(
        tag,
        actor=by,
        resource=ledger.Resource("vetting_application", application.pk),
        tenant_id=None,  # who reviews it is no business of the applicant's log
        data={"officer": str(officer.pk)},
        using=_USING,
    )
