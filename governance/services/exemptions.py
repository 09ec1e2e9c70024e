"""Letting one tenant go on under a moratorium."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime

from common.errors import InvalidRequest
from common.vocabulary import CustomerCategory, Operation, Purpose, StaffRole
from governance import fence, room
from governance.audit.tags import Tag
from governance.models import Exemption, Moratorium
from governance.services.signing import record, require_two
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
) -> Exemption:
    """Let one tenant go on under a moratorium, within a stated scope, signed by two distinct officers.

    Raises:
        NotPermittedForRole: not two distinct officers.
        InvalidRequest: the scope leaves purposes, operations or end users open.
        TooManyInForce: no further one of this tenant fits into the facts of a decision.
    """
    require_two(approvers, role=StaffRole.OFFICER)
    if not (purposes and operations and end_users):
        raise InvalidRequest("An exemption states its purposes, operations and end users.")
    scope = {"purposes": sorted(purposes), "operations": sorted(operations), "end_users": sorted(end_users)}
    with fence.closed() as now:
        exemption = Exemption(
            tenant_id=tenant_id,
            moratorium=moratorium,
            effective_from=now,
            expires_at=expires_at,
            approver_1=approvers[0],
            approver_2=approvers[1],
            **scope,
        )
        exemption.save(using="officer", force_insert=True)
        room.require_room_for_exemptions(tenant_id, now=now)
        record(Tag.EXEMPTION_GRANTED, approvers, resource=("exemption", exemption.id), tenant_id=tenant_id, data=scope)
    return exemption
