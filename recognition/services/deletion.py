"""Deleting faces, images and collections: a right, which no moratorium, suspension or missing approval blocks."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from common.context import Actor, tenant_scope
from common.permits import Permit
from common.preconditions import UNCONDITIONAL, Precondition
from common.vocabulary import JobStatus, Operation
from governance import gate
from governance.accountability import consents
from governance.audit import ledger
from governance.audit.tags import Tag
from recognition.errors import CollectionDeleted, ImageNotFound
from recognition.models import Collection, Image, Job, JobItem
from recognition.selectors import collections as selectors
from recognition.selectors import faces as face_selectors
from recognition.selectors import images as image_selectors
from recognition.services import jobs, references
from recognition.services.references import Removed
from recognition.services.results import face_etag, view_of


@dataclass(frozen=True, slots=True)
class Deletion:
    """The faces that are gone now, those that there were none of, and those that were spared, with whose they are."""

    deleted: tuple[uuid.UUID, ...]
    unknown: tuple[uuid.UUID, ...]
    spared: tuple[tuple[uuid.UUID, str], ...] = ()


def delete_face(
    face_id: uuid.UUID, *, collection_name: str, actor: Actor, precondition: Precondition = UNCONDITIONAL
) -> None:
    """Delete a face with its template, and its image when no other face is left of it.

    Raises:
        FaceNotFound: the collection has no such face.
        PreconditionFailed: it is not what the caller has seen.
        CollectionNotFound: there is none of this name, or it is another tenant's.
    """
    collection = _collection(collection_name, actor=actor)
    with gate.authorised(request_of(actor, collection=collection)) as admission, tenant_scope(actor.tenant_id):
        locked = selectors.lock_for(actor.tenant_id, collection_id=collection.id)
        face = face_selectors.get_in(locked, face_id=face_id)
        precondition.require(face_etag(view_of(face)))
        removed = references.destroy([face_id], collection=locked, permit=admission.permit).removed
        admission.complete(n_faces=removed.faces, removed=removed.counts())


def delete_faces(
    face_ids: Sequence[uuid.UUID], *, collection_name: str, actor: Actor, spares_persons: bool = False
) -> Deletion:
    """Delete faces with their templates, and the images that no face is left of.

    Args:
        face_ids: which.
        collection_name: the tenant's name for the collection.
        actor: who asks.
        spares_persons: leave the faces of persons alone, as Rekognition does; else their persons lose them.

    Raises:
        CollectionNotFound: there is none of this name, or it is another tenant's.
    """
    collection = _collection(collection_name, actor=actor)
    with gate.authorised(request_of(actor, collection=collection)) as admission, tenant_scope(actor.tenant_id):
        locked = selectors.lock_for(actor.tenant_id, collection_id=collection.id)
        rows = face_selectors.by_id_in(locked, face_ids=face_ids).values() if spares_persons else ()
        spared = {row.id: row.person.name for row in rows if row.person}
        asked = [face_id for face_id in dict.fromkeys(face_ids) if face_id not in spared]
        destroyed = references.destroy(asked, collection=locked, permit=admission.permit)
        admission.complete(n_faces=len(destroyed.face_ids), removed=destroyed.removed.counts())
    deleted = set(destroyed.face_ids)
    return Deletion(
        deleted=tuple(face_id for face_id in asked if face_id in deleted),
        unknown=tuple(face_id for face_id in asked if face_id not in deleted),
        spared=tuple(spared.items()),
    )


def delete_collection(name: str, *, actor: Actor, precondition: Precondition = UNCONDITIONAL) -> None:
    """Delete a collection with every trace of the people in it: templates, faces, persons, images, what jobs hold.

    Its jobs stay, as a record that there were such, without a collection or images; those still open are cancelled.

    Raises:
        CollectionNotFound: there is none of this name, or it is another tenant's.
        PreconditionFailed: it is not what the caller has seen, because faces came or went, for example.
    """
    collection = _collection(name, actor=actor)
    with gate.authorised(request_of(actor, collection=collection)) as admission, tenant_scope(actor.tenant_id):
        locked = selectors.lock_for(actor.tenant_id, collection_id=collection.id, for_deletion=True)
        precondition.require(locked.etag)
        removed = delete_locked(locked, permit=admission.permit)
        admission.complete(n_faces=removed.faces, removed=removed.counts())


def delete_image(image_id: uuid.UUID, *, actor: Actor) -> None:
    """Delete an image with every face that was enrolled from it, their templates, and the picture where it is kept.

    Raises:
        ImageNotFound: there is none of this id, or it is another tenant's.
    """
    with tenant_scope(actor.tenant_id):
        image = image_selectors.list_for(actor.tenant_id).filter(id=image_id).first()
    if image is None:
        raise ImageNotFound
    resource = gate.ResourceRef("image", image_id, actor.tenant_id)
    request = gate.AccessRequest(actor=actor, operation=Operation.DELETE, resource=resource)
    with gate.authorised(request) as admission, tenant_scope(actor.tenant_id):
        locked = selectors.lock_for(actor.tenant_id, collection_id=image.collection_id)
        face_ids = list(face_selectors.ids_on(image_id, collection=locked))
        if not face_ids:
            raise ImageNotFound  # its last face was deleted meanwhile, and the image with it
        removed = references.destroy(face_ids, collection=locked, permit=admission.permit).removed
        admission.complete(n_faces=removed.faces, removed=removed.counts())


def declare_purpose_met(name: str, *, actor: Actor) -> Collection:
    """Say that a collection has served its purpose: nothing of it is found any more, and the purge deletes its faces.

    It is a right, as deletion is, and is not taken back.

    Raises:
        CollectionNotFound: there is none of this name, or it is another tenant's.
    """
    collection = _collection(name, actor=actor)
    with gate.authorised(request_of(actor, collection=collection)) as admission, tenant_scope(actor.tenant_id):
        locked = selectors.lock_for(actor.tenant_id, collection_id=collection.id)
        if locked.purpose_met_at is None:
            locked.purpose_met_at = ledger.database_now()
            locked.revision += 1
            locked.save(update_fields=["purpose_met_at", "revision"])
            locked.refresh_from_db(fields=["kept_days"])
            ledger.record_event(
                Tag.PURPOSE_MET,
                actor=ledger.ref_of(actor),
                resource=ledger.Resource("collection", locked.id),
                tenant_id=actor.tenant_id,
                data={"n_faces": locked.face_count},
            )
        admission.complete()
    return locked


def delete_locked(collection: Collection, *, permit: Permit) -> Removed:
    """Delete a collection that was locked for deletion, with every trace; return what there was of each kind."""
    removed = references.destroy_all(collection, permit=permit)
    removed += _empty_jobs(collection)
    removed += references.delete_images(
        Image.objects.filter(tenant_id=collection.tenant_id, collection_id=collection.id)
    )
    consents.forget_all(tenant_id=collection.tenant_id, collection_id=collection.id)
    Collection.objects.filter(tenant_id=collection.tenant_id, id=collection.id).delete()
    return removed


def _empty_jobs(collection: Collection) -> Removed:
    """End the collection's jobs and delete what they hold of images; the faces that rest on it are deleted before."""
    n_items = n_staged = 0
    of_collection = Job.objects.filter(tenant_id=collection.tenant_id, collection_id=collection.id)
    for job in of_collection.select_for_update().order_by("id"):
        items = JobItem.objects.filter(tenant_id=job.tenant_id, job_id=job.id)
        n_staged += items.filter(status=JobItem.Status.PENDING).count() if job.is_open else 0
        n_items += items.delete()[0]
        if job.is_open:
            jobs.close(job, status=JobStatus.CANCELLED, problem=CollectionDeleted().as_problem())
    of_collection.update(collection=None)
    return Removed(job_results=n_items, staged_files=n_staged)


def _collection(name: str, *, actor: Actor) -> Collection:
    with tenant_scope(actor.tenant_id):
        return selectors.get_for(actor.tenant_id, name=name)


def request_of(actor: Actor, *, collection: Collection) -> gate.AccessRequest:
    """Return the question whether the actor may delete of a collection."""
    resource = gate.ResourceRef("collection", collection.id, actor.tenant_id)
    return gate.AccessRequest(actor=actor, operation=Operation.DELETE, resource=resource)
