"""Kept pictures in a bucket: the same promises over S3, spoken with a real server on the loopback."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from django.conf import settings as django_settings
from django.core.files.storage import storages
from pytest_django.fixtures import Settings

from config import env
from config.settings import base
from recognition.engines.fake import face_picture
from recognition.services import collections, enrolment, keeping
from tests.recognition.conftest import GALLERY, in_json
from tests.recognition.object_store import endpoint
from tests.worlds import Player

__all__ = ["endpoint"]

BUCKET = "pictures"


@pytest.fixture
def bucket(endpoint: str, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The bucket, through a client of its own, while the platform keeps its pictures there."""
    monkeypatch.setattr(base, "_secret", lambda name: f"of-{name.rpartition('/')[2]}")
    store = env.ImageStore.parse(f"s3://{BUCKET}/faces?region=eu-west-1&endpoint={endpoint}")
    client = boto3.client(
        "s3", endpoint_url=endpoint, region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="x"
    )
    client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    settings.STORAGES = {**django_settings.STORAGES, "images": base._bucket(store)}
    yield client
    for name in _names(client):
        client.delete_object(Bucket=BUCKET, Key=name)
    client.delete_bucket(Bucket=BUCKET)
    client.close()
    storages["images"].connection.meta.client.close()


def _names(client: Any) -> list[str]:
    return [item["Key"] for item in client.list_objects_v2(Bucket=BUCKET).get("Contents", [])]


def test_a_picture_is_kept_read_used_and_deleted(alice: Player, bucket: Any) -> None:
    collections.create_collection(GALLERY, actor=alice.actor, store_images=True)
    data = face_picture(1)
    first, second = (enrolment.enrol_image(data, collection_name=GALLERY, actor=alice.actor).image_id for _ in range(2))

    (name,) = _names(bucket)
    assert name.startswith(f"faces/{alice.tenant.id}/")
    assert alice.client.get(f"/v1/images/{first}/content").content == data
    assert alice.client.post("/v1/detect", {"image": {"image_id": str(second)}}).status_code == 200

    alice.client.delete(f"/v1/images/{first}")
    assert len(_names(bucket)) == 1
    alice.client.delete(f"/v1/images/{second}")
    assert _names(bucket) == []


def test_an_object_that_is_gone_or_changed_is_not_given_out(alice: Player, bucket: Any) -> None:
    collections.create_collection(GALLERY, actor=alice.actor, store_images=True)
    image_id = enrolment.enrol_image(face_picture(1), collection_name=GALLERY, actor=alice.actor).image_id
    (name,) = _names(bucket)

    bucket.put_object(Bucket=BUCKET, Key=name, Body=b"another picture")
    changed = alice.client.get(f"/v1/images/{image_id}/content")
    bucket.delete_object(Bucket=BUCKET, Key=name)
    gone = alice.client.get(f"/v1/images/{image_id}/content")

    for answer in (changed, gone):
        assert (answer.status_code, answer.json()["code"]) == (422, "stored-image-damaged")


def test_a_bucket_that_is_missing_refuses_the_enrolment(alice: Player, bucket: Any, settings: Settings) -> None:
    options = {**settings.STORAGES["images"]["OPTIONS"], "bucket_name": "no-such-bucket"}
    settings.STORAGES = {**settings.STORAGES, "images": {**settings.STORAGES["images"], "OPTIONS": options}}
    collections.create_collection(GALLERY, actor=alice.actor, store_images=True)

    body = {"image": in_json(face_picture(1))}
    answer = alice.client.post(f"/v1/collections/{GALLERY}/faces", body, format="json")

    assert (answer.status_code, answer.json()["code"]) == (503, "storage-unavailable")
    keeping.sweep(seconds=10)  # whatever is there: it ends


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("s3://b", env.ImageStore("b", "", None, None)),
        (
            "s3://b.c/x/y/?region=eu&endpoint=https://h:9000",
            env.ImageStore("b.c", "x/y", "eu", "https://h:9000"),
        ),
    ],
)
def test_the_setting_names_bucket_prefix_region_and_endpoint(url: str, expected: env.ImageStore) -> None:
    assert env.ImageStore.parse(url) == expected


@pytest.mark.parametrize("url", ["b", "https://b", "s3:///x", "s3://key:secret@b", "s3://b?acl=public-read"])
def test_a_setting_that_is_none_stops_the_start_and_is_not_repeated(url: str) -> None:
    with pytest.raises(SystemExit) as stopped:
        env.ImageStore.parse(url)

    assert "secret" not in str(stopped.value)
