"""Applications: a tenant's own (inside its scope), and those that a member of staff may see."""

from __future__ import annotations

import uuid

from django.db.models import QuerySet
from guardian.shortcuts import get_objects_for_user

from common.vocabulary import StaffRole
from governance.models import Approval, ChangeRequest
from governance.vetting.errors import ApplicationNotFound, EvidenceNotFound
from governance.vetting.models import REVIEW, Evidence, VettingApplication
from tenants.models import User

_READERS = (StaffRole.OVERSIGHT, StaffRole.AUDITOR)


def applications_of(tenant_id: uuid.UUID) -> QuerySet[VettingApplication]:
    """Return the tenant's applications; inside its scope."""
    return VettingApplication.objects.filter(tenant_id=tenant_id)


def approval_in_force(tenant_id: uuid.UUID) -> Approval | None:
    """Return the approval that the gate goes by at this instant; inside the tenant's scope."""
    return Approval.objects.in_force().filter(tenant_id=tenant_id).first()


def lock_application(tenant_id: uuid.UUID, *, application_id: uuid.UUID) -> VettingApplication:
    """Return an application of the tenant, locked.

    Raises:
        ApplicationNotFound: there is none of this id, or it is another tenant's.
    """
    found = applications_of(tenant_id).select_for_update(no_key=True).filter(id=application_id).first()
    if found is None:
        raise ApplicationNotFound
    return found


def evidence_of(application: VettingApplication, *, using: str = "default") -> QuerySet[Evidence]:
    """Return an application's documents, without what is in them."""
    rows = Evidence.objects.using(using).filter(tenant_id=application.tenant_id, application_id=application.id)
    return rows.order_by("id")


def get_evidence(application: VettingApplication, *, evidence_id: uuid.UUID, using: str = "default") -> Evidence:
    """Return one document of an application.

    Raises:
        EvidenceNotFound.
    """
    found = evidence_of(application, using=using).filter(id=evidence_id).first()
    if found is None:
        raise EvidenceNotFound
    return found


def visible_to(user: User) -> QuerySet[VettingApplication]:
    """Return what a member of staff may see: officers what is assigned to them, oversight and auditors everything."""
    everything = VettingApplication.objects.using("officer").exclude(state=VettingApplication.State.DRAFT)
    if user.staff_role in _READERS:
        return everything
    if user.staff_role == StaffRole.OFFICER:
        return everything.filter(id__in=assigned_to(user).values("id"))
    return everything.none()


def assigned_to(user: User) -> QuerySet[VettingApplication]:
    """Return the applications that an officer may review (django-guardian)."""
    found: QuerySet[VettingApplication] = get_objects_for_user(
        user,
        f"vetting.{REVIEW}",
        klass=VettingApplication.objects.using("officer"),
        use_groups=False,
        with_superuser=False,
        accept_global_perms=False,
    )
    return found


def last_approved(application: VettingApplication) -> VettingApplication | None:
    """Return what the organisation stated when it was last approved, if it ever was."""
    earlier = VettingApplication.objects.using("officer").filter(
        tenant_id=application.tenant_id, approval_id__isnull=False
    )
    return earlier.exclude(id=application.id).order_by("-decided_at").first()


def reviews_of(application: VettingApplication) -> QuerySet[ChangeRequest]:
    """Return what officers asked for and signed about an application, newest first."""
    changes = ChangeRequest.objects.using("officer").filter(subject_id=application.id)
    return changes.select_related("proposer", "decider").order_by("-proposed_at")
