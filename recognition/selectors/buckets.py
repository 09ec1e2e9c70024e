"""Buckets of a tenant."""

from __future__ import annotations

import uuid

from django.db.models import QuerySet

from recognition.models import Bucket


def list_for(tenant_id: uuid.UUID) -> QuerySet[Bucket]:
    """Return the tenant's buckets; in its scope."""
    return Bucket.objects.filter(tenant_id=tenant_id)
