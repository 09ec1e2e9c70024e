"""`S3Object`: images that the tenant's own collections keep, by collection and id; never a path or an address."""

from __future__ import annotations

from typing import Any

import pytest

from recognition.engines.fake import face_picture
from recognition.models import Collection
from recognition.services import collections
from tests.recognition.drawings import encoded, face_pixels
from tests.rekognition.conftest import GALLERY, Sdk
from tests.worlds import Player, World

THERE = {"CollectionId": GALLERY}


@pytest.fixture
def album(alice: Player) -> Collection:
    """Alice's empty collection, which keeps pictures."""
    return collections.create_collection(GALLERY, actor=alice.actor, store_images=True)


def _keep(client: Any, data: bytes | None = None) -> dict[str, Any]:
    """Index a picture that is kept; return its name as SDKs give it."""
    indexed = client.index_faces(**THERE, Image={"Bytes": data or face_picture(1, others=(2,))})
    return {"S3Object": {"Bucket": GALLERY, "Name": indexed["FaceRecords"][0]["Face"]["ImageId"]}}


def test_a_kept_image_is_named_in_every_operation(sdk: Sdk, alice: Player, album: Collection) -> None:
    client = sdk(alice)
    kept = _keep(client)

    assert len(client.detect_faces(Image=kept)["FaceDetails"]) == 2
    assert len(client.compare_faces(SourceImage=kept, TargetImage=kept)["FaceMatches"]) == 1
    assert len(client.search_faces_by_image(**THERE, Image=kept)["FaceMatches"]) == 1
    assert len(client.index_faces(**THERE, Image=kept, ExternalImageId="again")["FaceRecords"]) == 2
    assert len(client.compare_faces(SourceImage={"Bytes": face_picture(2)}, TargetImage=kept)["FaceMatches"]) == 1


@pytest.mark.parametrize(
    ("bucket", "name"),
    [
        ("bucket", "picture.jpg"),
        ("etc", "/etc/passwd"),
        ("gallery", "../../keys/platform.key"),
        ("gallery", "http://127.0.0.1/a.jpg"),
        ("gallery", "file:///etc/passwd"),
        ("gallery", "00000000-0000-4000-8000-000000000000"),
    ],
)
def test_an_object_that_is_nowhere_is_refused(
    sdk: Sdk, alice: Player, album: Collection, bucket: str, name: str
) -> None:
    client = sdk(alice)

    with pytest.raises(client.exceptions.InvalidS3ObjectException):
        client.detect_faces(Image={"S3Object": {"Bucket": bucket, "Name": name}})


def test_an_image_is_named_in_its_own_collection_without_a_version(sdk: Sdk, alice: Player, album: Collection) -> None:
    client = sdk(alice)
    kept = _keep(client)["S3Object"]
    client.create_collection(CollectionId="another")

    for wrong in ({**kept, "Bucket": "another"}, {**kept, "Version": "1"}):
        with pytest.raises(client.exceptions.InvalidS3ObjectException):
            client.detect_faces(Image={"S3Object": wrong})


def test_an_image_that_is_not_kept_is_refused(sdk: Sdk, alice: Player, gallery: Collection) -> None:
    client = sdk(alice)

    with pytest.raises(client.exceptions.InvalidS3ObjectException):
        client.detect_faces(Image=_keep(client))


def test_another_tenants_image_is_not_there(sdk: Sdk, world: World, album: Collection) -> None:
    kept = _keep(sdk(world.alice))
    collections.create_collection(GALLERY, actor=world.mallory.actor, store_images=True)
    client = sdk(world.mallory)

    with pytest.raises(client.exceptions.InvalidS3ObjectException):
        client.detect_faces(Image=kept)


def test_what_rest_keeps_as_webp_is_no_image_here(sdk: Sdk, alice: Player, album: Collection) -> None:
    webp = encoded(face_pixels(1), "WEBP", lossless=True)
    made = alice.client.post(f"/v1/collections/{GALLERY}/faces", {"image": _upload(webp)}, format="multipart")
    client = sdk(alice)

    with pytest.raises(client.exceptions.InvalidImageFormatException):
        client.detect_faces(Image={"S3Object": {"Bucket": GALLERY, "Name": made.json()["image_id"]}})


def _upload(data: bytes) -> Any:
    from django.core.files.uploadedfile import SimpleUploadedFile

    return SimpleUploadedFile("picture", data)
