"""Persons of a tenant's collections."""

from __future__ import annotations

import uuid
from collections.abc import Collection as CollectionOf

from django.db.models import QuerySet

from recognition.errors import PersonFull, PersonNotFound
from recognition.models import MOST_FACES_OF_A_PERSON, Collection, Face, Person
from recognition.selectors.retention import is_live


def list_in(collection: Collection) -> QuerySet[Person]:
    """Return the persons of a collection; run it inside the tenant's scope."""
    return Person.objects.filter(tenant_id=collection.tenant_id, collection_id=collection.id)


def get_in(collection: Collection, *, name: str) -> Person:
    """Return the person of this id in the collection.

    Raises:
        PersonNotFound: there is none.
    """
    person = list_in(collection).filter(name=name).first()
    if person is None:
        raise PersonNotFound
    return person


def require_in(collection: Collection, *, names: CollectionOf[str]) -> None:
    """Go on only when each of these is the id of a person of the collection.

    Raises:
        PersonNotFound: one is not.
    """
    if set(names) - set(list_in(collection).filter(name__in=names).values_list("name", flat=True)):
        raise PersonNotFound


def get_with_room(collection: Collection, *, name: str, more: int = 1) -> Person:
    """Return the person of this id, who may get so many more faces while the collection is locked.

    Raises:
        PersonNotFound: there is none.
        PersonFull: the person would have more than a hundred.
    """
    person = get_in(collection, name=name)
    if person.face_count + more > MOST_FACES_OF_A_PERSON:
        raise PersonFull
    return person


def by_id_in(collection: Collection, *, person_ids: CollectionOf[uuid.UUID]) -> dict[uuid.UUID, Person]:
    """Return the persons of the collection with these keys, those that exist."""
    return {person.id: person for person in list_in(collection).filter(id__in=person_ids)}


def faces_of(person: Person) -> QuerySet[Face]:
    """Return the person's faces, also those that wait for the purge."""
    return Face.objects.filter(
        tenant_id=person.tenant_id, collection_id=person.collection_id, person_id=person.id
    ).select_related("person")


def shown_faces_in(collection: Collection, *, person_ids: CollectionOf[uuid.UUID]) -> dict[uuid.UUID, Face]:
    """Return of each of these persons one live face, the first that was enrolled, to be looked at in a review."""
    faces = Face.objects.filter(
        is_live(), tenant_id=collection.tenant_id, collection_id=collection.id, person_id__in=person_ids
    ).select_related("person")
    first = faces.order_by("person_id", "id").distinct("person_id")
    return {face.person_id: face for face in first if face.person_id is not None}


def live_faces_of(person: Person) -> QuerySet[Face]:
    """Return the person's faces whose time is not over."""
    return faces_of(person).filter(is_live())
