"""Cases: open, read, close."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Collection
from typing import TypeVar

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from common.context import Actor, tenant_scope
from common.errors import Forbidden, InvalidRequest
from common.vocabulary import OffenceClass, Operation, Purpose
from governance.audit import ledger
from governance.audit.tags import Tag
from governance.casework import authority, selectors
from governance.casework.errors import CaseClosed, CaseExists, OfficerInvalid
from governance.casework.models import Case, CaseOfficer
from governance.casework.models.cases import REFERENCE
from tenants.models import Membership
from tenants.roles import OPERATIONS

R = TypeVar("R")

MOST_OFFICERS = 50
_SEARCHING = [role for role, operations in OPERATIONS.items() if Operation.SEARCH in operations]


def open_case(
    actor: Actor,
    *,
    reference: str,
    purpose: Purpose,
    offence_class: OffenceClass,
    rationale: str,
    officers: Collection[uuid.UUID] = (),
) -> Case:
    """Open a case; from now on requests may name it.

    Args:
        actor: a case worker, a manager, or a key with the scope administer.
        reference: the tenant's own name for it, as the header `Custos-Case` carries it.
        purpose: what its searches are for; they must state the same.
        offence_class: how grave the offence is.
        rationale: why somebody is looked for. It is in no log.
        officers: user ids of the members who may search in it; keys may, too.

    Raises:
        NotAMember, RoleNotSufficient, Suspended: see `authority`.
        InvalidRequest: the reference or the rationale has not the form.
        CaseExists: the reference is taken.
        OfficerInvalid: one of them is no member.
    """
    if not re.fullmatch(REFERENCE, reference):
        raise InvalidRequest("A reference has 1 to 200 printable ASCII characters, no space at its ends.")
    if len(rationale.strip()) < 2:
        raise InvalidRequest("A case says why somebody is looked for.")
    wanted = set(officers)
    with tenant_scope(actor.tenant_id):
        authority.require_case_worker(actor)
        _require_members(actor.tenant_id, user_ids=wanted)
        case = Case(
            tenant_id=actor.tenant_id,
            reference=reference,
            purpose=purpose,
            offence_class=offence_class,
            rationale=rationale.strip(),
            opened_by_kind=actor.kind,
            opened_by_id=actor.id,
        )
        try:
            with transaction.atomic():
                case.save(force_insert=True)
        except IntegrityError as error:
            raise CaseExists from error
        rows = [CaseOfficer(tenant_id=actor.tenant_id, case_id=case.id, user_id=user_id) for user_id in wanted]
        CaseOfficer.objects.bulk_create(rows)
        _record(Tag.CASE_OPENED, actor, case=case, data={"purpose": purpose.value, "offence": offence_class.value})
        return selectors.get_case(actor.tenant_id, case_id=case.id)


def possible_officers(actor: Actor) -> list[tuple[uuid.UUID, str]] | None:
    """Return the members who could search in a case, as id and user name; None to whom opens none."""
    with tenant_scope(actor.tenant_id):
        try:
            authority.require_case_worker(actor)
        except Forbidden:
            return None
        members = Membership.objects.filter(tenant_id=actor.tenant_id, user__is_active=True, role__in=_SEARCHING)
        return list(members.order_by("user__username").values_list("user_id", "user__username"))


def list_cases(actor: Actor, *, paginate: Callable[[QuerySet[Case]], R]) -> R:
    """Return a page of the tenant's cases.

    Raises:
        NotAMember, RoleNotSufficient: see `authority`.
    """
    with tenant_scope(actor.tenant_id):
        authority.require_reader(actor)
        return paginate(selectors.cases_of(actor.tenant_id))


def get_case(actor: Actor, *, case_id: uuid.UUID) -> Case:
    """Return a case.

    Raises:
        NotAMember, RoleNotSufficient: see `authority`.
        CaseNotFound: there is none of this id, or it is another tenant's.
    """
    with tenant_scope(actor.tenant_id):
        authority.require_reader(actor)
        return selectors.get_case(actor.tenant_id, case_id=case_id)


def close_case(actor: Actor, *, case_id: uuid.UUID) -> Case:
    """Close a case: no request that names it is allowed any more; what it brought can still be reviewed and read.

    Raises:
        NotAMember, RoleNotSufficient, Suspended: see `authority`.
        CaseNotFound: there is none of this id, or it is another tenant's.
        CaseClosed: it was closed before.
    """
    with tenant_scope(actor.tenant_id):
        authority.require_case_worker(actor)
        case = selectors.lock_case(actor.tenant_id, case_id=case_id)
        if not case.is_open:
            raise CaseClosed
        Case.objects.filter(tenant_id=actor.tenant_id, id=case_id).update(closed_at=Now())
        _record(Tag.CASE_CLOSED, actor, case=case, data={})
        return selectors.get_case(actor.tenant_id, case_id=case_id)


def _require_members(tenant_id: uuid.UUID, *, user_ids: Collection[uuid.UUID]) -> None:
    if len(user_ids) > MOST_OFFICERS:
        raise OfficerInvalid(f"A case has {MOST_OFFICERS} officers at most.")
    members = Membership.objects.filter(tenant_id=tenant_id, user_id__in=user_ids, user__is_active=True)
    if members.count() != len(user_ids):
        raise OfficerInvalid


def _record(tag: Tag, actor: Actor, *, case: Case, data: dict[str, object]) -> None:
    ledger.record_event(
        tag,
        actor=ledger.ref_of(actor),
        resource=ledger.Resource("case", case.id),
        tenant_id=case.tenant_id,
        data=data,
    )
