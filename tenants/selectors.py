"""Look-ups of who is asking. What happens before a tenant is known goes through SECURITY DEFINER functions."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.db import connections

from tenants.models import Tenant


@dataclass(frozen=True, slots=True)
class FoundApiKey:
    """What authentication needs of a key; `is_live` by the database's clock."""

    id: uuid.UUID
    tenant_id: uuid.UUID
    secret_digest: bytes
    is_live: bool
    default_purpose: str
    default_on_behalf_of: str | None
    default_jurisdiction: str


def find_api_key(public_id: str) -> FoundApiKey | None:
    """Return the key with this public id, of whichever tenant; None when there is none."""
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT * FROM custos_find_api_key(%s)", [public_id])
        row = cursor.fetchone()
    if row is None:
        return None
    key_id, tenant_id, digest, is_live, purpose, on_behalf_of, jurisdiction = row
    return FoundApiKey(key_id, tenant_id, bytes(digest), is_live, purpose, on_behalf_of, jurisdiction)


def get_tenant_by_slug(slug: str) -> Tenant | None:
    """Return a tenant by its name. For the platform's own staff and commands: reads across tenants."""
    return Tenant.objects.using("officer").filter(slug=slug).first()
