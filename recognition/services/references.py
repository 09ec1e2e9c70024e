"""Rows and templates of references: how faces are stored, and how they go, each within the caller's transaction."""

from __future__ import annotations

import uuid
from collections.abc import Collection as CollectionOf
from dataclasses import asdict

from django.db.models import F

from common.ids import new_id
from common.permits import Permit
from governance.accountability import consents
from recognition.engines.base import DetectedFace
from recognition.gallery.pgvector import PgvectorGallery
from recognition.models import Collection, Face, Image, JobItem
from recognition.selectors import collections as collection_selectors
from recognition.services.examination import Examined

gallery = PgvectorGallery()


def store(
    examined: Examined,
    *,
    collection: Collection,
    external_id: str,
    permit: Permit,
    item: JobItem | None = None,
    known_image: Image | None = None,
) -> tuple[Image, list[Face]]:
    """Store image, faces and templates. The collection's row is locked by the caller, who adds up `face_count`.

    Args:
        known_image: the image's row, where another of its faces was stored before.

    Raises:
        ConsentWithdrawn: the person took their consent back. Withdrawing locks the collection, too, so nobody slips by.
    """
    image = known_image or Image(
        tenant_id=collection.tenant_id,
        collection_id=collection.id,
        decision_entry_id=permit.decision_id,
        **asdict(examined.picture),
    )
    consents.require_not_withdrawn(external_id, tenant_id=collection.tenant_id, collection_id=collection.id)
    if known_image is None:
        image.save(force_insert=True)
    faces = [
        _face(detected, image=image, external_id=external_id, item=item, permit=permit)
        for detected, _ in examined.faces
    ]
    Face.objects.bulk_create(faces)
    entries = [(face.id, template) for face, (_, template) in zip(faces, examined.faces, strict=True)]
    gallery.add(collection_selectors.gallery_of(collection), entries, permit=permit)
    return image, faces


def count(collection: Collection, *, added: int) -> None:
    """Add to (or take from) the number of faces of a locked collection."""
    Collection.objects.filter(tenant_id=collection.tenant_id, id=collection.id).update(
        face_count=F("face_count") + added, revision=F("revision") + 1
    )
    collection.face_count += added


def destroy(face_ids: CollectionOf[uuid.UUID], *, collection: Collection, permit: Permit) -> list[uuid.UUID]:
    """Delete faces of a locked collection: templates, rows, and images that no face is left of.

    Returns:
        The ids of the faces that there were.
    """
    faces = Face.objects.filter(tenant_id=collection.tenant_id, collection_id=collection.id, id__in=face_ids)
    found = list(faces.values_list("id", "image_id"))
    ids = [face_id for face_id, _ in found]
    gallery.remove(collection_selectors.gallery_of(collection), ids, permit=permit)
    faces.delete()
    _forget_empty_images({image_id for _, image_id in found}, collection=collection)
    count(collection, added=-len(ids))
    return ids


def destroy_all(collection: Collection, *, permit: Permit) -> int:
    """Delete every template and face of a locked collection; return how many faces there were."""
    gallery.remove_all(collection_selectors.gallery_of(collection), permit=permit)
    n_faces, _ = Face.objects.filter(tenant_id=collection.tenant_id, collection_id=collection.id).delete()
    return n_faces


def _forget_empty_images(image_ids: CollectionOf[uuid.UUID], *, collection: Collection) -> None:
    kept = Face.objects.filter(tenant_id=collection.tenant_id, image_id__in=image_ids).values_list(
        "image_id", flat=True
    )
    empty = set(image_ids) - set(kept)
    items = JobItem.objects.filter(tenant_id=collection.tenant_id, image_id__in=empty)
    items.update(image=None, n_faces=0, external_id="", rejected=[])
    Image.objects.filter(tenant_id=collection.tenant_id, id__in=empty).delete()


def _face(detected: DetectedFace, *, image: Image, external_id: str, item: JobItem | None, permit: Permit) -> Face:
    box, pose, quality = detected.box, detected.pose, detected.quality
    return Face(
        id=new_id(),
        tenant_id=image.tenant_id,
        collection_id=image.collection_id,
        image_id=image.id,
        external_id=external_id,
        box_left=box.left,
        box_top=box.top,
        box_width=box.width,
        box_height=box.height,
        confidence=detected.confidence,
        landmarks=[asdict(landmark) for landmark in detected.landmarks],
        pose_yaw=pose.yaw,
        pose_pitch=pose.pitch,
        pose_roll=pose.roll,
        brightness=quality.brightness,
        sharpness=quality.sharpness,
        quality_score=quality.score,
        job_id=item.job_id if item else None,
        job_item_id=item.id if item else None,
        decision_entry_id=permit.decision_id,
    )
