"""Reading enrolled faces: judged as the result of an enrolment, under the policy of now."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TypeVar

from django.db.models import QuerySet

from common.context import Actor, tenant_scope
from governance import gate
from recognition.models import Collection, Face
from recognition.selectors import collections as collection_selectors
from recognition.selectors import faces as selectors
from recognition.services import reading
from recognition.services.results import FaceView, view_of

R = TypeVar("R")


def list_faces(*, collection_name: str, actor: Actor, paginate: Callable[[QuerySet[Face]], R]) -> R:
    """Return a page of a collection's faces.

    Raises:
        CollectionNotFound: there is none of this name, or it is another tenant's.
        PolicyRefused: the policy does not allow it, any more.
    """
    return list_with_collection(collection_name=collection_name, actor=actor, paginate=lambda rows, _: paginate(rows))


def list_with_collection(
    *, collection_name: str, actor: Actor, paginate: Callable[[QuerySet[Face], Collection], R]
) -> R:
    """Return a page of a collection's faces, for an edge that also says something of the collection.

    Raises:
        CollectionNotFound, PolicyRefused: as in `list_faces`.
    """
    collection = _collection(collection_name, actor=actor)
    with reading_of(collection, actor=actor) as admitted, tenant_scope(actor.tenant_id):
        page = paginate(selectors.list_in(collection), collection)
        admitted.complete()
    return page


def get_face(face_id: uuid.UUID, *, collection_name: str, actor: Actor) -> FaceView:
    """Return one face of a collection.

    Raises:
        FaceNotFound: the collection has no such face.
        CollectionNotFound, PolicyRefused: as in `list_faces`.
    """
    collection = _collection(collection_name, actor=actor)
    with reading_of(collection, actor=actor) as admitted, tenant_scope(actor.tenant_id):
        face = selectors.get_in(collection, face_id=face_id)
        admitted.complete(n_faces=1, resource=gate.ResourceRef("face", face_id, actor.tenant_id))
    return view_of(face)


def _collection(name: str, *, actor: Actor) -> Collection:
    with tenant_scope(actor.tenant_id):
        return collection_selectors.get_for(actor.tenant_id, name=name)


def reading_of(collection: Collection, *, actor: Actor) -> AbstractContextManager[reading.Reading]:
    """Ask whether the actor may see whose faces a collection holds, and admit it for the block."""
    resource = gate.ResourceRef("collection", collection.id, actor.tenant_id)
    return reading.authorised(collection.id, actor=actor, resource=resource)
