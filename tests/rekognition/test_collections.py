"""Collections and their tags, through an unmodified SDK."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from common.context import tenant_scope
from recognition.engines.fake import face_picture
from recognition.models import Collection
from recognition.services import collections
from recognition.services.tags import MOST_TAGS
from tests.recognition.conftest import enrol
from tests.rekognition.conftest import GALLERY, REGION, Sdk
from tests.worlds import Player, World


def _refused(client: Any, name: str) -> Any:
    """Return what is raised for an error of this name: SDKs have a class for each."""
    return pytest.raises(getattr(client.exceptions, name))


def test_a_collection_comes_and_goes(sdk: Sdk, alice: Player) -> None:
    client = sdk(alice)
    made = client.create_collection(CollectionId="family")
    found = client.describe_collection(CollectionId="family")

    assert made["StatusCode"] == 200
    assert re.fullmatch(rf"aws:rekognition:{REGION}:[0-9]{{12}}:collection/family", made["CollectionArn"])
    assert found["CollectionARN"] == "arn:" + made["CollectionArn"]
    assert found["FaceCount"] == 0
    assert found["FaceModelVersion"] == made["FaceModelVersion"]
    assert re.fullmatch(r"[0-9.]+", made["FaceModelVersion"])
    assert abs(found["CreationTimestamp"] - datetime.now(UTC)) < timedelta(minutes=1)
    assert client.delete_collection(CollectionId="family")["StatusCode"] == 200
    with _refused(client, "ResourceNotFoundException"):
        client.describe_collection(CollectionId="family")


def test_it_is_the_same_collection_as_that_of_the_rest_api(sdk: Sdk, alice: Player, gallery: Collection) -> None:
    enrol(alice, 1, 2)

    assert sdk(alice).describe_collection(CollectionId=GALLERY)["FaceCount"] == 2


def test_a_name_is_taken_once_and_in_one_case(sdk: Sdk, alice: Player) -> None:
    client = sdk(alice)
    client.create_collection(CollectionId="family")
    client.create_collection(CollectionId="Family")

    with _refused(client, "ResourceAlreadyExistsException"):
        client.create_collection(CollectionId="family")


@pytest.mark.parametrize("name", ["a", "a" * 255, "A-z_0.9"])
def test_names_within_the_limits_are_accepted(sdk: Sdk, alice: Player, name: str) -> None:
    sdk(alice).create_collection(CollectionId=name)

    assert sdk(alice).list_collections()["CollectionIds"] == [name]


@pytest.mark.parametrize("name", ["a" * 256, "a b", "a/b", "ä", "a\n", ".", ".."])
def test_names_beyond_the_limits_are_refused(sdk: Sdk, caller: Player, name: str) -> None:
    client = sdk(caller)
    with _refused(client, "InvalidParameterException"):
        client.create_collection(CollectionId=name)


def test_a_paginator_finds_every_collection_once(sdk: Sdk, alice: Player) -> None:
    client = sdk(alice)
    names = [f"album-{number}" for number in range(5)]
    for name in names:
        client.create_collection(CollectionId=name)

    pages = list(client.get_paginator("list_collections").paginate(PaginationConfig={"PageSize": 2}))

    assert [name for page in pages for name in page["CollectionIds"]] == names
    assert [len(page["FaceModelVersions"]) for page in pages] == [2, 2, 1]
    assert "NextToken" not in pages[-1]


@pytest.mark.parametrize(("asked", "given"), [({}, 2), ({"MaxResults": 0}, 2), ({"MaxResults": 1}, 1)])
def test_a_page_holds_as_many_as_asked_for(sdk: Sdk, alice: Player, asked: dict[str, int], given: int) -> None:
    client = sdk(alice)
    for name in ("a", "b"):
        client.create_collection(CollectionId=name)

    assert len(client.list_collections(**asked)["CollectionIds"]) == given
    assert len(client.list_collections(MaxResults=4096)["CollectionIds"]) == 2
    with _refused(client, "InvalidParameterException"):
        client.list_collections(MaxResults=4097)


def test_a_token_is_good_for_the_list_and_the_tenant_that_gave_it(sdk: Sdk, world: World) -> None:
    client, other = sdk(world.alice), sdk(world.mallory)
    for name in ("a", "b"):
        client.create_collection(CollectionId=name)
        other.create_collection(CollectionId=name)
        client.index_faces(CollectionId=name, Image={"Bytes": face_picture(1, others=(2,))})
    token = client.list_collections(MaxResults=1)["NextToken"]
    of_faces = client.list_faces(CollectionId="a", MaxResults=1)["NextToken"]

    assert len(token) <= 255
    assert client.list_collections(NextToken=token)["CollectionIds"] == ["b"]
    assert len(client.list_faces(CollectionId="a", NextToken=of_faces)["Faces"]) == 1
    for call, arguments in (
        (other.list_collections, {"NextToken": token}),
        (client.list_collections, {"NextToken": of_faces}),
        (client.list_collections, {"NextToken": token[:-1]}),
        (client.list_collections, {"NextToken": "äöü"}),
        (client.list_collections, {"NextToken": "a" * 255}),
        (client.list_faces, {"CollectionId": "b", "NextToken": of_faces}),
        (
            client.list_faces,
            {"CollectionId": "a", "NextToken": of_faces, "FaceIds": ["0" * 8 + "-0000" * 3 + "-" + "0" * 12]},
        ),
    ):
        with _refused(client, "InvalidPaginationTokenException"):
            call(**arguments)
    with _refused(client, "InvalidParameterException"):
        client.list_collections(NextToken="a" * 256)


def test_tags_are_added_changed_taken_and_listed(sdk: Sdk, alice: Player) -> None:
    client = sdk(alice)
    arn = client.create_collection(CollectionId="family", Tags={"team": "one", "größe": "ß +-=._:/@"})["CollectionArn"]
    client.tag_resource(ResourceArn=arn, Tags={"team": "two", "empty": ""})
    client.untag_resource(ResourceArn=f"arn:{arn}", TagKeys=["empty", "never there"])

    assert client.list_tags_for_resource(ResourceArn=f"arn:{arn}")["Tags"] == {"team": "two", "größe": "ß +-=._:/@"}
    client.delete_collection(CollectionId="family")
    with _refused(client, "ResourceNotFoundException"):
        client.list_tags_for_resource(ResourceArn=arn)


@pytest.mark.parametrize("tags", [{"aws:x": "y"}, {"k" * 129: "v"}, {"k": "v" * 257}, {"k": "<"}, {"k": "a\tb"}])
def test_tags_beyond_the_limits_are_refused(sdk: Sdk, caller: Player, tags: dict[str, str]) -> None:
    client = sdk(caller)
    with _refused(client, "InvalidParameterException"):
        client.create_collection(CollectionId="family", Tags=tags)


def test_a_collection_has_at_most_two_hundred_tags(sdk: Sdk, alice: Player) -> None:
    client = sdk(alice)
    full = {f"tag-{number}": "" for number in range(MOST_TAGS)}
    arn = client.create_collection(CollectionId="family", Tags=full)["CollectionArn"]

    client.tag_resource(ResourceArn=arn, Tags={"tag-0": "changed"})
    with _refused(client, "ServiceQuotaExceededException"):
        client.tag_resource(ResourceArn=arn, Tags={"one-more": ""})
    with _refused(client, "InvalidParameterException"):
        client.create_collection(CollectionId="other", Tags={**full, "one-more": ""})
    assert client.list_tags_for_resource(ResourceArn=arn)["Tags"] == {**full, "tag-0": "changed"}


def test_a_change_of_tags_is_a_change_of_the_collection(sdk: Sdk, alice: Player, gallery: Collection) -> None:
    before = collections.get_collection(GALLERY, actor=alice.actor).etag
    arn = sdk(alice).describe_collection(CollectionId=GALLERY)["CollectionARN"]

    sdk(alice).tag_resource(ResourceArn=arn, Tags={"a": "b"})

    assert collections.get_collection(GALLERY, actor=alice.actor).etag != before


@pytest.mark.parametrize(
    ("arn", "error"),
    [
        ("arn:aws:rekognition:eu-central-1:000000000000:collection/gallery", "ResourceNotFoundException"),
        ("arn:aws:s3:::bucket-of-somebody", "InvalidParameterException"),
        ("arn:aws:rekognition:eu-central-1:123456789012:project/p", "InvalidParameterException"),
        ("a" * 2049, "InvalidParameterException"),
    ],
)
def test_a_resource_that_is_none_is_refused(sdk: Sdk, caller: Player, arn: str, error: str) -> None:
    client = sdk(caller)
    for call in (
        lambda: client.list_tags_for_resource(ResourceArn=arn),
        lambda: client.tag_resource(ResourceArn=arn, Tags={"a": "b"}),
        lambda: client.untag_resource(ResourceArn=arn, TagKeys=["a"]),
    ):
        with _refused(client, error):
            call()


def test_another_tenants_collection_is_not_there(sdk: Sdk, world: World) -> None:
    arn = sdk(world.alice).create_collection(CollectionId="family", Tags={"a": "b"})["CollectionArn"]
    client = sdk(world.mallory)

    for call in (
        lambda: client.describe_collection(CollectionId="family"),
        lambda: client.delete_collection(CollectionId="family"),
        lambda: client.list_tags_for_resource(ResourceArn=arn),
        lambda: client.tag_resource(ResourceArn=arn, Tags={"c": "d"}),
    ):
        with pytest.raises(ClientError) as refused:
            call()
        assert refused.value.response["Error"]["Code"] == "ResourceNotFoundException"
    assert client.list_collections()["CollectionIds"] == []
    with tenant_scope(world.alice.tenant.id):
        assert Collection.objects.get().tags == {"a": "b"}
