"""Legal holds: a collection is kept as it is, against retention and erasure, and not used meanwhile (decision 0034)."""

from __future__ import annotations

import uuid
from typing import Final

from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from common.errors import InvalidRequest
from common.vocabulary import StaffRole
from governance import fence, four_eyes
from governance.accountability.models import LegalHold
from governance.audit.tags import Tag
from governance.errors import AlreadyEnded, UnderLegalHold
from governance.four_eyes import ChangeKind, Execution, Payload, Signed
from governance.services.payloads import ids
from governance.services.signing import record, require_any
from tenants.models import User

_USING: Final = "officer"


def is_held(tenant_id: uuid.UUID, *, collection_id: uuid.UUID) -> bool:
    """Whether a hold keeps a collection; inside the tenant's scope."""
    return LegalHold.objects.filter(tenant_id=tenant_id, collection_id=collection_id, lifted_at=None).exists()


def require_none(tenant_id: uuid.UUID, *, collection_id: uuid.UUID) -> None:
    """Go on only when no hold keeps the collection; in the transaction that deletes of it.

    Raises:
        UnderLegalHold.
    """
    if is_held(tenant_id, collection_id=collection_id):
        raise UnderLegalHold


def settle(tenant_id: uuid.UUID, *, collection_id: uuid.UUID) -> None:
    """Thaw a collection whose hold is lifted: what was to go meanwhile is gone; inside the tenant's scope."""
    lifted = LegalHold.objects.filter(tenant_id=tenant_id, collection_id=collection_id, lifted_at__isnull=False)
    lifted.filter(settled_at=None).update(settled_at=Now())


def impose(tenant_id: uuid.UUID, *, collection_id: uuid.UUID, reason: str, legal_source: str, by: User) -> LegalHold:
    """Keep and freeze a collection from this moment on; one officer or oversight member is enough.

    Raises:
        NotPermittedForRole.
        InvalidRequest: reason or source are missing, or the collection is held already.
    """
    require_any(by, roles={StaffRole.OFFICER, StaffRole.OVERSIGHT})
    if not reason.strip() or not legal_source.strip():
        raise InvalidRequest("A hold has a reason and names the order or law that it rests on.")
    hold = LegalHold(
        tenant_id=tenant_id,
        collection_id=collection_id,
        reason=reason.strip(),
        legal_source=legal_source.strip(),
        imposed_by=by,
    )
    with fence.closed():
        try:
            with transaction.atomic(using=_USING):
                hold.save(using=_USING, force_insert=True)
        except IntegrityError as error:
            raise InvalidRequest("The collection is under a hold already.") from error
        _record(Tag.HOLD_IMPOSED, (by,), hold)
    return hold


def check_lifting(payload: Payload) -> None:
    """Refuse to lift what is lifted."""
    if not LegalHold.objects.using(_USING).filter(id=ids(payload, "hold"), lifted_at=None).exists():
        raise AlreadyEnded


def execute_lifting(payload: Payload, signed: Signed) -> Execution:
    """Lift it. The collection thaws when the purge has destroyed what was to go meanwhile."""
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


def _record(tag: Tag, people: tuple[User, ...], hold: LegalHold) -> None:
    data = {"collection": str(hold.collection_id)}
    record(tag, people, resource=("hold", hold.id), tenant_id=hold.tenant_id, data=data)
