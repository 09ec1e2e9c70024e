"""What changes the rules of use. Each act: check who → close the fence → write → record the event → commit.

Stopping is easy and takes one oversight member; resuming takes two. The vetting work queue and four-eyes change
requests build on these functions.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Max, Q
from django.db.models.functions import Now

from common.errors import InvalidRequest
from common.vocabulary import JURISDICTION_PARENTS, CustomerCategory, Operation, Purpose, StaffRole
from governance import fence, room
from governance.audit import ledger
from governance.audit.tags import Tag
from governance.catalogue import DEFAULT_POLICY_BODY
from governance.errors import AlreadyEnded, NotPermittedForRole
from governance.models import Approval, Exemption, Moratorium, PolicyVersion, Suspension
from governance.policies import Policy
from tenants.models import User

LONGEST_APPROVAL = timedelta(days=366)


@dataclass(frozen=True, slots=True, kw_only=True)
class Selector:
    """What a moratorium stops; an empty set means any."""

    categories: Collection[CustomerCategory] = field(default_factory=frozenset)
    end_users: Collection[CustomerCategory] = field(default_factory=frozenset)
    purposes: Collection[Purpose] = field(default_factory=frozenset)
    operations: Collection[Operation] = field(default_factory=frozenset)
    jurisdictions: Collection[str] = field(default_factory=frozenset)

    def __post_init__(self) -> None:
        """Refuse a slug outside the vocabulary: no request could be judged against it, so all would be refused."""
        _require_known("category", {*self.categories, *self.end_users}, known=set(CustomerCategory))
        _require_known("purpose", self.purposes, known=set(Purpose))
        _require_known("operation", self.operations, known=set(Operation))
        _require_known("jurisdiction", self.jurisdictions, known=set(JURISDICTION_PARENTS))

    def columns(self) -> dict[str, list[str]]:
        return {
            "categories": sorted(self.categories),
            "end_users": sorted(self.end_users),
            "purposes": sorted(self.purposes),
            "operations": sorted(self.operations),
            "jurisdictions": sorted(self.jurisdictions),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovedUse:
    """What an approval covers: the product of these sets."""

    purposes: Collection[Purpose]
    operations: Collection[Operation]
    jurisdictions: Collection[str]
    end_users: Collection[CustomerCategory]
    engine_versions: Collection[str]

    def columns(self) -> dict[str, list[str]]:
        return {
            "purposes": sorted(self.purposes),
            "operations": sorted(self.operations),
            "jurisdictions": sorted(self.jurisdictions),
            "end_users": sorted(self.end_users),
            "engine_versions": sorted(self.engine_versions),
        }


def publish_policy(body: dict[str, Any], *, author: str, approver: str, effective_from: datetime | None = None) -> int:
    """Publish rules as the next policy version, effective now or later; nothing happens when they are in force or due.

    The database numbers versions: a changed body that still carries the number of an older one is a new version.

    Returns:
        The version number; `body["version"]` is the least it can be.

    Raises:
        PolicyInvalid: the body does not fit the closed schema.
    """
    wanted = Policy.from_body(body)
    versions = PolicyVersion.objects.using("officer")
    in_force = versions.filter(effective_from__lte=Now()).order_by("-version").values("version")[:1]
    current = versions.filter(Q(version__in=in_force) | Q(effective_from__gt=Now()), body__rules=body["rules"]).first()
    if current is not None:
        return current.version
    with fence.closed() as now:
        newest = versions.aggregate(newest=Max("version"))["newest"] or 0
        version = max(newest + 1, wanted.version)
        body = {**body, "version": version}
        policy = Policy.from_body(body)
        PolicyVersion.objects.using("officer").create(
            version=version,
            body=body,
            digest=policy.digest,
            author=author,
            approver=approver,
            effective_from=effective_from or now,
        )
        ledger.record_event(
            Tag.POLICY_PUBLISHED,
            actor=ledger.SYSTEM,
            resource=ledger.Resource("policy", None),
            tenant_id=None,
            data={"version": version, "digest": policy.digest, "author": author, "approver": approver},
            using="officer",
        )
    return version


def publish_shipped_policy() -> int:
    """Publish the policy that ships with the platform unless it was published before, even if another one followed it.

    So an upgrade with changed rules puts them in force once, and a restart undoes no operator's policy.

    Returns:
        The version number of the shipped policy.
    """
    rules = DEFAULT_POLICY_BODY["rules"]
    known = PolicyVersion.objects.using("officer").filter(body__rules=rules).order_by("version").last()
    if known is not None:
        return known.version
    return publish_policy(
        dict(DEFAULT_POLICY_BODY), author="custos shipped policy", approver="operator of this instance"
    )


def grant_approval(
    tenant_id: uuid.UUID, *, use: ApprovedUse, expires_at: datetime, approvers: tuple[User, User]
) -> Approval:
    """Approve a tenant for a use, signed by two distinct officers, for at most twelve months. Ends the approval before.

    Raises:
        NotPermittedForRole: not two distinct officers.
        InvalidRequest: it would last longer than twelve months.
    """
    _require_two(approvers, role=StaffRole.OFFICER)
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
        _record(
            Tag.APPROVAL_GRANTED, approvers, resource=("approval", approval.id), tenant_id=tenant_id, data=use.columns()
        )
    return approval


def _end_approvals(tenant_id: uuid.UUID, *, now: datetime, officers: tuple[User, User]) -> None:
    """End what was approved before: a narrower approval would else leave the wider one in force."""
    for previous in Approval.objects.using("officer").filter(tenant_id=tenant_id, revoked_at=None):
        previous.revoked_at = now
        previous.save(using="officer", update_fields=["revoked_at"])
        _record(
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
    _require(officer, role=StaffRole.OFFICER)
    with fence.closed() as now:
        live = Approval.objects.using("officer").filter(id=approval.id, revoked_at=None)
        if not live.update(revoked_at=now):
            raise AlreadyEnded
        _record(
            Tag.APPROVAL_REVOKED, (officer,), resource=("approval", approval.id), tenant_id=approval.tenant_id, data={}
        )


def impose_moratorium(
    *,
    selector: Selector,
    reason: str,
    imposed_by: User,
    legal_source: str = "",
    effective_from: datetime | None = None,
    effective_until: datetime | None = None,
) -> Moratorium:
    """Stop a category of use, now or from a date; one oversight member may do it.

    When this returns, no result under the old policy can be written or read any more.

    Raises:
        NotPermittedForRole: not an oversight member.
        TooManyInForce: no further one fits into the facts of a decision.
    """
    _require(imposed_by, role=StaffRole.OVERSIGHT)
    with fence.closed() as now:
        moratorium = Moratorium(
            effective_from=effective_from or now,
            effective_until=effective_until,
            reason=reason,
            legal_source=legal_source,
            imposed_by=imposed_by,
            **selector.columns(),
        )
        moratorium.save(using="officer", force_insert=True)
        room.require_room_for_moratoria(now)
        _record(
            Tag.MORATORIUM_IMPOSED,
            (imposed_by,),
            resource=("moratorium", moratorium.id),
            tenant_id=None,
            data=selector.columns(),
        )
    return moratorium


def lift_moratorium(moratorium: Moratorium, *, lifters: tuple[User, User]) -> None:
    """Let a category of use resume; two distinct oversight members are needed.

    Raises:
        NotPermittedForRole, AlreadyEnded.
    """
    _require_two(lifters, role=StaffRole.OVERSIGHT)
    with fence.closed() as now:
        live = Moratorium.objects.using("officer").filter(id=moratorium.id, lifted_at=None)
        if not live.update(lifted_at=now, lifter_1=lifters[0], lifter_2=lifters[1]):
            raise AlreadyEnded
        _record(Tag.MORATORIUM_LIFTED, lifters, resource=("moratorium", moratorium.id), tenant_id=None, data={})


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
    _require_two(approvers, role=StaffRole.OFFICER)
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
        _record(Tag.EXEMPTION_GRANTED, approvers, resource=("exemption", exemption.id), tenant_id=tenant_id, data=scope)
    return exemption


def suspend(
    tenant_id: uuid.UUID, *, target: Suspension.Target, target_id: uuid.UUID, reason: str, imposed_by: User
) -> Suspension:
    """Stop a tenant, or one of its users, keys or collections; one oversight member may do it.

    Raises:
        NotPermittedForRole: not an oversight member.
    """
    _require(imposed_by, role=StaffRole.OVERSIGHT)
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
        _record(
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
    _require_two(lifters, role=StaffRole.OVERSIGHT)
    with fence.closed() as now:
        live = Suspension.objects.using("officer").filter(id=suspension.id, lifted_at=None)
        if not live.update(lifted_at=now, lifter_1=lifters[0], lifter_2=lifters[1]):
            raise AlreadyEnded
        _record(
            Tag.SUSPENSION_LIFTED,
            lifters,
            resource=("suspension", suspension.id),
            tenant_id=suspension.tenant_id,
            data={},
        )


def _require_known(what: str, values: Collection[str], *, known: Collection[str]) -> None:
    unknown = sorted(set(values) - set(known))
    if unknown:
        raise InvalidRequest(f"Unknown {what}: {', '.join(unknown)}.")


def _require(user: User, *, role: StaffRole) -> None:
    if not user.is_active or user.staff_role != role:
        raise NotPermittedForRole(f"This takes a member of staff with the role {role}.")


def _require_two(users: tuple[User, User], *, role: StaffRole) -> None:
    for user in users:
        _require(user, role=role)
    if users[0].pk == users[1].pk:
        raise NotPermittedForRole("This takes two different people.")


def _record(
    tag: Tag,
    people: tuple[User, ...],
    *,
    resource: tuple[str, uuid.UUID],
    tenant_id: uuid.UUID | None,
    data: dict[str, Any],
) -> None:
    ledger.record_event(
        tag,
        actor=ledger.ActorRef("staff", str(people[0].pk)),
        resource=ledger.Resource(*resource),
        tenant_id=tenant_id,
        data={**data, "people": [str(person.pk) for person in people]},
        using="officer",
    )
