"""Collections of a tenant."""

from __future__ import annotations

import uuid

from django.db.models import QuerySet

from common.context import Usage
from recognition.errors import CollectionNotFound
from recognition.gallery.base import GalleryRef
from recognition.models import Collection, CollectionUse


def list_for(tenant_id: uuid.UUID) -> QuerySet[Collection]:
    """Return the tenant's collections; run it inside the tenant's scope."""
    return Collection.objects.filter(tenant_id=tenant_id)


def get_for(tenant_id: uuid.UUID, *, name: str) -> Collection:
    """Return the tenant's collection of this name.

    Raises:
        CollectionNotFound: there is none, or it is another tenant's.
    """
    collection = list_for(tenant_id).filter(name=name).first()
    if collection is None:
        raise CollectionNotFound(f"There is no collection {name}.")
    return collection


def lock_for(tenant_id: uuid.UUID, *, collection_id: uuid.UUID, for_deletion: bool = False) -> Collection:
    """Lock the collection's row until the transaction ends; whoever changes its faces does this first.

    While it is held, its partition and its number of faces stay as they are, and its faces are ours to change. Other
    transactions may still refer to it (`FOR NO KEY UPDATE`) unless it is to be deleted.

    Raises:
        CollectionNotFound: it is gone.
    """
    rows = list_for(tenant_id).filter(id=collection_id).select_for_update(no_key=not for_deletion)
    collection = rows.first()
    if collection is None:
        raise CollectionNotFound("The collection has been deleted.")
    return collection


def uses_of(tenant_id: uuid.UUID, *, collection_id: uuid.UUID) -> list[Usage]:
    """Return what the contents of a collection were made for; without cases, which no rule asks of contents."""
    rows = CollectionUse.objects.filter(tenant_id=tenant_id, collection_id=collection_id)
    return [Usage(use.purpose, use.on_behalf_of, use.jurisdiction) for use in rows.order_by("id")]


def gallery_of(collection: Collection) -> GalleryRef:
    """Return what the gallery needs to know of a collection."""
    return GalleryRef(
        tenant_id=collection.tenant_id,
        collection_id=collection.id,
        engine_version=collection.engine_version,
        dimensions=collection.dimensions,
        partition_no=collection.partition_no,
        sealed_seed=bytes(collection.template_seed),
    )
