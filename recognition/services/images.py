"""Images that faces were enrolled from, and the pictures themselves where they are kept.

Reading one is reading a result of enrolment. `read_image` is what other edges use to get at the bytes of a kept
picture, `read_by_name` where it is named in text; `references` is for many at once.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection as CollectionOf
from dataclasses import dataclass

from common.context import Actor, tenant_scope
from governance import gate
from recognition import storage
from recognition.errors import ImageNotFound, ImageNotKept
from recognition.models import Image
from recognition.selectors import images as selectors
from recognition.services import reading


@dataclass(frozen=True, slots=True)
class ImageReference:
    """Names a kept picture where a picture is asked for."""

    id: uuid.UUID


@dataclass(frozen=True, slots=True)
class KeptPicture:
    """A kept picture that the gate has let somebody read; its bytes are fetched when they are needed."""

    tenant_id: uuid.UUID
    digest: str
    size_bytes: int
    format: str

    def read(self) -> bytes:
        """Return the bytes as they were sent.

        Raises:
            StoredImageDamaged, StorageUnavailable: see `storage.read`.
        """
        return storage.read(self.tenant_id, digest=self.digest)


def get_image(image_id: uuid.UUID, *, actor: Actor) -> Image:
    """Return what is known of an image, with its collection and its file, if it has one.

    Raises:
        ImageNotFound: there is none of this id, it is another tenant's, or its time is over.
        PolicyRefused: the policy does not allow reading it, any more.
    """
    with tenant_scope(actor.tenant_id):
        collection_id = selectors.get_for(actor.tenant_id, image_id=image_id).collection_id
    resource = gate.ResourceRef("image", image_id, actor.tenant_id)
    with (
        reading.authorised(collection_id, actor=actor, resource=resource) as admitted,
        tenant_scope(actor.tenant_id),
    ):
        image = selectors.get_for(actor.tenant_id, image_id=image_id)
        admitted.complete()
    return image


def read_image(image_id: uuid.UUID, *, actor: Actor) -> tuple[KeptPicture, bytes]:
    """Return a kept picture with its bytes, as they were sent.

    Raises:
        ImageNotFound, PolicyRefused: as in `get_image`.
        ImageNotKept: the picture itself was not kept.
        StoredImageDamaged, StorageUnavailable: its file cannot be read.
    """
    picture = references([image_id], actor=actor)[image_id]
    return picture, picture.read()


def read_by_name(name: str, *, collection_name: str, actor: Actor) -> bytes:
    """Return the bytes of a kept picture that an edge names in text, as a bucket and a key do: collection, image id.

    Raises:
        ImageNotFound: there is none of this id in this collection.
        ImageNotKept, PolicyRefused, StoredImageDamaged, StorageUnavailable: as in `read_image`.
    """
    try:
        image_id = uuid.UUID(name)
    except ValueError:
        raise ImageNotFound from None
    with tenant_scope(actor.tenant_id):
        if selectors.get_for(actor.tenant_id, image_id=image_id).collection.name != collection_name:
            raise ImageNotFound
    return read_image(image_id, actor=actor)[1]


def references(image_ids: CollectionOf[uuid.UUID], *, actor: Actor) -> dict[uuid.UUID, KeptPicture]:
    """Let somebody use kept pictures: one decision for each collection that they are of.

    Raises:
        ImageNotFound, ImageNotKept, PolicyRefused: as in `read_image`.
    """
    with tenant_scope(actor.tenant_id):
        collections = dict.fromkeys(
            image.collection_id for image in selectors.list_by_id(actor.tenant_id, image_ids=image_ids)
        )
    pictures: dict[uuid.UUID, KeptPicture] = {}
    for collection_id in collections:
        pictures |= _of_one_collection(image_ids, collection_id=collection_id, actor=actor)
    return pictures


def _of_one_collection(
    image_ids: CollectionOf[uuid.UUID], *, collection_id: uuid.UUID, actor: Actor
) -> dict[uuid.UUID, KeptPicture]:
    only = next(iter(image_ids)) if len(image_ids) == 1 else None
    kind, resource_id = ("image", only) if only else ("collection", collection_id)
    resource = gate.ResourceRef(kind, resource_id, actor.tenant_id)
    with (
        reading.authorised(collection_id, actor=actor, resource=resource) as admitted,
        tenant_scope(actor.tenant_id),
    ):
        found = [
            image
            for image in selectors.list_by_id(actor.tenant_id, image_ids=image_ids)
            if image.collection_id == collection_id
        ]
        pictures = {image.id: _kept(image) for image in found}
        admitted.complete()
    return pictures


def _kept(image: Image) -> KeptPicture:
    if image.file is None:
        raise ImageNotKept(f"Of the image {image.id}, what is kept is its size and its faces.")
    return KeptPicture(image.tenant_id, image.digest, image.file.size_bytes, image.format)
