"""A tenant's members: read, change roles, remove. Joining goes by invitation (`services.invitations`)."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import TypeVar

from django.db.models import Q, QuerySet

from common.context import Actor, ActorKind, tenant_scope
from common.vocabulary import TenantRole
from governance.audit import ledger
from governance.audit.tags import Tag
from tenants import membership as memberships
from tenants import selectors
from tenants.errors import LastOwner, MemberNotFound, WiderThanOwn
from tenants.models import Invitation, Membership
from tenants.ports import require_not_suspended

R = TypeVar("R")


def list_members(actor: Actor, *, paginate: Callable[[QuerySet[Membership]], R]) -> R:
    """Return a page of the tenant's members.

    Raises:
        NotAMember, RoleNotSufficient: the actor does not manage members.
    """
    with tenant_scope(actor.tenant_id):
        memberships.require_manager(actor)
        return paginate(selectors.members_of(actor.tenant_id))


def list_invitations(actor: Actor) -> list[Invitation]:
    """Return the tenant's pending invitations.

    Raises:
        NotAMember, RoleNotSufficient: the actor does not manage members.
    """
    with tenant_scope(actor.tenant_id):
        memberships.require_manager(actor)
        return list(selectors.pending_invitations_of(actor.tenant_id))


def change_role(actor: Actor, *, member_id: uuid.UUID, role: TenantRole) -> Membership:
    """Give a member another role; it holds from the next request on.

    Raises:
        NotAMember, RoleNotSufficient: the actor does not manage members.
        Suspended: the tenant or the actor is.
        MemberNotFound: there is none of this id, or it is another tenant's.
        WiderThanOwn: the actor may not give the new role, or take the present one.
        LastOwner: the tenant would be left without an owner.
    """
    with tenant_scope(actor.tenant_id):
        authority = memberships.require_manager(actor)
        require_not_suspended(actor)
        member = _lock(actor, member_id=member_id)
        before = TenantRole(member.role)
        if not (authority.may_grant(before) and authority.may_grant(role)):
            raise WiderThanOwn("Owners are made and unmade by owners, managers by no key.")
        if role is before:
            return member
        if before is TenantRole.OWNER:
            _require_another_owner(member)
        Membership.objects.filter(tenant_id=actor.tenant_id, id=member_id).update(role=role)
        member.role = role
        ledger.record_event(
            Tag.MEMBER_ROLE_CHANGED,
            actor=ledger.ref_of(actor),
            resource=ledger.Resource("membership", member_id),
            tenant_id=actor.tenant_id,
            data={"user": str(member.user_id), "from": before.value, "to": role.value},
        )
    return member


def remove_member(actor: Actor, *, member_id: uuid.UUID) -> None:
    """End a membership: the person's next request is refused, and so is the next batch of a job of theirs.

    Anybody may end their own. Stopping is easy: also a suspended tenant may.

    Raises:
        NotAMember, RoleNotSufficient: the actor does not manage members.
        MemberNotFound: there is none of this id, or it is another tenant's.
        WiderThanOwn: the actor may not take the member's role.
        LastOwner: the tenant would be left without an owner.
    """
    with tenant_scope(actor.tenant_id):
        member = _lock(actor, member_id=member_id)
        if not (actor.kind is ActorKind.USER and member.user_id == actor.id):
            authority = memberships.require_manager(actor)
            if not authority.may_grant(TenantRole(member.role)):
                raise WiderThanOwn("Owners are unmade by owners, managers by no key.")
        if member.role == TenantRole.OWNER:
            _require_another_owner(member)
        Membership.objects.filter(tenant_id=actor.tenant_id, id=member_id).delete()
        ledger.record_event(
            Tag.MEMBER_REMOVED,
            actor=ledger.ref_of(actor),
            resource=ledger.Resource("membership", member_id),
            tenant_id=actor.tenant_id,
            data={"user": str(member.user_id), "role": member.role},
        )


def _lock(actor: Actor, *, member_id: uuid.UUID) -> Membership:
    """Return a member, locked together with all owners in one order, so that two owners cannot unmake each other.

    Raises:
        NotAMember, RoleNotSufficient: there is none of this id, and the actor may not know whether there is.
        MemberNotFound: there is none of this id, or it is another tenant's.
    """
    rows = Membership.objects.select_for_update(of=("self",)).select_related("user").order_by("id")
    wanted = Q(id=member_id) | Q(role=TenantRole.OWNER)
    found = rows.filter(wanted, tenant_id=actor.tenant_id)
    member = next((row for row in found if row.id == member_id), None)
    if member is None:
        memberships.require_manager(actor)
        raise MemberNotFound
    return member


def _require_another_owner(member: Membership) -> None:
    owners = Membership.objects.filter(tenant_id=member.tenant_id, role=TenantRole.OWNER, user__is_active=True)
    if not owners.exclude(id=member.id).exists():
        raise LastOwner
