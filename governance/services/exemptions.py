"""Letting one tenant go on under a moratorium, and taking that back."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime
from typing import Any

from common.errors import InvalidRequest
from common.vocabulary import CustomerCategory, Operation, Purpose, StaffRole
from governance import fence, four_eyes, room
from governance.audit.tags import Tag
from governance.errors import AlreadyEnded
from governance.four_eyes import Execution, Payload, Signed
from governance.models import Exemption, Moratorium
from governance.services.payloads import ids, instant, slugs
from governance.services.signing import because, record, require_any
from tenants.models import User


def grant_exemption(
    moratorium: Moratorium,
    *,
    tenant_id: uuid.UUID,
    purposes: Collection[Purpose],
    operations: Collection[Operation],
    end_users: Collection[CustomerCategory],
    expires_at: datetime,
    approvers: tuple[User, User],
    reason: str = "exempted",
) -> Exemption:
    """Let one tenant go on under a moratorium, within a stated scope, signed by two distinct officers.

    Raises:
        NotPermittedForRole: not two distinct officers.
        InvalidRequest: the scope leaves purposes, operations or end users open.
        TooManyInForce: no further one of this tenant fits into the facts of a decision.
    """
    payload = {
        "moratorium": str(moratorium.id),
        "tenant": str(tenant_id),
        "purposes": sorted(purposes),
        "operations": sorted(operations),
        "end_users": sorted(end_users),
        "expires_at": expires_at.isoformat(),
    }
    change = four_eyes.sign_together("grant_exemption", payload, people=approvers, reason=reason)
    return Exemption.objects.using("officer").get(id=str(change.result_id))


def check_exemption(payload: Payload) -> None:
    """Refuse an exemption with an open scope, without a date, or from what has been lifted."""
    _scope_of(payload)
    ids(payload, "tenant")
    instant(payload, "expires_at")
    if not Moratorium.objects.using("officer").filter(id=ids(payload, "moratorium"), lifted_at=None).exists():
        raise AlreadyEnded("The moratorium has been lifted, or there is none of this id.")


def execute_exemption(payload: Payload, signed: Signed) -> Execution:
    """Grant it: what `grant_exemption` says."""
    tenant_id, expires_at, scope = ids(payload, "tenant"), instant(payload, "expires_at"), _scope_of(payload)
    with fence.closed() as now:
        if expires_at <= now:
            raise InvalidRequest("It would have ended already.")
        exemption = Exemption(
            tenant_id=tenant_id,
            moratorium_id=ids(payload, "moratorium"),
            effective_from=now,
            expires_at=expires_at,
            approver_1=signed.proposer,
            approver_2=signed.approver,
            **scope,
        )
        exemption.save(using="officer", force_insert=True)
        room.require_room_for_exemptions(tenant_id, now=now)
        record(
            Tag.EXEMPTION_GRANTED,
            signed.people,
            resource=("exemption", exemption.id),
            tenant_id=tenant_id,
            data=scope,
        )
    return Execution(result_id=exemption.id)


def revoke_exemption(exemption_id: uuid.UUID, *, by: User, reason: str = "") -> None:
    """Take an exemption back, at once; one officer or oversight member is enough to stop.

    Raises:
        NotPermittedForRole, AlreadyEnded.
    """
    require_any(by, roles={StaffRole.OFFICER, StaffRole.OVERSIGHT})
    with fence.closed() as now:
        live = Exemption.objects.using("officer").filter(id=exemption_id, revoked_at=None)
        exemption = live.select_for_update().first()
        if exemption is None:
            raise AlreadyEnded
        live.update(revoked_at=now)
        record(
            Tag.EXEMPTION_REVOKED,
            (by,),
            resource=("exemption", exemption_id),
            tenant_id=exemption.tenant_id,
            data=because(reason),
        )


def _scope_of(payload: Payload) -> dict[str, Any]:
    scope = {
        "purposes": slugs(payload, "purposes", known=Purpose),
        "operations": slugs(payload, "operations", known=Operation),
        "end_users": slugs(payload, "end_users", known=CustomerCategory),
    }
    if not all(scope.values()):
        raise InvalidRequest("An exemption states its purposes, operations and end users.")
    return scope
