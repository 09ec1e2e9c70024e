"""Consent to be enrolled: recorded, taken back with every face of the person, and what there is of a person."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from django.db.models import QuerySet

from common.context import Actor, tenant_scope
from common.vocabulary import Operation
from governance import gate
from governance.accountability import consents, held, searches
from governance.accountability.consents import ConsentState
from governance.accountability.models import ConsentRecord
from governance.audit import ledger
from governance.audit.tags import Tag
from governance.casework import reviews
from recognition.models import Collection
from recognition.selectors import collections as selectors
from recognition.selectors import faces as face_selectors
from recognition.services import references
from recognition.services.faces import reading_of

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """That consent is withdrawn. `certificate` is the decision whose outcome says in the log how many faces went.

    `is_held`: a legal hold keeps the faces; nobody uses them, and they are destroyed before the collection thaws.
    """

    subject: str
    withdrawn_at: datetime
    deleted: int
    certificate: uuid.UUID
    is_held: bool = False


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What is known of a person in a collection.

    Attributes:
        searches: counted searches in which one of the person's faces was the probe or the best candidate; of those that
            are reviewed, the ones whose best candidate was released and is the person.
    """

    subject: str
    consent: ConsentState
    recorded_at: datetime | None
    withdrawn_at: datetime | None
    faces: int
    searches: int


def record_consent(subject: str, *, collection_name: str, actor: Actor, evidence_digest: str = "") -> datetime:
    """Record that a person agreed to be enrolled; return since when a consent is on record.

    Args:
        subject: the tenant's own name for the person, as enrolments give it (`external_id`).
        collection_name: the tenant's name for the collection.
        actor: who records it.
        evidence_digest: SHA-256 of what proves it, hexadecimal; it stays with the tenant.

    Raises:
        CollectionNotFound: there is none of this name, or it is another tenant's.
        PolicyRefused: the policy does not allow administering.
    """
    collection = _collection(collection_name, actor=actor)
    with (
        gate.authorised(_request(Operation.ADMINISTER, collection=collection, actor=actor)) as admission,
        tenant_scope(actor.tenant_id),
    ):
        selectors.lock_for(actor.tenant_id, collection_id=collection.id)
        record = consents.give(
            subject,
            tenant_id=actor.tenant_id,
            collection_id=collection.id,
            evidence_digest=evidence_digest,
            decision_id=admission.decision_id,
        )
        _record(Tag.CONSENT_RECORDED, subject, collection=collection, actor=actor, n_faces=0)
        admission.complete()
    return record.recorded_at


def list_consents(*, collection_name: str, actor: Actor, paginate: Callable[[QuerySet[ConsentRecord]], T]) -> T:
    """Return a page of what is on record of the consent of the people of a collection.

    Raises:
        CollectionNotFound: there is none of this name, or it is another tenant's.
        PolicyRefused: the policy does not allow administering.
    """
    collection = _collection(collection_name, actor=actor)
    request = replace(_request(Operation.ADMINISTER, collection=collection, actor=actor), only_looks=True)
    with gate.authorised(request) as admission, tenant_scope(actor.tenant_id):
        found = paginate(ConsentRecord.objects.filter(tenant_id=actor.tenant_id, collection_id=collection.id))
        admission.complete()
    return found


def withdraw_consent(subject: str, *, collection_name: str, actor: Actor) -> Withdrawal:
    """Take a person's consent back and delete every face of theirs, in one transaction: a right, never blocked.

    When this returns, no search returns the person, and no job that is under way enrols them any more.

    Raises:
        CollectionNotFound: there is none of this name, or it is another tenant's.
    """
    collection = _collection(collection_name, actor=actor)
    with (
        gate.authorised(_request(Operation.DELETE, collection=collection, actor=actor)) as admission,
        tenant_scope(actor.tenant_id),
    ):
        locked = selectors.lock_for(actor.tenant_id, collection_id=collection.id)
        faces = face_selectors.all_in(locked).filter(external_id=subject)
        is_held = held.is_held(actor.tenant_id, collection_id=locked.id)
        face_ids = [] if is_held else list(faces.values_list("id", flat=True))
        destroyed = references.destroy(face_ids, collection=locked, permit=admission.permit, is_partial=is_held)
        record = consents.take_back(
            subject, tenant_id=actor.tenant_id, collection_id=locked.id, decision_id=admission.decision_id
        )
        _record(Tag.CONSENT_WITHDRAWN, subject, collection=collection, actor=actor, n_faces=len(destroyed.face_ids))
        admission.complete(n_faces=len(destroyed.face_ids), removed=destroyed.removed.counts())
    if record.withdrawn_at is None:
        raise RuntimeError("A withdrawal has a time.")
    return Withdrawal(subject, record.withdrawn_at, len(destroyed.face_ids), admission.decision_id, is_held)


def tell_about(subject: str, *, collection_name: str, actor: Actor) -> Knowledge:
    """Say what is known of a person: consent, how many faces, and how often they were searched for or found.

    Raises:
        CollectionNotFound: there is none of this name, or it is another tenant's.
        PolicyRefused: the policy does not allow reading what was enrolled, for one of the uses it was made for.
    """
    collection = _collection(collection_name, actor=actor)
    with reading_of(collection, actor=actor) as admitted, tenant_scope(actor.tenant_id):
        key = {"tenant_id": actor.tenant_id, "collection_id": collection.id}
        newest = consents.records_of(subject, **key).first()
        face_ids = list(face_selectors.list_in(collection).filter(external_id=subject).values_list("id", flat=True))
        found = Knowledge(
            subject=subject,
            consent=consents.state_of(subject, **key),
            recorded_at=newest.recorded_at if newest else None,
            withdrawn_at=newest.withdrawn_at if newest else None,
            faces=len(face_ids),
            searches=searches.count_of_people(
                actor.tenant_id,
                subjects=map(gate.probe_of_face, face_ids),
                released_by=reviews.releasing(actor.tenant_id, face_ids),
            ),
        )
        admitted.complete(n_faces=len(face_ids))
    return found


def _collection(name: str, *, actor: Actor) -> Collection:
    with tenant_scope(actor.tenant_id):
        return selectors.get_for(actor.tenant_id, name=name)


def _request(operation: Operation, *, collection: Collection, actor: Actor) -> gate.AccessRequest:
    return gate.AccessRequest(
        actor=actor,
        operation=operation,
        resource=gate.ResourceRef("collection", collection.id, actor.tenant_id),
    )


def _record(tag: Tag, subject: str, *, collection: Collection, actor: Actor, n_faces: int) -> None:
    """The log knows the person by a keyed digest alone."""
    ledger.record_event(
        tag,
        actor=ledger.ref_of(actor),
        resource=ledger.Resource("collection", collection.id),
        tenant_id=actor.tenant_id,
        data={"subject": ledger.commitment(actor.tenant_id, subject, use="consent"), "n_faces": n_faces},
    )
