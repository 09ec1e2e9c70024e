"""What time ends: urgent uses that nobody ratified, and reviews that nobody gave. Run every minute; safe to repeat.

The stop needs no task: WAR-002 refuses from the deadline on. This destroys what such a use brought.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any, Final

from django.db import DatabaseError, InterfaceError
from django.db.models import QuerySet
from django.db.models.functions import Now

from common.context import Actor, ActorKind, Usage, tenant_scope
from common.errors import PlatformError
from common.vocabulary import AuthorisationKind, Operation
from governance import fence, gate
from governance.accountability import held
from governance.audit import ledger
from governance.audit.tags import Tag
from governance.casework import kept_probes, selectors
from governance.casework.models import Authorisation, BreakGlassGrant, ReviewTask
from governance.casework.verdicts import end

logger = logging.getLogger(__name__)

MOST: Final = 500
# While WAR-002 speaks, jobs of the case are halted as they come to be asked for; only then is it
# taken out of the facts.
GRACE: Final = timedelta(minutes=2)


def end_what_is_due() -> None:
    """Purge what lapsed urgent uses brought, end reviews that nobody gave, and delete those closed too long ago."""
    lapsed = Authorisation.objects.using("officer").filter(
        kind=AuthorisationKind.EXIGENT, ratified_at=None, purged_at=None, ratify_by__lt=Now() - GRACE
    )
    _each(lapsed.exclude(case_id__in=held.held_cases()), act=_purge)
    old = ReviewTask.objects.using("officer").filter(status=ReviewTask.Status.PENDING, expires_at__lt=Now())
    _each(old, act=_expire)
    over = ReviewTask.objects.using("officer").filter(selectors.reviews_are_over())
    _each(over.exclude(case_id__in=held.held_cases()), act=_forget)
    grants = BreakGlassGrant.objects.using("officer")
    unconfirmed = grants.filter(confirmed_at=None, closed_at=None, lapsed_at=None, confirm_by__lte=Now())
    _each(unconfirmed, act=_say_lapsed)
    _each(grants.filter(reviewed_at=None, suspended_at=None, review_by__lte=Now()), act=_say_suspended)


def _each(rows: QuerySet[Any], *, act: Callable[..., None]) -> None:
    due: Iterable[tuple[uuid.UUID, uuid.UUID]] = list(rows.order_by("id").values_list("tenant_id", "id")[:MOST])
    for tenant_id, row_id in due:
        try:
            act(row_id, tenant_id=tenant_id)
        except (PlatformError, DatabaseError, InterfaceError):
            logger.exception("%s of a due row failed; it is tried again", act.__name__)


def _purge(authorisation_id: uuid.UUID, *, tenant_id: uuid.UUID) -> None:
    with _destroying("authorisation", authorisation_id, tenant_id=tenant_id) as admission, tenant_scope(tenant_id):
        rows = Authorisation.objects.select_for_update(no_key=True).filter(tenant_id=tenant_id, id=authorisation_id)
        authorisation = rows.get()
        is_held = held.is_held(tenant_id, case_id=authorisation.case_id)
        if authorisation.purged_at is None and authorisation.ratified_at is None and not is_held:
            n_reviews = selectors.delete_reviews(
                ReviewTask.objects.filter(tenant_id=tenant_id, urgent_id=authorisation_id)
            )
            n_erased = kept_probes.erase_unratified(authorisation)
            Authorisation.objects.filter(tenant_id=tenant_id, id=authorisation_id).update(purged_at=Now())
            ledger.record_event(
                Tag.AUTHORISATION_PURGED,
                actor=ledger.SYSTEM,
                resource=ledger.Resource("authorisation", authorisation_id),
                tenant_id=tenant_id,
                data={"case": str(authorisation.case_id), "n_reviews": n_reviews, "n_erased": n_erased},
            )
        admission.complete()


def _expire(task_id: uuid.UUID, *, tenant_id: uuid.UUID) -> None:
    with _destroying("review_task", task_id, tenant_id=tenant_id) as admission, tenant_scope(tenant_id):
        task = selectors.lock_review(tenant_id, task_id=task_id)
        if task.is_pending:
            end(task, status=ReviewTask.Status.EXPIRED)
            ledger.record_event(
                Tag.REVIEW_CLOSED,
                actor=ledger.SYSTEM,
                resource=ledger.Resource("review_task", task_id),
                tenant_id=tenant_id,
                data={"status": ReviewTask.Status.EXPIRED.value, "n_released": 0},
            )
        admission.complete()


def _forget(task_id: uuid.UUID, *, tenant_id: uuid.UUID) -> None:
    with _destroying("review_task", task_id, tenant_id=tenant_id) as admission, tenant_scope(tenant_id):
        over = ReviewTask.objects.filter(selectors.reviews_are_over(), tenant_id=tenant_id, id=task_id)
        if n_reviews := selectors.delete_reviews(over):
            ledger.record_event(
                Tag.RETENTION_PURGED,
                actor=ledger.SYSTEM,
                resource=ledger.Resource("review_task", task_id),
                tenant_id=tenant_id,
                data={"reviews": n_reviews},
            )
        admission.complete()


def _say_lapsed(grant_id: uuid.UUID, *, tenant_id: uuid.UUID) -> None:
    due = BreakGlassGrant.objects.using("officer").filter(id=grant_id, confirmed_at=None, lapsed_at=None)
    _put_on_record(due, Tag.BREAK_GLASS_LAPSED, column="lapsed_at", grant_id=grant_id, tenant_id=tenant_id)


def _say_suspended(grant_id: uuid.UUID, *, tenant_id: uuid.UUID) -> None:
    due = BreakGlassGrant.objects.using("officer").filter(id=grant_id, reviewed_at=None, suspended_at=None)
    _put_on_record(due, Tag.BREAK_GLASS_OVERDUE, column="suspended_at", grant_id=grant_id, tenant_id=tenant_id)


def _put_on_record(
    due: QuerySet[BreakGlassGrant], tag: Tag, *, column: str, grant_id: uuid.UUID, tenant_id: uuid.UUID
) -> None:
    """Say what time has done already. Closing the fence raises the epoch, so that running work is judged again now."""
    with fence.closed() as now:
        if due.update(**{column: now}):
            ledger.record_event(
                tag,
                actor=ledger.SYSTEM,
                resource=ledger.Resource("break_glass", grant_id),
                tenant_id=tenant_id,
                data={},
                using="officer",
            )


def _destroying(kind: str, row_id: uuid.UUID, *, tenant_id: uuid.UUID) -> AbstractContextManager[gate.Admission]:
    """Destroying goes through the gate as a deletion by the system: a right, which no refusal blocks."""
    request = gate.AccessRequest(
        actor=Actor(ActorKind.SYSTEM, row_id, tenant_id, Usage(None, None, None)),
        operation=Operation.DELETE,
        resource=gate.ResourceRef(kind, row_id, tenant_id),
    )
    return gate.authorised(request)
