"""Making tenants, their first members, and the platform's own staff: for operators, commands and tests."""

from __future__ import annotations

import uuid

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.db import IntegrityError, transaction

from common.context import tenant_scope
from common.vocabulary import CustomerCategory, StaffRole, TenantRole
from governance.audit import ledger
from governance.audit.tags import Tag
from tenants.errors import SlugTaken, UsernameTaken
from tenants.models import Membership, Tenant, User
from tenants.services.defaults import MemberDefaults


def create_tenant(
    slug: str,
    *,
    name: str,
    category: CustomerCategory,
    actor: ledger.ActorRef,
    defaults: MemberDefaults | None = None,
) -> Tenant:
    """Create a tenant. It may do nothing until it is approved.

    Raises:
        SlugTaken: another tenant has the slug.
    """
    stated = defaults or MemberDefaults()
    tenant = Tenant(
        slug=slug,
        name=name,
        category=category,
        default_purpose=stated.purpose,
        default_on_behalf_of=stated.on_behalf_of,
        default_jurisdiction=stated.jurisdiction,
    )
    try:
        with transaction.atomic(using="officer"):
            tenant.save(using="officer", force_insert=True)
            ledger.record_event(
                Tag.TENANT_CREATED,
                actor=actor,
                resource=ledger.Resource("tenant", tenant.id),
                tenant_id=tenant.id,
                data={"category": category.value},
                using="officer",
            )
    except IntegrityError as error:
        raise SlugTaken(f"A tenant named {slug} exists already.") from error
    return tenant


def create_member(
    tenant_id: uuid.UUID,
    *,
    username: str,
    password: str,
    role: TenantRole,
    actor: ledger.ActorRef,
    email: str = "",
) -> User:
    """Create a person who is a member of the tenant.

    Raises:
        UsernameTaken: another person has the user name.
    """
    with tenant_scope(tenant_id):
        user = create_person(username, password=password, email=email)
        add_member(tenant_id, user=user, role=role, actor=actor)
    return user


def create_staff(
    *, username: str, password: str, role: StaffRole, actor: ledger.ActorRef, email: str = "", using: str = "default"
) -> User:
    """Create a member of the platform's own staff, who sets up a second factor before anything else.

    Raises:
        UsernameTaken: another person has the user name.
    """
    with transaction.atomic(using=using):
        user = create_person(username, password=password, email=email, staff_role=role, using=using)
        ledger.record_event(
            Tag.STAFF_CREATED,
            actor=actor,
            resource=ledger.Resource("user", user.id),
            tenant_id=None,
            data={"role": role.value},
            using=using,
        )
    return user


def reset_second_factor(user: User, *, using: str) -> None:
    """Take every second factor of a person away, in the open transaction on `using`; each is recorded by its signal."""
    for factor in Authenticator.objects.using(using).filter(user_id=user.pk):
        factor.delete(using=using)
    ledger.record_event(
        Tag.SECOND_FACTOR_RESET,
        actor=ledger.SYSTEM,
        resource=ledger.Resource("user", user.pk),
        tenant_id=None,
        data={},
        using=using,
    )


def require_free_username(username: str, *, using: str = "default") -> None:
    """Go on only when nobody has the user name, in whichever case.

    Raises:
        UsernameTaken.
    """
    if User.objects.using(using).filter(username__iexact=username).exists():
        raise UsernameTaken(f"There is a person named {username} already.")


def create_person(
    username: str, *, password: str, email: str, staff_role: StaffRole | None = None, using: str = "default"
) -> User:
    """Create an account in the open transaction; the address counts as verified, who gave it vouches for it.

    Raises:
        UsernameTaken: another person has the user name, in whichever case.
    """
    require_free_username(username, using=using)
    try:
        with transaction.atomic(using=using):
            people = User.objects.db_manager(using)
            user = people.create_user(username, password, email=email, staff_role=staff_role or "")
    except IntegrityError as error:
        raise UsernameTaken(f"There is a person named {username} already.") from error
    if email:
        EmailAddress.objects.using(using).create(user=user, email=email, primary=True, verified=True)
    return user


def add_member(tenant_id: uuid.UUID, *, user: User, role: TenantRole, actor: ledger.ActorRef) -> Membership:
    """Make a person a member, inside the tenant's scope."""
    membership = Membership.objects.create(tenant_id=tenant_id, user=user, role=role)
    ledger.record_event(
        Tag.MEMBER_ADDED,
        actor=actor,
        resource=ledger.Resource("membership", membership.id),
        tenant_id=tenant_id,
        data={"role": role.value, "user": str(user.id)},
    )
    return membership
