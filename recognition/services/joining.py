"""Joining faces to a person, and taking them away again. Each face belongs to one person at most."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from django.db.models import QuerySet

from common.context import Actor, tenant_scope
from common.permits import Permit
from common.vocabulary import JoinReason, Operation
from governance import gate
from recognition.errors import PersonFull
from recognition.gallery import persons as person_gallery
from recognition.models import MOST_FACES_OF_A_PERSON, Collection, Face, Person
from recognition.selectors import collections as collection_selectors
from recognition.selectors import faces as face_selectors
from recognition.selectors import persons as selectors
from recognition.services import deletion, engines, faces, references
from recognition.services.results import calibration_of_persons

R = TypeVar("R")

# Per cent. Rekognition's default of AssociateFaces.
USUAL_THRESHOLD: Final = 75.0


@dataclass(frozen=True, slots=True)
class Unchanged:
    """A face that was left as it was, and why.

    Attributes:
        similarity: how alike it is to the person, in per cent, where that is the reason.
        person: id of the other person whose face it is.
    """

    face_id: uuid.UUID
    reason: JoinReason
    similarity: float | None = None
    person: str | None = None


@dataclass(frozen=True, slots=True)
class Joining:
    """What became of the faces. Those that were as asked for already are in neither list."""

    person: Person
    changed: tuple[uuid.UUID, ...]
    unchanged: tuple[Unchanged, ...]


def associate_faces(
    name: str, *, face_ids: Sequence[uuid.UUID], collection_name: str, actor: Actor, threshold: float | None = None
) -> Joining:
    """Join faces of a collection to one of its persons.

    Each face, in the order given, is compared with the person as it then is: the first face of a person is compared
    with nothing.

    Args:
        name: the tenant's own id for the person.
        face_ids: at most a hundred.
        collection_name: the tenant's name for the collection.
        actor: who asks.
        threshold: similarity in per cent; None: 75, or the lowest that the policy allows.

    Raises:
        PersonNotFound: the collection has no person of this id.
        PersonFull: it would have more than a hundred faces; none was joined.
        CollectionNotFound: there is none of this name, or it is another tenant's.
        PolicyRefused: the policy does not allow it.
        EngineVersionMismatch: the platform runs another version of the collection's engine.
    """
    collection = _collection(collection_name, actor=actor)
    calibration = calibration_of_persons(engines.engine_of(collection).calibration)
    request = gate.AccessRequest(
        actor=actor,
        operation=Operation.CLUSTER,
        resource=gate.ResourceRef("collection", collection.id, actor.tenant_id),
        threshold=threshold,
        usual_threshold=USUAL_THRESHOLD,
        gallery_size=collection.face_count,
        engine_version=collection.engine_version,
    )
    with gate.authorised(request) as admission, tenant_scope(actor.tenant_id):
        locked = collection_selectors.lock_for(actor.tenant_id, collection_id=collection.id)
        person = selectors.get_in(locked, name=name)
        whose = _sort_out(face_ids, person=person, collection=locked)
        if person.face_count + len(whose.nobodys) > MOST_FACES_OF_A_PERSON:
            raise PersonFull(f"The person has {person.face_count} faces; {MOST_FACES_OF_A_PERSON} is the most.")
        joined, unlike = [], []
        for face_id in whose.nobodys:
            score = _score(face_id, person=person, collection=locked, permit=admission.permit)
            similarity = None if score is None else calibration.similarity(score)
            if similarity is not None and similarity < admission.threshold:
                unlike.append(Unchanged(face_id, JoinReason.LOW_MATCH_CONFIDENCE, similarity=similarity))
            else:
                references.give([face_id], to=person, collection=locked, permit=admission.permit)
                joined.append(face_id)
        return _finish(person, changed=joined, unchanged=[*whose.refused, *unlike], admission=admission)


def disassociate_faces(name: str, *, face_ids: Sequence[uuid.UUID], collection_name: str, actor: Actor) -> Joining:
    """Take faces away from a person; they stay in the collection. A right, as deleting them is.

    Raises:
        PersonNotFound: the collection has no person of this id.
        CollectionNotFound: there is none of this name, or it is another tenant's.
    """
    collection = _collection(collection_name, actor=actor)
    request = deletion.request_of(actor, collection=collection)
    with gate.authorised(request) as admission, tenant_scope(actor.tenant_id):
        locked = collection_selectors.lock_for(actor.tenant_id, collection_id=collection.id)
        person = selectors.get_in(locked, name=name)
        whose = _sort_out(face_ids, person=person, collection=locked)
        references.give(whose.own, to=None, collection=locked, permit=admission.permit)
        references.refresh_persons([person.id], collection=locked, permit=admission.permit)
        return _finish(person, changed=whose.own, unchanged=whose.refused, admission=admission)


def list_faces_of(name: str, *, collection_name: str, actor: Actor, paginate: Callable[[QuerySet[Face]], R]) -> R:
    """Return a page of the faces of a person.

    Raises:
        PersonNotFound: the collection has no person of this id.
        CollectionNotFound: there is none of this name, or it is another tenant's.
        PolicyRefused: the policy does not allow it, any more.
    """
    collection = _collection(collection_name, actor=actor)
    with faces.reading_of(collection, actor=actor) as admission, tenant_scope(actor.tenant_id):
        person = selectors.get_in(collection, name=name)
        page = paginate(selectors.live_faces_of(person))
        admission.complete(resource=gate.ResourceRef("person", person.id, actor.tenant_id))
    return page


@dataclass(frozen=True, slots=True)
class _Whose:
    """Faces by whose they are: the person's own, nobody's, and those that cannot be changed here."""

    own: list[uuid.UUID]
    nobodys: list[uuid.UUID]
    refused: list[Unchanged]


def _sort_out(face_ids: Sequence[uuid.UUID], *, person: Person, collection: Collection) -> _Whose:
    rows = face_selectors.by_id_in(collection, face_ids=face_ids)
    sorted_out = _Whose([], [], [])
    for face_id in dict.fromkeys(face_ids):
        face = rows.get(face_id)
        if face is None:
            sorted_out.refused.append(Unchanged(face_id, JoinReason.FACE_NOT_FOUND))
        elif face.person is None:
            sorted_out.nobodys.append(face_id)
        elif face.person_id == person.id:
            sorted_out.own.append(face_id)
        else:
            reason = JoinReason.ASSOCIATED_TO_A_DIFFERENT_USER
            sorted_out.refused.append(Unchanged(face_id, reason, person=face.person.name))
    return sorted_out


def _score(face_id: uuid.UUID, *, person: Person, collection: Collection, permit: Permit) -> float | None:
    gallery = collection_selectors.gallery_of(collection)
    return person_gallery.score_of(gallery, person_id=person.id, face_id=face_id, permit=permit)


def _finish(
    person: Person, *, changed: Sequence[uuid.UUID], unchanged: Sequence[Unchanged], admission: gate.Admission
) -> Joining:
    person.refresh_from_db()
    admission.complete(n_faces=len(changed), resource=gate.ResourceRef("person", person.id, person.tenant_id))
    return Joining(person, tuple(changed), tuple(unchanged))


def _collection(name: str, *, actor: Actor) -> Collection:
    with tenant_scope(actor.tenant_id):
        return collection_selectors.get_for(actor.tenant_id, name=name)
