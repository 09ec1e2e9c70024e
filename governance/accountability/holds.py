"""Legal holds: what one person keeps against retention and erasure, and two let go.

A collection is kept as it is and not used meanwhile (decision 0034); of a case its evidence and its reviews are kept
(decision 0039). Whoever deletes asks `accountability.held`.
"""

from __future__ import annotations

import uuid
from typing import Final

from django.db import IntegrityError, transaction

from common.context import tenant_scope
from common.errors import InvalidRequest
from common.vocabulary import StaffRole
from governance import fence, four_eyes, ports
from governance.accountability.models import LegalHold
from governance.audit.tags import Tag
from governance.casework.models import Case
from governance.errors import AlreadyEnded
from governance.four_eyes import ChangeKind, Execution, Payload, Signed
from governance.services.payloads import ids
from governance.services.signing import record, require_any
from tenants.models import User

_USING: Final = "officer"


def impose(
    tenant_id: uuid.UUID,
    *,
    reason: str,
    legal_source: str,
    by: User,
    collection_id: uuid.UUID | None = None,
    case_id: uuid.UUID | None = None,
) -> LegalHold:
    """Keep and freeze a collection, or keep what a case brought, from now on; one officer or oversight member may.

    Raises:
        NotPermittedForRole.
        InvalidRequest: reason or source are missing, there is no such thing of the tenant, or it is held already.
    """
    require_any(by, roles={StaffRole.OFFICER, StaffRole.OVERSIGHT})
    if not reason.strip() or not legal_source.strip():
        raise InvalidRequest("A hold has a reason and names the order or law that it rests on.")
    _require_there(tenant_id, collection_id=collection_id, case_id=case_id)
    hold = LegalHold(
        tenant_id=tenant_id,
        collection_id=collection_id,
        case_id=case_id,
        reason=reason.strip(),
        legal_source=legal_source.strip(),
        imposed_by=by,
    )
    with fence.closed():
        try:
            with transaction.atomic(using=_USING):
                hold.save(using=_USING, force_insert=True)
        except IntegrityError as error:
            raise InvalidRequest("It is under a hold already.") from error
        _record(Tag.HOLD_IMPOSED, (by,), hold)
    return hold


def check_lifting(payload: Payload) -> None:
    """Refuse to lift what is lifted."""
    if not LegalHold.objects.using(_USING).filter(id=ids(payload, "hold"), lifted_at=None).exists():
        raise AlreadyEnded


def execute_lifting(payload: Payload, signed: Signed) -> Execution:
    """Lift it. A collection thaws when the purge has destroyed what was to go meanwhile; a case was not frozen."""
    with fence.closed() as now:
        hold = LegalHold.objects.using(_USING).get(id=ids(payload, "hold"))
        LegalHold.objects.using(_USING).filter(id=hold.id).update(lifted_at=now)
        _record(Tag.HOLD_LIFTED, signed.people, hold)
    return Execution()


def register() -> None:
    """Make lifting known; called when the app is ready."""
    four_eyes.register(
        ChangeKind(
            slug="lift_hold",
            label="Lift a legal hold",
            roles=frozenset({StaffRole.OVERSIGHT}),
            check=check_lifting,
            execute=execute_lifting,
            subject="hold",
        )
    )


def _require_there(tenant_id: uuid.UUID, *, collection_id: uuid.UUID | None, case_id: uuid.UUID | None) -> None:
    """Refuse a hold on nothing: whoever mistyped an id would believe that something is kept."""
    if (collection_id is None) == (case_id is None):
        raise InvalidRequest("A hold keeps one collection or one case.")
    if case_id is not None:
        with tenant_scope(tenant_id):
            is_there = Case.objects.filter(tenant_id=tenant_id, id=case_id).exists()
    else:
        is_there = collection_id in ports.collections_of(tenant_id)
    if not is_there:
        raise InvalidRequest("The organisation has no such collection or case.")


def _record(tag: Tag, people: tuple[User, ...], hold: LegalHold) -> None:
    data = {"case": str(hold.case_id)} if hold.case_id else {"collection": str(hold.collection_id)}
    record(tag, people, resource=("hold", hold.id), tenant_id=hold.tenant_id, data=data)
