"""Tags of collections: the tenant's own words, which mean nothing to the platform."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Final

from common.context import Actor, tenant_scope
from common.vocabulary import Operation
from governance import gate
from recognition.errors import TooManyTags
from recognition.selectors import collections as selectors
from recognition.services.collections import get_collection

MOST_TAGS: Final = 200


def list_tags(*, collection_name: str, actor: Actor) -> dict[str, str]:
    """Return the tags of a collection.

    Raises:
        CollectionNotFound: there is none of this name, or it is another tenant's.
        PolicyRefused: the policy does not allow it.
    """
    tags: dict[str, str] = get_collection(collection_name, actor=actor).tags
    return tags


def add_tags(tags: Mapping[str, str], *, collection_name: str, actor: Actor) -> None:
    """Add tags to a collection; one of a name that there is gets the new value.

    Raises:
        TooManyTags: the collection would have more than 200.
        CollectionNotFound, PolicyRefused: as in `list_tags`.
    """
    _change(lambda present: {**present, **tags}, collection_name=collection_name, actor=actor)


def remove_tags(names: Collection[str], *, collection_name: str, actor: Actor) -> None:
    """Take tags from a collection, those of these names that it has.

    Raises:
        CollectionNotFound, PolicyRefused: as in `list_tags`.
    """
    _change(
        lambda present: {name: value for name, value in present.items() if name not in names},
        collection_name=collection_name,
        actor=actor,
    )


def _change(changed: Callable[[dict[str, str]], dict[str, str]], *, collection_name: str, actor: Actor) -> None:
    with tenant_scope(actor.tenant_id):
        collection = selectors.get_for(actor.tenant_id, name=collection_name)
    resource = gate.ResourceRef("collection", collection.id, actor.tenant_id)
    request = gate.AccessRequest(actor=actor, operation=Operation.ADMINISTER, resource=resource)
    with gate.authorised(request) as admission, tenant_scope(actor.tenant_id):
        locked = selectors.lock_for(actor.tenant_id, collection_id=collection.id)
        locked.tags = changed(locked.tags)
        if len(locked.tags) > MOST_TAGS:
            raise TooManyTags(f"A collection has at most {MOST_TAGS} tags.")
        locked.revision += 1
        locked.save(update_fields=["tags", "revision"])
        admission.complete()
