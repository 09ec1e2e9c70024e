"""What changes tenants, people and keys. Each writes, records an event in the same transaction, then returns."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import IntegrityError, transaction

from common.context import tenant_scope
from common.vocabulary import CustomerCategory, Operation, Purpose, StaffRole, TenantRole
from governance.audit import ledger
from governance.audit.tags import Tag
from tenants import credentials
from tenants.errors import BindingInvalid, SlugTaken
from tenants.models import ApiKey, Membership, Tenant, User


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyBinding:
    """What a key may be used for. Empty end users or jurisdictions: no narrower than the tenant's approval."""

    operations: Collection[Operation]
    purposes: Collection[Purpose]
    default_purpose: Purpose
    default_jurisdiction: str
    end_users: Collection[CustomerCategory] = ()
    jurisdictions: Collection[str] = ()
    default_on_behalf_of: CustomerCategory | None = None


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A new key. `token` is not stored and cannot be shown again."""

    id: uuid.UUID
    token: str


def create_tenant(slug: str, *, name: str, category: CustomerCategory, actor: ledger.ActorRef) -> Tenant:
    """Create a tenant. It may do nothing until it is approved.

    Raises:
        SlugTaken: another tenant has the slug.
    """
    tenant = Tenant(slug=slug, name=name, category=category)
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
    tenant_id: uuid.UUID, *, username: str, password: str, role: TenantRole, actor: ledger.ActorRef
) -> User:
    """Create a person who is a member of the tenant."""
    with tenant_scope(tenant_id):
        user = User.objects.create_user(username, password)
        membership = Membership.objects.create(tenant_id=tenant_id, user=user, role=role)
        ledger.record_event(
            Tag.MEMBER_ADDED,
            actor=actor,
            resource=ledger.Resource("membership", membership.id),
            tenant_id=tenant_id,
            data={"role": role.value, "user": str(user.id)},
        )
    return user


def create_staff(*, username: str, password: str, role: StaffRole, actor: ledger.ActorRef) -> User:
    """Create a member of the platform's own staff."""
    with transaction.atomic():
        user = User.objects.create_user(username, password, staff_role=role)
        ledger.record_event(
            Tag.STAFF_CREATED,
            actor=actor,
            resource=ledger.Resource("user", user.id),
            tenant_id=None,
            data={"role": role.value},
        )
    return user


def issue_api_key(
    tenant_id: uuid.UUID,
    *,
    label: str,
    binding: KeyBinding,
    actor: ledger.ActorRef,
    expires_at: datetime | None = None,
) -> IssuedKey:
    """Issue a key for a tenant; the returned token is the only copy of its secret.

    Raises:
        BindingInvalid: the default purpose is not among the purposes.
    """
    if binding.default_purpose not in binding.purposes:
        raise BindingInvalid("The default purpose must be one of the key's purposes.")
    text = credentials.new_key_text()
    with tenant_scope(tenant_id):
        key = ApiKey.objects.create(
            tenant_id=tenant_id,
            public_id=text.public_id,
            secret_digest=text.digest,
            label=label,
            operations=sorted(binding.operations),
            purposes=sorted(binding.purposes),
            end_users=sorted(binding.end_users),
            jurisdictions=sorted(binding.jurisdictions),
            default_purpose=binding.default_purpose,
            default_on_behalf_of=binding.default_on_behalf_of,
            default_jurisdiction=binding.default_jurisdiction,
            expires_at=expires_at,
        )
        ledger.record_event(
            Tag.KEY_ISSUED,
            actor=actor,
            resource=ledger.Resource("api_key", key.id),
            tenant_id=tenant_id,
            data={"purposes": sorted(binding.purposes), "operations": sorted(binding.operations)},
        )
    return IssuedKey(key.id, text.token(settings.CUSTOS_ENV))


def revoke_api_key(tenant_id: uuid.UUID, *, key_id: uuid.UUID, actor: ledger.ActorRef) -> None:
    """Revoke a key: the next request with it is refused, and so is the next batch of a job it started."""
    with tenant_scope(tenant_id):
        now = ledger.database_now()
        changed = ApiKey.objects.filter(tenant_id=tenant_id, id=key_id, revoked_at=None).update(revoked_at=now)
        if changed:
            ledger.record_event(
                Tag.KEY_REVOKED,
                actor=actor,
                resource=ledger.Resource("api_key", key_id),
                tenant_id=tenant_id,
                data={},
            )
