"""A signed-in person as an actor of one tenant, and the one place where tenant roles are checked.

What a role may do to faces is decided by the gate (`tenants.roles`, rules KEY-001 and KEY-002). Here: who manages keys
and members, which is no use of faces, so that a tenant can do it before it is approved (decision 0010).
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Final

from django.http import HttpRequest

from common.context import Actor, ActorKind, tenant_scope
from common.errors import Unauthenticated
from common.vocabulary import Operation, TenantRole
from tenants import selectors
from tenants.errors import NotAMember, RoleNotSufficient
from tenants.models import ApiKey, User
from tenants.roles import MANAGERS, OPERATIONS
from tenants.usage import usage_of

_CHOSEN: Final = "custos_tenant"


@dataclass(frozen=True, slots=True)
class Authority:
    """What somebody who manages keys and members has, and so may hand on: a role, or what a key is bound to."""

    role: TenantRole | None
    key: ApiKey | None

    def may_grant(self, role: TenantRole) -> bool:
        """Whether this role may be given, or taken away: owners by owners; managers by no key; else no wider."""
        if self.key is not None:
            return role not in MANAGERS and {str(o) for o in OPERATIONS[role]} <= set(self.key.operations)
        return role is not TenantRole.OWNER or self.role is TenantRole.OWNER


def actor_of(request: HttpRequest) -> Actor:
    """Return the signed-in person as a member of the tenant that the session has chosen.

    Raises:
        Unauthenticated: nobody is signed in.
        NotAMember: the person belongs to no tenant, or no longer to the chosen one.
        GovernanceHeaderInvalid: a governance header is not valid.
    """
    user = _person(request)
    chosen = membership_of(request)
    usage = usage_of(request.headers, defaults=chosen)
    return Actor(kind=ActorKind.USER, id=user.pk, tenant_id=chosen.tenant_id, usage=usage)


def memberships_of(request: HttpRequest) -> list[selectors.FoundMembership]:
    """Return the tenants that the signed-in person may choose from, oldest membership first.

    Raises:
        Unauthenticated: nobody is signed in.
    """
    return selectors.find_memberships(_person(request).pk)


def membership_of(request: HttpRequest) -> selectors.FoundMembership:
    """Return the chosen membership; without a choice the oldest.

    Raises:
        Unauthenticated: nobody is signed in.
        NotAMember: there is none. One that ended is not silently replaced by another tenant's.
    """
    found = memberships_of(request)
    chosen = request.session.get(_CHOSEN)
    if chosen is not None:
        found = [membership for membership in found if str(membership.tenant_id) == chosen]
    if not found:
        raise NotAMember("Choose another organisation." if chosen else "This person belongs to no organisation.")
    return found[0]


def choose_membership(request: HttpRequest, tenant_id: uuid.UUID) -> None:
    """Let the session act for another of the person's tenants from now on.

    Raises:
        Unauthenticated: nobody is signed in.
        NotAMember: the person does not belong to it.
    """
    if all(membership.tenant_id != tenant_id for membership in memberships_of(request)):
        raise NotAMember
    request.session[_CHOSEN] = str(tenant_id)


def role_of(actor: Actor) -> TenantRole:
    """Return the role that a member has now.

    Raises:
        NotAMember: the actor is no member (any more), or a key.
    """
    with tenant_scope(actor.tenant_id):
        found = (
            selectors.members_of(actor.tenant_id).filter(user_id=actor.id, user__is_active=True).first()
            if actor.kind is ActorKind.USER
            else None
        )
    if found is None:
        raise NotAMember
    return TenantRole(found.role)


def require_role(actor: Actor, *roles: TenantRole) -> TenantRole:
    """Go on only with one of these roles; return which.

    Raises:
        NotAMember: the actor is no member (any more), or a key.
        RoleNotSufficient: the member has another role.
    """
    role = role_of(actor)
    if role not in roles:
        raise RoleNotSufficient(f"This takes one of the roles {', '.join(sorted(roles))}.")
    return role


def require_manager(actor: Actor) -> Authority:
    """Go on only for who may manage keys and members: an owner, an admin, or a key with the scope `administer`.

    Raises:
        NotAMember, RoleNotSufficient.
    """
    if actor.kind is not ActorKind.API_KEY:
        return Authority(role=require_role(actor, *MANAGERS), key=None)
    with tenant_scope(actor.tenant_id):
        key = ApiKey.objects.filter(tenant_id=actor.tenant_id, id=actor.id, revoked_at=None).first()
    if key is None or Operation.ADMINISTER not in key.operations:
        raise RoleNotSufficient("This takes a key with the scope administer.")
    return Authority(role=None, key=key)


def _person(request: HttpRequest) -> User:
    user = request.user
    if not isinstance(user, User):
        raise Unauthenticated("Sign in.")
    return user
