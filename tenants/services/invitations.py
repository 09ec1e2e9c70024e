"""Joining a tenant: an invitation goes to an address, and whoever has its link takes it, once.

The link carries the tenant's id and a secret; only the secret's digest is stored.
"""

from __future__ import annotations

import smtplib
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from django.contrib.auth.password_validation import validate_password
from django.core.mail import EmailMessage
from django.db import transaction
from django.template.loader import render_to_string

from common.context import Actor, tenant_scope
from common.vocabulary import TenantRole
from governance.audit import ledger
from governance.audit.tags import Tag
from tenants import credentials, membership, selectors
from tenants.errors import (
    AlreadyAMember,
    InvitationNotAccepted,
    InvitationNotFound,
    MailUnavailable,
    StaffCannotJoin,
    WiderThanOwn,
)
from tenants.models import Invitation, Membership, Tenant, User
from tenants.ports import require_not_suspended
from tenants.services.provisioning import add_member, create_person

VALID_FOR: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Invited:
    """A pending invitation as its link shows it."""

    invitation: Invitation
    tenant_name: str
    token: str = field(repr=False)


def invite_member(actor: Actor, *, email: str, role: TenantRole, link_of: Callable[[str], str]) -> Invitation:
    """Invite an address; an invitation of it that is still pending is withdrawn.

    Args:
        actor: who invites.
        email: where the invitation goes.
        role: what the person will be.
        link_of: makes the address of the acceptance page out of a token.

    Raises:
        NotAMember, RoleNotSufficient: the actor does not manage members.
        Suspended: the tenant or the actor is.
        WiderThanOwn: the actor may not give this role.
        MailUnavailable: the invitation is made, but its mail was not sent; inviting again is safe.
    """
    secret = credentials.new_link_secret()
    with tenant_scope(actor.tenant_id):
        authority = membership.require_manager(actor)
        require_not_suspended(actor)
        if not authority.may_grant(role):
            raise WiderThanOwn("Owners are made by owners, managers by no key, and a key hands on no more than it has.")
        _withdraw_pending(actor, email=email)
        invitation = Invitation.objects.create(
            tenant_id=actor.tenant_id,
            email=email,
            role=role,
            secret_digest=credentials.digest_of(secret),
            expires_at=ledger.database_now() + VALID_FOR,
        )
        ledger.record_event(
            Tag.MEMBER_INVITED,
            actor=ledger.ref_of(actor),
            resource=ledger.Resource("invitation", invitation.id),
            tenant_id=actor.tenant_id,
            data={"role": role.value},
        )
        name = Tenant.objects.get(id=actor.tenant_id).name
        link = link_of(f"{actor.tenant_id.hex}.{secret}")
        transaction.on_commit(lambda: _send(email, tenant_name=name, role=role, link=link))
    return invitation


def withdraw_invitation(actor: Actor, *, invitation_id: uuid.UUID) -> None:
    """Withdraw a pending invitation.

    Raises:
        NotAMember, RoleNotSufficient: the actor does not manage members.
        InvitationNotFound: there is no pending one of this id, or it is another tenant's.
    """
    with tenant_scope(actor.tenant_id):
        membership.require_manager(actor)
        pending = Invitation.objects.select_for_update().filter(
            tenant_id=actor.tenant_id, id=invitation_id, accepted_at=None, withdrawn_at=None
        )
        invitation = pending.first()
        if invitation is None:
            raise InvitationNotFound
        _withdraw(invitation, actor=actor)


def read_invitation(token: str) -> Invited:
    """Return the pending invitation that a link names.

    Raises:
        InvitationNotAccepted: unknown, used, withdrawn or expired.
    """
    tenant_id, _ = _parts_of(token)
    with tenant_scope(tenant_id):
        invitation = _find(token)
        return Invited(invitation, Tenant.objects.get(id=tenant_id).name, token)


