"""Stopping a tenant, or one of its users, keys or collections, and letting it resume."""

from __future__ import annotations

import uuid

from common.vocabulary import StaffRole
from governance import fence
from governance.audit.tags import Tag
from governance.errors import AlreadyEnded
from governance.models import Suspension
from governance.services.signing import record, require, require_two
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


def lift_suspension(suspension: Suspension, *, lifters: tuple[User, User]) -> None:
    """Let a suspended tenant, user, key or collection resume; two distinct oversight members are needed.

    Raises:
        NotPermittedForRole, AlreadyEnded.
    """
    require_two(lifters, role=StaffRole.OVERSIGHT)
    with fence.closed() as now:
        live = Suspension.objects.using("officer").filter(id=suspension.id, lifted_at=None)
        if not live.update(lifted_at=now, lifter_1=lifters[0], lifter_2=lifters[1]):
            raise AlreadyEnded
        record(
            Tag.SUSPENSION_LIFTED,
            lifters,
            resource=("suspension", suspension.id),
            tenant_id=suspension.tenant_id,
            data={},
        )
