"""Creating, listing and reading collections. Deleting one is a right: `services.deletion`."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import TypedDict, TypeVar

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from common.context import Actor, tenant_scope
from common.ids import new_id
from common.preconditions import UNCONDITIONAL, Precondition
from common.vocabulary import Operation
from governance import gate
from governance.accountability import held
from recognition.errors import CollectionExists
from recognition.gallery.protection import new_sealed_seed
from recognition.models import SHARED_PARTITIONS, Collection
from recognition.selectors import collections as selectors
from recognition.services import engines, keeping

R = TypeVar("R")


class Changes(TypedDict, total=False):
    """New values of a collection's fields; a field that is left out stays as it is."""

    description: str
    retention_days: int | None
    threshold: float | None
    store_images: bool


def ids_of(tenant_id: uuid.UUID) -> set[uuid.UUID]:
    """Return the ids of a tenant's collections, for governance; registered in `governance.ports`."""
    with tenant_scope(tenant_id):
        return set(selectors.list_for(tenant_id).values_list("id", flat=True))


def create_collection(
    name: str,
    *,
    actor: Actor,
    engine: str | None = None,
    description: str = "",
    retention_days: int | None = None,
    threshold: float | None = None,
    store_images: bool = False,
    tags: Mapping[str, str] | None = None,
) -> Collection:
    """Create an empty collection, pinned to the present version of its engine.

    Raises:
        CollectionExists: the tenant has one of this name.
        EngineNotOffered: `engine` is not offered here.
        PolicyRefused: the policy does not allow it.
    """
    engines.check_offered(engine)
    collection_id = new_id()
    resource = gate.ResourceRef("collection", collection_id, actor.tenant_id)
    request = gate.AccessRequest(actor=actor, operation=Operation.ADMINISTER, resource=resource)
    with gate.authorised(request) as admission:
        made_by = engines.engine_for_new_collection(engine)
        collection = Collection(
            id=collection_id,
            tenant_id=actor.tenant_id,
            name=name,
            description=description,
            engine=made_by.name,
            engine_version=made_by.version,
            dimensions=made_by.dimensions,
            retention_days=retention_days,
            threshold=threshold,
            store_images=store_images,
            tags=dict(tags or {}),
            partition_no=collection_id.int % SHARED_PARTITIONS,
            template_seed=new_sealed_seed(tenant_id=actor.tenant_id, collection_id=collection_id),
            decision_entry_id=admission.decision_id,
        )
        with tenant_scope(actor.tenant_id):
            _insert(collection)
            admission.complete(resource=resource)
    return collection


def list_collections(*, actor: Actor, paginate: Callable[[QuerySet[Collection]], R]) -> R:
    """Return a page of the tenant's collections.

    Args:
        paginate: takes the page out of the scoped queryset.

    Raises:
        PolicyRefused: the policy does not allow it.
    """
    resource = gate.ResourceRef("collection", None, actor.tenant_id)
    request = gate.AccessRequest(actor=actor, operation=Operation.ADMINISTER, resource=resource, only_looks=True)
    with gate.authorised(request) as admission, tenant_scope(actor.tenant_id):
        page = paginate(selectors.list_for(actor.tenant_id))
        admission.complete()
    return page


def get_collection(name: str, *, actor: Actor) -> Collection:
    """Return one of the tenant's collections.

    Raises:
        CollectionNotFound: there is none of this name, or it is another tenant's.
        PolicyRefused: the policy does not allow it.
    """
    with tenant_scope(actor.tenant_id):
        collection = selectors.get_for(actor.tenant_id, name=name)
    resource = gate.ResourceRef("collection", collection.id, actor.tenant_id)
    request = gate.AccessRequest(actor=actor, operation=Operation.ADMINISTER, resource=resource, only_looks=True)
    with gate.authorised(request) as admission, tenant_scope(actor.tenant_id):
        collection = selectors.get_for(actor.tenant_id, name=name)
        admission.complete()
    return collection


def update_collection(
    name: str, *, actor: Actor, changes: Changes, precondition: Precondition = UNCONDITIONAL
) -> Collection:
    """Change what may be changed of a collection; name, engine and faces are not among it.

    One that keeps no pictures any more loses those that it kept.

    Raises:
        CollectionNotFound: there is none of this name, or it is another tenant's.
        PreconditionFailed: it is not what the caller has seen.
        UnderLegalHold: a legal hold keeps its pictures.
        PolicyRefused: the policy does not allow it.
    """
    with tenant_scope(actor.tenant_id):
        collection = selectors.get_for(actor.tenant_id, name=name)
    resource = gate.ResourceRef("collection", collection.id, actor.tenant_id)
    request = gate.AccessRequest(actor=actor, operation=Operation.ADMINISTER, resource=resource)
    with gate.authorised(request) as admission, tenant_scope(actor.tenant_id):
        locked = selectors.lock_for(actor.tenant_id, collection_id=collection.id)
        precondition.require(locked.etag)
        for field, value in changes.items():
            setattr(locked, field, value)
        locked.revision += 1
        locked.save(update_fields=[*changes, "revision"])
        locked.refresh_from_db(fields=["kept_days"])  # computed by a trigger
        if changes.get("store_images") is False:
            held.require_none(actor.tenant_id, collection_id=locked.id)
            keeping.forget_pictures(locked)
        admission.complete()
    return locked


def _insert(collection: Collection) -> None:
    try:
        with transaction.atomic():
            collection.save(force_insert=True)
    except IntegrityError as error:
        if "collection_name_once_per_tenant" not in str(error):
            raise
        raise CollectionExists(f"There is a collection {collection.name} already.") from error
    collection.refresh_from_db(fields=["created_at", "kept_days"])
