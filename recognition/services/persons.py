"""Persons: creating, listing, reading, changing and deleting them.

Their faces are joined in `services.joining`; who a face is like is in `services.person_search`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypedDict, TypeVar

from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet

from common.context import Actor, tenant_scope
from common.ids import new_id
from common.preconditions import UNCONDITIONAL, Precondition
from common.vocabulary import Operation
from governance import gate
from governance.accountability import held
from recognition.errors import PersonExists
from recognition.models import Collection, Person
from recognition.selectors import collections as collection_selectors
from recognition.selectors import persons as selectors
from recognition.services import deletion, faces
from recognition.services.joining import associate_faces, disassociate_faces, list_faces_of
from recognition.services.person_search import search_persons

__all__ = [
    "associate_faces",
    "create_person",
    "delete_person",
    "disassociate_faces",
    "get_person",
    "list_faces_of",
    "list_persons",
    "search_persons",
    "update_person",
]

R = TypeVar("R")


class Changes(TypedDict, total=False):
    """New values of a person's fields; a field that is left out stays as it is."""

    display_name: str


def create_person(name: str, *, collection_name: str, actor: Actor, display_name: str = "") -> Person:
    """Create a person without a face.

    Args:
        name: the tenant's own id for the person.
        collection_name: the tenant's name for the collection.
        actor: who asks.
        display_name: what people read.

    Raises:
        PersonExists: the collection has one of this id.
        CollectionNotFound: there is none of this name, or it is another tenant's.
        PolicyRefused: the policy does not allow enrolling.
    """
    collection = _collection(collection_name, actor=actor)
    with gate.authorised(_enrol(actor, collection=collection)) as admission, tenant_scope(actor.tenant_id):
        locked = collection_selectors.lock_for(actor.tenant_id, collection_id=collection.id)
        person = Person(
            id=new_id(),
            tenant_id=actor.tenant_id,
            collection_id=locked.id,
            name=name,
            display_name=display_name,
            decision_entry_id=admission.decision_id,
        )
        _insert(person)
        _count(locked, added=1)
        admission.complete(resource=_ref(person))
    return person


def list_persons(*, collection_name: str, actor: Actor, paginate: Callable[[QuerySet[Person]], R]) -> R:
    """Return a page of a collection's persons.

    Raises:
        CollectionNotFound: there is none of this name, or it is another tenant's.
        PolicyRefused: the policy does not allow it, any more.
    """
    collection = _collection(collection_name, actor=actor)
    with faces.reading_of(collection, actor=actor) as admission, tenant_scope(actor.tenant_id):
        page = paginate(selectors.list_in(collection))
        admission.complete()
    return page


def get_person(name: str, *, collection_name: str, actor: Actor) -> Person:
    """Return one person of a collection.

    Raises:
        PersonNotFound: the collection has none of this id.
        CollectionNotFound, PolicyRefused: as in `list_persons`.
    """
    collection = _collection(collection_name, actor=actor)
    with faces.reading_of(collection, actor=actor) as admission, tenant_scope(actor.tenant_id):
        person = selectors.get_in(collection, name=name)
        admission.complete(resource=_ref(person))
    return person


def update_person(
    name: str, *, collection_name: str, actor: Actor, changes: Changes, precondition: Precondition = UNCONDITIONAL
) -> Person:
    """Change what people read of a person.

    Raises:
        PersonNotFound: the collection has none of this id.
        PreconditionFailed: it is not what the caller has seen.
        CollectionNotFound, PolicyRefused: as in `create_person`.
    """
    collection = _collection(collection_name, actor=actor)
    with gate.authorised(_enrol(actor, collection=collection)) as admission, tenant_scope(actor.tenant_id):
        locked = collection_selectors.lock_for(actor.tenant_id, collection_id=collection.id)
        person = selectors.get_in(locked, name=name)
        precondition.require(person.etag)
        for field, value in changes.items():
            setattr(person, field, value)
        person.revision += 1
        person.save(update_fields=[*changes, "revision"])
        admission.complete(resource=_ref(person))
    return person


def delete_person(name: str, *, collection_name: str, actor: Actor, precondition: Precondition = UNCONDITIONAL) -> None:
    """Delete a person with its template. Its faces stay, and belong to nobody.

    Raises:
        PersonNotFound: the collection has none of this id.
        PreconditionFailed: it is not what the caller has seen.
        CollectionNotFound: there is no collection of this name, or it is another tenant's.
    """
    collection = _collection(collection_name, actor=actor)
    request = deletion.request_of(actor, collection=collection)
    with gate.authorised(request) as admission, tenant_scope(actor.tenant_id):
        locked = collection_selectors.lock_for(actor.tenant_id, collection_id=collection.id)
        person = selectors.get_in(locked, name=name)
        precondition.require(person.etag)
        held.require_none(actor.tenant_id, collection_id=locked.id)
        n_faces = selectors.faces_of(person).update(person=None)
        selectors.list_in(locked).filter(id=person.id).delete()
        _count(locked, added=-1)
        admission.complete(n_faces=n_faces, resource=_ref(person))


def _insert(person: Person) -> None:
    try:
        with transaction.atomic():
            person.save(force_insert=True)
    except IntegrityError as error:
        if "person_name_once_per_collection" not in str(error):
            raise
        raise PersonExists(f"There is a person {person.name} already.") from error
    person.refresh_from_db(fields=["created_at"])


def _count(collection: Collection, *, added: int) -> None:
    Collection.objects.filter(tenant_id=collection.tenant_id, id=collection.id).update(
        person_count=F("person_count") + added, revision=F("revision") + 1
    )


def _ref(person: Person) -> gate.ResourceRef:
    return gate.ResourceRef("person", person.id, person.tenant_id)


def _collection(name: str, *, actor: Actor) -> Collection:
    with tenant_scope(actor.tenant_id):
        return collection_selectors.get_for(actor.tenant_id, name=name)


def _enrol(actor: Actor, *, collection: Collection) -> gate.AccessRequest:
    return gate.AccessRequest(
        actor=actor,
        operation=Operation.ENROL,
        resource=gate.ResourceRef("collection", collection.id, actor.tenant_id),
    )
