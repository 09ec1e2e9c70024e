"""Images of a tenant's collections."""

from __future__ import annotations

import uuid
from collections.abc import Collection as CollectionOf

from django.db.models import QuerySet

from recognition.errors import ImageNotFound
from recognition.models import Image
from recognition.selectors.retention import is_live


def list_for(tenant_id: uuid.UUID) -> QuerySet[Image]:
    """Return the tenant's images with their collections and files, also those that wait for the purge; in its scope."""
    return Image.objects.filter(tenant_id=tenant_id).select_related("collection", "file")


def list_by_id(tenant_id: uuid.UUID, *, image_ids: CollectionOf[uuid.UUID]) -> list[Image]:
    """Return images of the tenant.

    Raises:
        ImageNotFound: there is none of one of these ids, it is another tenant's, or its time is over.
    """
    found = list(list_for(tenant_id).filter(is_live(), id__in=image_ids))
    if len(found) < len(set(image_ids)):
        raise ImageNotFound
    return found


def get_for(tenant_id: uuid.UUID, *, image_id: uuid.UUID) -> Image:
    """Return one image of the tenant.

    Raises:
        ImageNotFound: see `list_by_id`.
    """
    return list_by_id(tenant_id, image_ids=[image_id])[0]