def accept_invitation(token: str, *, user: User) -> Membership:
    """Make a signed-in person a member.

    Raises:
        InvitationNotAccepted: unknown, used, withdrawn or expired.
        StaffCannotJoin: the person is staff of the platform.
        AlreadyAMember: the person belongs to the tenant already.
    """
    if user.is_staff:
        raise StaffCannotJoin
    tenant_id, _ = _parts_of(token)
    with tenant_scope(tenant_id):
        invitation = _find(token, lock=True)
        if selectors.members_of(tenant_id).filter(user_id=user.pk).exists():
            raise AlreadyAMember
        return _join(invitation, user=user)


def join_as_new_person(token: str, *, username: str, password: str) -> User:
    """Create an account for the invited address and make it a member.

    Raises:
        InvitationNotAccepted: unknown, used, withdrawn or expired.
        UsernameTaken: another person has the user name.
        django.core.exceptions.ValidationError: the password is too weak.
    """
    tenant_id, _ = _parts_of(token)
    with tenant_scope(tenant_id):
        invitation = _find(token, lock=True)
        validate_password(password, User(username=username, email=invitation.email))
        user = create_person(username, password=password, email=invitation.email)
        _join(invitation, user=user)
    return user


def _join(invitation: Invitation, *, user: User) -> Membership:
    Invitation.objects.filter(tenant_id=invitation.tenant_id, id=invitation.id).update(
        accepted_at=ledger.database_now()
    )
    by = ledger.ActorRef("user", str(user.pk))
    return add_member(invitation.tenant_id, user=user, role=TenantRole(invitation.role), actor=by)


def _find(token: str, *, lock: bool = False) -> Invitation:
    """Return the pending invitation of a token, inside its tenant's scope.

    Raises:
        InvitationNotAccepted: there is none.
    """
    tenant_id, secret = _parts_of(token)
    pending = selectors.pending_invitations_of(tenant_id)
    if lock:
        pending = pending.select_for_update()
    # Looked up by the digest of a 256-bit secret: how long that takes tells nothing about the secret.
    invitation = pending.filter(secret_digest=credentials.digest_of(secret)).first()
    if invitation is None:
        raise InvitationNotAccepted
    return invitation


def _parts_of(token: str) -> tuple[uuid.UUID, str]:
    tenant, dot, secret = token.partition(".")
    try:
        tenant_id = uuid.UUID(hex=tenant)
    except ValueError:
        raise InvitationNotAccepted from None
    if not dot or not secret:
        raise InvitationNotAccepted
    return tenant_id, secret


def _withdraw_pending(actor: Actor, *, email: str) -> None:
    pending = Invitation.objects.select_for_update().filter(
        tenant_id=actor.tenant_id, email__iexact=email, accepted_at=None, withdrawn_at=None
    )
    for invitation in pending:
        _withdraw(invitation, actor=actor)


def _withdraw(invitation: Invitation, *, actor: Actor) -> None:
    Invitation.objects.filter(tenant_id=invitation.tenant_id, id=invitation.id).update(
        withdrawn_at=ledger.database_now()
    )
    ledger.record_event(
        Tag.INVITATION_WITHDRAWN,
        actor=ledger.ref_of(actor),
        resource=ledger.Resource("invitation", invitation.id),
        tenant_id=invitation.tenant_id,
        data={},
    )


def _send(email: str, *, tenant_name: str, role: TenantRole, link: str) -> None:
    words = {"tenant_name": tenant_name, "role": role.value.replace("_", " "), "link": link, "days": VALID_FOR.days}
    subject = " ".join(f"Custos: invitation to {tenant_name}".split())
    message = EmailMessage(subject, render_to_string("accounts/invitation_mail.txt", words), to=[email])
    try:
        message.send()
    except (OSError, smtplib.SMTPException) as error:
        raise MailUnavailable("The invitation was made, but its mail could not be sent. Invite again later.") from error
