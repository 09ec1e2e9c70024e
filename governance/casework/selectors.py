"""Cases and reviews of a tenant: every function runs inside its scope."""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.conf import settings
from django.db import connection
from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet
from django.db.models.functions import Now

from governance.accountability.held import held_cases
from governance.casework.errors import AuthorisationNotFound, BreakGlassNotFound, CaseNotFound, ReviewNotFound
from governance.casework.models import (
    Authorisation,
    BreakGlassGrant,
    Case,
    CaseOfficer,
    ReviewCandidate,
    ReviewProbe,
    ReviewTask,
    ReviewVerdict,
)
from governance.models import Approval


def cases_of(tenant_id: uuid.UUID) -> QuerySet[Case]:
    """Return the tenant's cases with their officers, authorisations and emergencies."""
    officers = CaseOfficer.objects.select_related("user").order_by("id")
    authorisations = Authorisation.objects.order_by("id")
    return Case.objects.filter(tenant_id=tenant_id).prefetch_related(
        Prefetch("officers", queryset=officers),
        Prefetch("authorisations", queryset=authorisations),
        Prefetch("emergencies", queryset=BreakGlassGrant.objects.order_by("id")),
    )


def get_case(tenant_id: uuid.UUID, *, case_id: uuid.UUID) -> Case:
    """Return a case of the tenant.

    Raises:
        CaseNotFound: there is none of this id, or it is another tenant's.
    """
    case = cases_of(tenant_id).filter(id=case_id).first()
    if case is None:
        raise CaseNotFound
    return case


def lock_case(tenant_id: uuid.UUID, *, case_id: uuid.UUID) -> Case:
    """Lock a case of the tenant until the transaction ends.

    Raises:
        CaseNotFound: see `get_case`.
    """
    case = Case.objects.select_for_update(no_key=True).filter(tenant_id=tenant_id, id=case_id).first()
    if case is None:
        raise CaseNotFound
    return case


def lock_authorisation(case: Case, *, authorisation_id: uuid.UUID) -> Authorisation:
    """Lock an authorisation of a locked case.

    Raises:
        AuthorisationNotFound: the case holds none of this id.
    """
    rows = Authorisation.objects.select_for_update(no_key=True).filter(tenant_id=case.tenant_id, case_id=case.id)
    authorisation = rows.filter(id=authorisation_id).first()
    if authorisation is None:
        raise AuthorisationNotFound
    return authorisation


def is_approved(tenant_id: uuid.UUID) -> bool:
    """Whether the tenant has an approval in force."""
    return Approval.objects.in_force().filter(tenant_id=tenant_id).exists()


def lock_emergencies(tenant_id: uuid.UUID) -> None:
    """Let one emergency of the tenant be declared at a time, until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('break-glass ' || %s, 0))", [str(tenant_id)])


def lock_emergency(tenant_id: uuid.UUID, *, case_id: uuid.UUID, grant_id: uuid.UUID) -> BreakGlassGrant:
    """Lock a grant of a case of the tenant.

    Raises:
        CaseNotFound: see `get_case`.
        BreakGlassNotFound: the case holds none of this id.
    """
    case = lock_case(tenant_id, case_id=case_id)
    rows = BreakGlassGrant.objects.select_for_update(no_key=True).filter(tenant_id=tenant_id, case_id=case.id)
    grant = rows.filter(id=grant_id).first()
    if grant is None:
        raise BreakGlassNotFound
    return grant


def find_case(tenant_id: uuid.UUID, *, reference: str | None) -> Case | None:
    """Return the case of this reference; None when there is none."""
    return Case.objects.filter(tenant_id=tenant_id, reference=reference).first() if reference else None


def reviews_are_over() -> Q:
    """Return the condition that reviews closed longer ago than results are kept: nobody reads them, purged or not."""
    return Q(closed_at__lte=Now() - timedelta(days=settings.CUSTOS_JOB_RESULT_DAYS))


def reviews_of(tenant_id: uuid.UUID, *, only_pending: bool = False) -> QuerySet[ReviewTask]:
    """Return the tenant's reviews that are not over, with probes and candidates, each in order."""
    candidates = ReviewCandidate.objects.order_by("rank")
    probes = ReviewProbe.objects.order_by("number").prefetch_related(Prefetch("candidates", queryset=candidates))
    # Not `exclude`, to which a pending one's missing time would be unknown.
    found = ReviewTask.objects.filter(Q(closed_at=None) | ~reviews_are_over(), tenant_id=tenant_id)
    found = found.filter(status=ReviewTask.Status.PENDING) if only_pending else found
    return found.select_related("case").prefetch_related(Prefetch("probes", queryset=probes))


def has_judged(user_id: uuid.UUID) -> Exists:
    """Return the condition that a person has given a verdict on a review of a query."""
    return Exists(ReviewVerdict.objects.filter(task_id=OuterRef("id"), reviewer_id=user_id))


def get_review(tenant_id: uuid.UUID, *, task_id: uuid.UUID) -> ReviewTask:
    """Return a review of the tenant.

    Raises:
        ReviewNotFound: there is none of this id, it is over, or it is another tenant's.
    """
    task = reviews_of(tenant_id).filter(id=task_id).first()
    if task is None:
        raise ReviewNotFound
    return task


def lock_review(tenant_id: uuid.UUID, *, task_id: uuid.UUID) -> ReviewTask:
    """Lock a review of the tenant until the transaction ends.

    Raises:
        ReviewNotFound: see `get_review`.
    """
    task = ReviewTask.objects.select_for_update(no_key=True).filter(tenant_id=tenant_id, id=task_id).first()
    if task is None:
        raise ReviewNotFound
    return task


def verdicts_of(task: ReviewTask) -> QuerySet[ReviewVerdict]:
    """Return the verdicts on a review, in order. They are for nobody's eyes before it is closed."""
    return ReviewVerdict.objects.filter(tenant_id=task.tenant_id, task_id=task.id).order_by("slot")


def delete_reviews(tasks: QuerySet[ReviewTask]) -> int:
    """Delete reviews with probes, candidates and verdicts, but of cases under a legal hold; return how many it were.

    Row by row of its own tables: Django would ask for rights that the application has not.
    """
    ids = list(tasks.exclude(case_id__in=held_cases()).values_list("id", flat=True))
    for model in (ReviewVerdict, ReviewCandidate, ReviewProbe):
        model._default_manager.filter(task_id__in=ids).delete()
    ReviewTask.objects.filter(id__in=ids).delete()
    return len(ids)
