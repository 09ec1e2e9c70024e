"""What a vetted tenant may do, and the end of that."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from common.errors import InvalidRequest
from common.vocabulary import JURISDICTION_PARENTS, Attestation, CustomerCategory, Operation, Purpose, StaffRole
from governance import fence, four_eyes
from governance.audit.tags import Tag
from governance.errors import AlreadyEnded
from governance.four_eyes import Execution, Payload, Signed
from governance.models import Approval
from governance.services.payloads import ids, instant, number, slugs
from governance.services.signing import because, record, require
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
    tenant_id: uuid.UUID,
    *,
    use: ApprovedUse,
    expires_at: datetime,
    approvers: tuple[User, User],
    reason: str = "vetted",
) -> Approval:
    """Approve a tenant for a use, signed by two distinct officers, for at most twelve months. Ends the approval before.

    Raises:
        NotPermittedForRole: not two distinct officers.
        InvalidRequest: it would last longer than twelve months.
    """
    payload = approval_payload(tenant_id, use=use, expires_at=expires_at)
    change = four_eyes.sign_together("grant_approval", payload, people=approvers, reason=reason)
    return Approval.objects.using("officer").get(id=str(change.result_id))


def approval_payload(tenant_id: uuid.UUID, *, use: ApprovedUse, expires_at: datetime) -> dict[str, Any]:
    """Return what two officers sign to approve a tenant."""
    return {"tenant": str(tenant_id), "expires_at": expires_at.isoformat(), **use.columns()}


def check_approval(payload: Payload) -> None:
    """Refuse an approval without a use or a date, or for a tenant that is not there."""
    ids(payload, "tenant")
    instant(payload, "expires_at")
    _use_of(payload)


def execute_approval(payload: Payload, signed: Signed) -> Execution:
    """Grant it: what `grant_approval` says."""
    tenant_id, expires_at, use = ids(payload, "tenant"), instant(payload, "expires_at"), _use_of(payload)
    with fence.closed() as now:
        if expires_at - now > LONGEST_APPROVAL:
            raise InvalidRequest("An approval lasts twelve months at most.")
        if expires_at <= now:
            raise InvalidRequest("It would have ended already.")
        approval = Approval(
            tenant_id=tenant_id,
            valid_from=now,
            expires_at=expires_at,
            approver_1=signed.proposer,
            approver_2=signed.approver,
            **use.columns(),
        )
        _end_approvals(tenant_id, now=now, officers=signed.people)
        approval.save(using="officer", force_insert=True)
        record(
            Tag.APPROVAL_GRANTED,
            signed.people,
            resource=("approval", approval.id),
            tenant_id=tenant_id,
            data=use.columns(),
        )
    return Execution(result_id=approval.id)


def _use_of(payload: Payload) -> ApprovedUse:
    return ApprovedUse(
        purposes=[Purpose(slug) for slug in slugs(payload, "purposes", known=Purpose)],
        operations=[Operation(slug) for slug in slugs(payload, "operations", known=Operation)],
        jurisdictions=slugs(payload, "jurisdictions", known=JURISDICTION_PARENTS),
        end_users=[CustomerCategory(slug) for slug in slugs(payload, "end_users", known=CustomerCategory)],
        engine_versions=slugs(payload, "engine_versions"),
        attestations=[Attestation(slug) for slug in slugs(payload, "attestations", known=Attestation)],
        gallery_cap=number(payload, "gallery_cap"),
        daily_searches=number(payload, "daily_searches"),
    )


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


def revoke_approval(approval: Approval, *, officer: User, reason: str = "") -> None:
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
            Tag.APPROVAL_REVOKED,
            (officer,),
            resource=("approval", approval.id),
            tenant_id=approval.tenant_id,
            data=because(reason),
        )
