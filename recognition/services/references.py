"""Rows and templates of references: how faces are stored, and how they go, each within the caller's transaction."""

from __future__ import annotations

import uuid
from collections.abc import Collection as CollectionOf
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

from django.db.models import F, QuerySet

from common.bulk import insert_rows
from common.context import Usage
from common.ids import new_id
from common.permits import Permit
from governance.accountability import consents, held
from governance.casework import reviews
from recognition.engines.base import DetectedFace
from recognition.gallery import persons as person_gallery
from recognition.gallery.pgvector import PgvectorGallery
from recognition.models import Collection, CollectionUse, Face, Image, JobItem, Person
from recognition.selectors import collections as collection_selectors
from recognition.services import candidates, keeping
from recognition.services.examination import Examined

gallery = PgvectorGallery()


@dataclass(frozen=True, slots=True, kw_only=True)
class Removed:
    """How much of each kind a deletion took away. `pictures` are the images whose picture was kept."""

    faces: int = 0
    templates: int = 0
    images: int = 0
    pictures: int = 0
    job_results: int = 0
    staged_files: int = 0

    def __add__(self, other: Removed) -> Removed:
        return Removed(**{name: value + getattr(other, name) for name, value in asdict(self).items()})

    def counts(self) -> dict[str, int]:
        """Return what the log tells of it."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Destroyed:
    """The faces that there were, and what went with them."""

    face_ids: list[uuid.UUID]
    removed: Removed


@dataclass(frozen=True, slots=True, kw_only=True)
class NewReferences:
    """The faces of one picture that are to be stored.

    Attributes:
        external_id: the tenant's own name for who is on it; they have not taken their consent back.
        person: whose faces they are; the person's row is brought up to date.
        item: the part of a job that it was.
        known_image: the image's row, where another of its faces was stored before.
    """

    examined: Examined
    external_id: str
    person: Person | None = None
    item: JobItem | None = None
    known_image: Image | None = None


def store(new: NewReferences, *, collection: Collection, permit: Permit) -> list[Face]:
    """Store image, faces and templates of one picture: see `store_all`.

    Raises:
        ConsentWithdrawn: the person took their consent back. Withdrawing locks the collection, too, so nobody slips by.
    """
    consents.require_not_withdrawn(new.external_id, tenant_id=collection.tenant_id, collection_id=collection.id)
    ((_, faces),) = store_all([new], collection=collection, permit=permit)
    return faces


def store_all(
    pictures: Sequence[NewReferences], *, collection: Collection, permit: Permit
) -> list[tuple[Image, list[Face]]]:
    """Store images, faces and templates of some pictures: a statement for each kind of row, however many there are.

    The collection's row is locked by the caller, who has left out whoever took their consent back, adds up
    `face_count` and says what they are for (`add_use`).
    """
    images = [new.known_image or _image(new.examined, collection=collection, permit=permit) for new in pictures]
    faces = [
        [_face(detected, image=image, new=new, permit=permit) for detected, _ in new.examined.faces]
        for new, image in zip(pictures, images, strict=True)
    ]
    made = [image for new, image in zip(pictures, images, strict=True) if new.known_image is None]
    insert_rows(Image, made)
    insert_rows(Face, [face for each in faces for face in each])
    templates = [template for new in pictures for _, template in new.examined.faces]
    ids = [face.id for each in faces for face in each]
    gallery.add(collection_selectors.gallery_of(collection), list(zip(ids, templates, strict=True)), permit=permit)
    owners = {new.person.id for new in pictures if new.person is not None and new.examined.faces}
    refresh_persons(owners, collection=collection, permit=permit)
    return list(zip(images, faces, strict=True))


def files_of(outcomes: Iterable[object]) -> set[uuid.UUID]:
    """Return the files of kept pictures among what was examined."""
    pictures = (outcome.picture for outcome in outcomes if isinstance(outcome, Examined))
    return {picture.file_id for picture in pictures if picture.file_id is not None}


def add_use(collection: Collection, *, usage: Usage) -> None:
    """Say what contents of a locked collection are made for."""
    CollectionUse.objects.bulk_create(
        [
            CollectionUse(
                tenant_id=collection.tenant_id,
                collection_id=collection.id,
                purpose=usage.purpose,
                on_behalf_of=usage.on_behalf_of,
                jurisdiction=usage.jurisdiction,
            )
        ],
        ignore_conflicts=True,
    )


def count(collection: Collection, *, added: int) -> None:
    """Add to (or take from) the number of faces of a locked collection."""
    Collection.objects.filter(tenant_id=collection.tenant_id, id=collection.id).update(
        face_count=F("face_count") + added, revision=F("revision") + 1
    )
    collection.face_count += added
    if collection.face_count == 0:
        CollectionUse.objects.filter(tenant_id=collection.tenant_id, collection_id=collection.id).delete()


def give(face_ids: CollectionOf[uuid.UUID], *, to: Person | None, collection: Collection, permit: Permit) -> None:
    """Say whose the faces of a locked collection are, and make the template of the new owner anew."""
    Face.objects.filter(tenant_id=collection.tenant_id, collection_id=collection.id, id__in=face_ids).update(person=to)
    if to is not None:
        refresh_persons([to.id], collection=collection, permit=permit)


def refresh_persons(person_ids: CollectionOf[uuid.UUID], *, collection: Collection, permit: Permit) -> None:
    """Make the templates of persons of a locked collection anew, after their faces changed."""
    if person_ids:
        person_gallery.refresh(collection_selectors.gallery_of(collection), person_ids, permit=permit)


def destroy(
    face_ids: CollectionOf[uuid.UUID], *, collection: Collection, permit: Permit, is_partial: bool = False
) -> Destroyed:
    """Delete faces of a locked collection: templates, rows, images that no face is left of, and stored candidates.

    Persons lose them.

    Args:
        is_partial: they are what a stopped job had done; nobody has ever had them, so no legal hold keeps them.

    Raises:
        UnderLegalHold: a legal hold keeps what the collection holds.
    """
    if not is_partial:
        held.require_none(collection.tenant_id, collection_id=collection.id)
    faces = Face.objects.filter(tenant_id=collection.tenant_id, collection_id=collection.id, id__in=face_ids)
    found = list(faces.values_list("id", "image_id", "person_id"))
    ids = [face_id for face_id, _, _ in found]
    n_templates = gallery.remove(collection_selectors.gallery_of(collection), ids, permit=permit)
    faces.delete()
    reviews.forget_references(collection.tenant_id, ids)
    refresh_persons({person_id for _, _, person_id in found if person_id}, collection=collection, permit=permit)
    removed = Removed(faces=len(ids), templates=n_templates)
    removed += _forget_empty_images({image_id for _, image_id, _ in found}, collection=collection)
    removed += Removed(job_results=candidates.forget(ids, collection=collection))
    count(collection, added=-len(ids))
    return Destroyed(ids, removed)


def destroy_all(collection: Collection, *, permit: Permit) -> Removed:
    """Delete every template, face and person of a locked collection; what its jobs hold of images is deleted next.

    Raises:
        UnderLegalHold: a legal hold keeps what it holds.
    """
    held.require_none(collection.tenant_id, collection_id=collection.id)
    n_templates = gallery.remove_all(collection_selectors.gallery_of(collection), permit=permit)
    reviews.forget_collection(collection.tenant_id, collection.id)
    n_faces, _ = Face.objects.filter(tenant_id=collection.tenant_id, collection_id=collection.id).delete()
    Person.objects.filter(tenant_id=collection.tenant_id, collection_id=collection.id).delete()
    count(collection, added=-collection.face_count)
    return Removed(faces=n_faces, templates=n_templates)


def delete_images(images: QuerySet[Image]) -> Removed:
    """Delete images that neither faces nor jobs refer to, and release the files of kept pictures."""
    kept = list(images.filter(file__isnull=False).values_list("tenant_id", "file_id"))
    n_images, _ = images.delete()
    if kept:
        keeping.release({file_id for _, file_id in kept if file_id}, tenant_id=kept[0][0])
    return Removed(images=n_images, pictures=len(kept))


def _forget_empty_images(image_ids: CollectionOf[uuid.UUID], *, collection: Collection) -> Removed:
    """Delete the images that no face is left of, and what jobs tell about them."""
    kept = Face.objects.filter(tenant_id=collection.tenant_id, image_id__in=image_ids).values_list(
        "image_id", flat=True
    )
    empty = set(image_ids) - set(kept)
    items = JobItem.objects.filter(tenant_id=collection.tenant_id, image_id__in=empty)
    n_items = items.update(image=None, n_faces=0, external_id="", person_name="", rejected=[])
    images = Image.objects.filter(tenant_id=collection.tenant_id, id__in=empty)
    return delete_images(images) + Removed(job_results=n_items)


def _image(examined: Examined, *, collection: Collection, permit: Permit) -> Image:
    image = Image(
        tenant_id=collection.tenant_id,
        collection_id=collection.id,
        decision_entry_id=permit.decision_id,
        **asdict(examined.picture),
    )
    if not collection.store_images:
        image.file_id = None  # it kept pictures when this one was examined
    return image


def _face(detected: DetectedFace, *, image: Image, new: NewReferences, permit: Permit) -> Face:
    box, pose, quality = detected.box, detected.pose, detected.quality
    return Face(
        id=new_id(),
        tenant_id=image.tenant_id,
        collection_id=image.collection_id,
        image_id=image.id,
        person=new.person,
        external_id=new.external_id,
        box_left=box.left,
        box_top=box.top,
        box_width=box.width,
        box_height=box.height,
        confidence=detected.confidence,
        landmarks=[{"type": point.type, "x": point.x, "y": point.y} for point in detected.landmarks],
        pose_yaw=pose.yaw,
        pose_pitch=pose.pitch,
        pose_roll=pose.roll,
        brightness=quality.brightness,
        sharpness=quality.sharpness,
        quality_score=quality.score,
        job_id=new.item.job_id if new.item else None,
        job_item_id=new.item.id if new.item else None,
        decision_entry_id=permit.decision_id,
    )
