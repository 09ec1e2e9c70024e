"""What a vetted tenant may do, and the end of that."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from common.errors import InvalidRequest
from common.vocabulary import Attestation, CustomerCategory, Operation, Purpose, StaffRole
from governance import fence
from governance.audit.tags import Tag
from governance.errors import AlreadyEnded
from governance.models import Approval
from governance.services.signing import record, require, require_two
from tenants.models import User

LONGEST_APPROVAL = timedelta(days=366)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovedUse:
    """What an approval covers: the product of these sets.

    Attributes:
        attestations: what the organisation attests of all its uses; without them PRH and AGE rules refuse much.
        gallery_cap: most faces of one gallery; None: as many as the policy lets it have.
        daily_searches: most searches in 24 hours where the policy counts them; None: the policy's number.
    """

    purposes: Collection[Purpose]
    operations: Collection[Operation]
    jurisdictions: Collection[str]
    end_users: Collection[CustomerCategory]
    engine_versions: Collection[str]
    attestations: Collection[Attestation] = ()
    gallery_cap: int | None = None
    daily_searches: int | None = None

    def columns(self) -> dict[str, Any]:
        return {
            "purposes": sorted(self.purposes),
            "operations": sorted(self.operations),
            "jurisdictions": sorted(self.jurisdictions),
            "end_users": sorted(self.end_users),
            "engine_versions": sorted(self.engine_versions),
            "attestations": sorted(self.attestations),
            "gallery_cap": self.gallery_cap,
            "daily_searches": self.daily_searches,
        }


def grant_approval(
    tenant_id: uuid.UUID, *, use: ApprovedUse, expires_at: datetime, approvers: tuple[User, User]
) -> Approval:
    """Approve a tenant for a use, signed by two distinct officers, for at most twelve months. Ends the approval before.

    Raises:
        NotPermittedForRole: not two distinct officers.
        InvalidRequest: it would last longer than twelve months.
    """
    require_two(approvers, role=StaffRole.OFFICER)
    with fence.closed() as now:
        if expires_at - now > LONGEST_APPROVAL:
            raise InvalidRequest("An approval lasts twelve months at most.")
        approval = Approval(
            tenant_id=tenant_id,
            valid_from=now,
            expires_at=expires_at,
            approver_1=approvers[0],
            approver_2=approvers[1],
            **use.columns(),
        )
        _end_approvals(tenant_id, now=now, officers=approvers)
        approval.save(using="officer", force_insert=True)
        record(
            Tag.APPROVAL_GRANTED, approvers, resource=("approval", approval.id), tenant_id=tenant_id, data=use.columns()
        )
    return approval


def _end_approvals(tenant_id: uuid.UUID, *, now: datetime, officers: tuple[User, User]) -> None:
    """End what was approved before: a narrower approval would else leave the wider one in force."""
    for previous in Approval.objects.using("officer").filter(tenant_id=tenant_id, revoked_at=None):
        previous.revoked_at = now
        previous.save(using="officer", update_fields=["revoked_at"])
        record(
            Tag.APPROVAL_REVOKED,
            officers,
            resource=("approval", previous.id),
            tenant_id=tenant_id,
            data={"superseded": True},
        )


def revoke_approval(approval: Approval, *, officer: User) -> None:
    """Take an approval back; one officer is enough to stop.

    Raises:
        NotPermittedForRole, AlreadyEnded.
    """
    require(officer, role=StaffRole.OFFICER)
    with fence.closed() as now:
        live = Approval.objects.using("officer").filter(id=approval.id, revoked_at=None)
        if not live.update(revoked_at=now):
            raise AlreadyEnded
        record(
            Tag.APPROVAL_REVOKED, (officer,), resource=("approval", approval.id), tenant_id=approval.tenant_id, data={}
        )
