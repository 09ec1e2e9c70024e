"""Look-ups of who is asking. What happens before a tenant is known goes through SECURITY DEFINER functions."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Final

from django.db import connections
from django.db.models import Prefetch, QuerySet
from django.db.models.functions import Now

from common.prepared import execute_prepared
from common.vocabulary import TenantRole
from tenants import credentials
from tenants.models import ApiKey, ApiKeySecret, Invitation, Membership, Tenant


@dataclass(frozen=True, slots=True)
class FoundApiKey:
    """What authentication needs of a key; `is_live` by the database's clock.

    `signing_secret` is sealed; None for a key that has none yet.
    """

    id: uuid.UUID
    tenant_id: uuid.UUID
    secret_digest: bytes
    is_live: bool
    default_purpose: str
    default_on_behalf_of: str | None
    default_jurisdiction: str
    signing_secret: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class FoundMembership:
    """One of a person's memberships, with what the tenant says its members' requests are for."""

    id: uuid.UUID
    tenant_id: uuid.UUID
    slug: str
    name: str
    role: TenantRole
    default_purpose: str | None
    default_on_behalf_of: str | None
    default_jurisdiction: str | None


# By name: a prepared `*` would be an error for every request once a migration adds a column.
_FIND_API_KEY: Final = """
    SELECT id, tenant_id, secret_digest, signing_secret, is_live,
           default_purpose, default_on_behalf_of, default_jurisdiction
    FROM custos_find_api_key($1)
"""


def find_api_key(public_id: str) -> FoundApiKey | None:
    """Return the key with this public id, of whichever tenant; None when there is none."""
    rows = execute_prepared(_FIND_API_KEY, [public_id])
    if not rows:
        return None
    key_id, tenant_id, digest, sealed, is_live, purpose, on_behalf_of, jurisdiction = rows[0]
    signing_secret = bytes(sealed) if sealed is not None else None
    return FoundApiKey(key_id, tenant_id, bytes(digest), is_live, purpose, on_behalf_of, jurisdiction, signing_secret)


def find_signing_key(access_key_id: str) -> tuple[FoundApiKey, str] | None:
    """Return the key that an access key id names and its SigV4 secret in clear; None when there is no such pair.

    The caller checks `is_live` as well as the signature.

    Raises:
        SealBroken, PlatformKeyMissing: the secret cannot be opened.
    """
    public_id = credentials.public_id_of(access_key_id)
    found = find_api_key(public_id) if public_id else None
    if public_id is None or found is None or found.signing_secret is None:
        return None
    secret = credentials.unseal_signing_secret(found.signing_secret, tenant_id=found.tenant_id, public_id=public_id)
    return found, secret


def find_memberships(user_id: uuid.UUID) -> list[FoundMembership]:
    """Return an active person's memberships, oldest first; none for somebody unknown or inactive."""
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT * FROM custos_find_memberships(%s)", [user_id])
        rows = cursor.fetchall()
    return [
        FoundMembership(member_id, tenant_id, slug, name, TenantRole(role), *defaults)
        for member_id, tenant_id, slug, name, role, *defaults in rows
    ]


def get_tenant_by_slug(slug: str) -> Tenant | None:
    """Return a tenant by its name. For the platform's own staff and commands: reads across tenants."""
    return Tenant.objects.using("officer").filter(slug=slug).first()


def keys_of(tenant_id: uuid.UUID) -> QuerySet[ApiKey]:
    """Return a tenant's keys, each with its secrets that were not revoked, newest first; inside the tenant's scope."""
    secrets = ApiKeySecret.objects.filter(tenant_id=tenant_id, revoked_at=None).order_by("-created_at", "-id")
    return ApiKey.objects.filter(tenant_id=tenant_id).prefetch_related(Prefetch("secrets", queryset=secrets))


def members_of(tenant_id: uuid.UUID) -> QuerySet[Membership]:
    """Return a tenant's memberships with their people; inside the tenant's scope."""
    return Membership.objects.filter(tenant_id=tenant_id).select_related("user")


def pending_invitations_of(tenant_id: uuid.UUID) -> QuerySet[Invitation]:
    """Return a tenant's invitations that can still be accepted; inside the tenant's scope."""
    return Invitation.objects.filter(
        tenant_id=tenant_id, accepted_at=None, withdrawn_at=None, expires_at__gt=Now()
    ).order_by("id")
