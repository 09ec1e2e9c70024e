"""Enrolment: making and storing references, from one image at once or from many as a job.

`run_batch`, the worker's part, is in `services.batches`.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace

from common.context import Actor, tenant_scope
from common.permits import Permit
from common.vocabulary import JobKind, Operation
from governance import gate
from recognition import dispatch
from recognition.engines.base import MAX_FACES
from recognition.gallery import partitions
from recognition.models import Collection, Face, Job, Person, QualityFilter
from recognition.selectors import collections as selectors
from recognition.selectors import persons
from recognition.services import attributes, engines, keeping, references, submission
from recognition.services.batches import run_batch
from recognition.services.examination import Examined, examine
from recognition.services.repeats import known_faces
from recognition.services.results import FaceView, Rejection, view_of
from recognition.services.submission import Submission

__all__ = ["Enrolled", "Submission", "enrol_image", "run_batch", "submit_job"]


@dataclass(frozen=True, slots=True)
class Enrolled:
    """The faces that were enrolled from one image, largest first, and those that were not.

    `image_id` is None when there was nothing to enrol, which is an error unless the caller said otherwise.
    """

    image_id: uuid.UUID | None
    faces: tuple[FaceView, ...]
    rejected: tuple[Rejection, ...]
    engine_version: str

    @property
    def face_ids(self) -> list[uuid.UUID]:
        return [face.id for face in self.faces if face.id is not None]


def enrol_image(
    data: bytes,
    *,
    collection_name: str,
    actor: Actor,
    external_id: str = "",
    max_faces: int = MAX_FACES,
    quality: QualityFilter = QualityFilter.AUTO,
    person: str | None = None,
    needs_face: bool = True,
    once: bool = False,
    asked: Sequence[str] = (),
) -> Enrolled:
    """Enrol the faces of one picture, now.

    Args:
        data: encoded picture; it is kept where the collection says so.
        collection_name: the tenant's name for the collection.
        actor: who asks.
        external_id: the tenant's own name for who is on it.
        max_faces: enrol the largest so many.
        quality: whether faces of low quality are left out.
        person: id of the person whose largest face this is; only that one is enrolled, and nothing is compared.
        needs_face: whether a picture without a face to enrol is an error.
        once: return the faces that are stored of this very picture, under this external id, instead of storing them
            a second time.
        asked: attributes to say of each enrolled face, some of `attributes.NAMES`; answered, not stored.

    Raises:
        PersonNotFound: the collection has no person of this id.
        PersonFull: the person has a hundred faces.
        CollectionNotFound: there is none of this name, or it is another tenant's.
        AttributesNotOffered: the collection's engine does not say one of them.
        PolicyRefused: the policy does not allow it.
        NoFaceFound, NoUsableFace: there is nothing to enrol, and `needs_face`.
        EngineVersionMismatch: the platform runs another version of the collection's engine.
        ImageUnreadable, ImageTooLarge, ImageFormatUnsupported: see `recognition.images`.
        StorageUnavailable: the collection keeps pictures, and this one could not be written.
    """
    with tenant_scope(actor.tenant_id):
        collection = selectors.get_for(actor.tenant_id, name=collection_name)
    engine = engines.engine_of(collection)
    max_faces = max_faces if person is None else 1
    resource = gate.ResourceRef("collection", collection.id, actor.tenant_id)
    with (
        attributes.authorised(asked, actor=actor, engine=engine, resource=resource) as analysis,
        gate.authorised(_request(actor, collection=collection, max_faces=max_faces, subject=external_id)) as admission,
    ):
        permit = admission.permit
        examined = examine(
            data,
            engine=engine,
            max_faces=max_faces,
            quality=quality,
            least_quality=admission.least_quality,
            permit=permit,
            analysis=analysis,
        )
        if needs_face:
            examined.require_usable_face()
        examined = keeping.keep(examined, data=data, collection=collection)
        with tenant_scope(actor.tenant_id):
            locked = selectors.lock_for(actor.tenant_id, collection_id=collection.id)
            known = known_faces(examined, collection=locked, external_id=external_id) if once else []
            owner = None if person is None else persons.get_with_room(locked, name=person)
            faces = _store(
                examined, known=known, collection=locked, external_id=external_id, owner=owner, permit=permit
            )
            if faces:
                references.add_use(locked, usage=actor.usage)
            admission.require_room(locked.face_count)
            image_id = faces[0].image_id if faces else None
            made = gate.ResourceRef("image", image_id, actor.tenant_id) if image_id else None
            analysis.complete(n_faces=len(faces))
            admission.complete(n_faces=len(faces), resource=made)
    views = (view_of(face, attributes=said) for face, said in zip(faces, examined.attributes, strict=True))
    return Enrolled(image_id, tuple(views), examined.rejected, locked.engine_version)


def _store(
    examined: Examined,
    *,
    known: Sequence[Face | None],
    collection: Collection,
    external_id: str,
    owner: Person | None,
    permit: Permit,
) -> list[Face]:
    """Store what is not known yet, in the locked collection; return all faces of the picture, in their order."""
    known = known or [None] * len(examined.faces)
    fresh = replace(examined, faces=tuple(face for face, row in zip(examined.faces, known, strict=True) if row is None))
    made: list[Face] = []
    if fresh.faces:
        image = next((row.image for row in known if row is not None), None)
        if image is None:
            keeping.refer_to(references.files_of([fresh]), tenant_id=collection.tenant_id)
        new = references.NewReferences(examined=fresh, external_id=external_id, person=owner, known_image=image)
        made = references.store(new, collection=collection, permit=permit)
        references.count(collection, added=len(made))
        if partitions.is_due(collection):
            dispatch.enqueue_promotion(collection.id, tenant_id=collection.tenant_id)
    stored = iter(made)
    return [row or next(stored) for row in known]


def submit_job(
    images: Sequence[Submission],
    *,
    collection_name: str,
    actor: Actor,
    max_faces: int = MAX_FACES,
    quality: QualityFilter = QualityFilter.AUTO,
) -> Job:
    """Accept many pictures for enrolment by the workers. When this returns, the job will be done, come what may.

    The images are on disk and job, items and ticket are committed before; the pictures are looked at by the workers,
    so a damaged one fails alone.

    Raises:
        CollectionNotFound, PersonNotFound, PolicyRefused, EngineVersionMismatch: as in `enrol_image`. A person who has
            gone, or is full, when the image's turn comes is a problem of that image.
        TooManyImages: more than one job takes.
        StagingUnavailable: the images could not be written to disk.
    """
    submission.check_number(images)
    with tenant_scope(actor.tenant_id):
        collection = selectors.get_for(actor.tenant_id, name=collection_name)
        persons.require_in(collection, names={image.person for image in images if image.person})
    engines.engine_of(collection)
    job = submission.new_job(
        JobKind.ENROL_FACES, collection=collection, actor=actor, max_faces=max_faces, quality=quality
    )
    with gate.authorised(_request(actor, collection=collection, max_faces=max_faces, growth=len(images))) as admission:
        return submission.accept(job, images=images, collection=collection, admission=admission)


def _request(
    actor: Actor, *, collection: Collection, max_faces: int, growth: int = 1, subject: str = ""
) -> gate.AccessRequest:
    return gate.AccessRequest(
        actor=actor,
        operation=Operation.ENROL,
        resource=gate.ResourceRef("collection", collection.id, actor.tenant_id),
        gallery_size=collection.face_count,
        gallery_growth=growth,
        subject=subject,
        engine_version=collection.engine_version,
        max_faces=max_faces,
    )
