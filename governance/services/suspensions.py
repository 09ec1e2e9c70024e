"""Stopping a tenant, or one of its users, keys or collections, and letting it resume."""

from __future__ import annotations

import uuid

from common.vocabulary import StaffRole
from governance import fence, four_eyes
from governance.audit.tags import Tag
from governance.errors import AlreadyEnded
from governance.four_eyes import Execution, Payload, Signed
from governance.models import Suspension
from governance.services.payloads import ids
from governance.services.signing import record, require
from tenants.models import User


def suspend(
    tenant_id: uuid.UUID, *, target: Suspension.Target, target_id: uuid.UUID, reason: str, imposed_by: User
) -> Suspension:
    """Stop a tenant, or one of its users, keys or collections; one oversight member may do it.

    Raises:
        NotPermittedForRole: not an oversight member.
    """
    require(imposed_by, role=StaffRole.OVERSIGHT)
    with fence.closed() as now:
        suspension = Suspension(
            tenant_id=tenant_id,
            target=target,
            target_id=target_id,
            reason=reason,
            imposed_by=imposed_by,
            imposed_at=now,
        )
        suspension.save(using="officer", force_insert=True)
        record(
            Tag.SUSPENSION_IMPOSED,
            (imposed_by,),
            resource=("suspension", suspension.id),
            tenant_id=tenant_id,
            data={"target": target.value, "target_id": str(target_id)},
        )
    return suspension


def lift_suspension(suspension: Suspension, *, lifters: tuple[User, User], reason: str = "no longer needed") -> None:
    """Let a suspended tenant, user, key or collection resume; two distinct oversight members are needed.

    Raises:
        NotPermittedForRole, AlreadyEnded.
    """
    four_eyes.sign_together("lift_suspension", {"suspension": str(suspension.id)}, people=lifters, reason=reason)


def check_lifting(payload: Payload) -> None:
    """Refuse to lift what is not there or lifted already."""
    if not Suspension.objects.using("officer").filter(id=ids(payload, "suspension"), lifted_at=None).exists():
        raise AlreadyEnded


def execute_lifting(payload: Payload, signed: Signed) -> Execution:
    """Lift it: what `lift_suspension` says."""
    with fence.closed() as now:
        live = Suspension.objects.using("officer").filter(id=ids(payload, "suspension"), lifted_at=None)
        suspension = live.select_for_update().first()
        if suspension is None:
            raise AlreadyEnded
        live.update(lifted_at=now, lifter_1=signed.proposer, lifter_2=signed.approver)
        record(
            Tag.SUSPENSION_LIFTED,
            signed.people,
            resource=("suspension", suspension.id),
            tenant_id=suspension.tenant_id,
            data={},
        )
    return Execution()
