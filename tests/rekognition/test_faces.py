"""Indexing, listing, searching and deleting faces, through an unmodified SDK."""

from __future__ import annotations

import threading
import uuid
from dataclasses import replace
from typing import Any

import pytest

from recognition.engines.fake import face_picture
from recognition.engines.quality import LOW
from recognition.models import Collection, QualityFilter
from recognition.services import examination
from tests.recognition.drawings import encoded, face_pixels, four_colours
from tests.rekognition.conftest import GALLERY, Sdk
from tests.worlds import Player, World

NOBODY = "00000000-0000-4000-8000-000000000000"


def _picture(*identities: int, variant: int = 0) -> dict[str, bytes]:
    return {"Bytes": face_picture(identities[0], others=identities[1:], variant=variant)}


@pytest.fixture
def client(sdk: Sdk, alice: Player, gallery: Collection) -> Any:
    return sdk(alice)


def _index(client: Any, *identities: int, **options: Any) -> list[str]:
    indexed = client.index_faces(CollectionId=GALLERY, Image=_picture(*identities), **options)
    return [record["Face"]["FaceId"] for record in indexed["FaceRecords"]]


def test_every_face_is_indexed_largest_first_with_what_was_seen_of_it(client: Any) -> None:
    indexed = client.index_faces(CollectionId=GALLERY, Image=_picture(1, 2), ExternalImageId="anna:and_ben.1-2")

    first, second = indexed["FaceRecords"]
    assert first["Face"]["ImageId"] == second["Face"]["ImageId"]
    assert first["Face"]["ExternalImageId"] == second["Face"]["ExternalImageId"] == "anna:and_ben.1-2"
    assert first["Face"]["IndexFacesModelVersion"] == indexed["FaceModelVersion"]
    assert first["FaceDetail"]["BoundingBox"] == first["Face"]["BoundingBox"]
    assert first["FaceDetail"]["BoundingBox"]["Width"] > second["FaceDetail"]["BoundingBox"]["Width"]
    assert {point["Type"] for point in first["FaceDetail"]["Landmarks"]} == {
        "eyeLeft", "eyeRight", "nose", "mouthLeft", "mouthRight",
    }  # fmt: skip
    assert set(first["FaceDetail"]) == {"BoundingBox", "Confidence", "Landmarks", "Pose", "Quality"}
    assert indexed["UnindexedFaces"] == []


def test_the_same_image_under_the_same_name_is_indexed_once(client: Any) -> None:
    first = _index(client, 1, 2, ExternalImageId="anna")

    assert _index(client, 1, 2, ExternalImageId="anna") == first
    assert set(_index(client, 1, 2, ExternalImageId="ben")).isdisjoint(first)
    assert client.describe_collection(CollectionId=GALLERY)["FaceCount"] == 4


def test_the_same_image_sent_twice_at_once_is_indexed_once(client: Any) -> None:
    found: list[list[str]] = []
    threads = [threading.Thread(target=lambda: found.append(_index(client, 1, 2))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert len(found) == 4
    assert len(set(map(tuple, found))) == 1
    assert client.describe_collection(CollectionId=GALLERY)["FaceCount"] == 2


def test_faces_beyond_the_number_asked_for_are_named_with_the_reason(client: Any) -> None:
    indexed = client.index_faces(CollectionId=GALLERY, Image=_picture(1, 2, 3), MaxFaces=1)

    assert len(indexed["FaceRecords"]) == 1
    assert [face["Reasons"] for face in indexed["UnindexedFaces"]] == [["EXCEEDS_MAX_FACES"]] * 2
    assert indexed["UnindexedFaces"][0]["FaceDetail"]["Quality"]["Sharpness"] == 80.0
    assert len(_index(client, 1, 2, 3, MaxFaces=2_000_000_000)) == 3


def test_faces_of_low_quality_are_left_out_unless_told_otherwise(client: Any, monkeypatch: Any) -> None:
    monkeypatch.setitem(examination.BARS, QualityFilter.AUTO, replace(LOW, side_px=60))

    filtered = client.index_faces(CollectionId=GALLERY, Image=_picture(1, 2))
    unfiltered = client.index_faces(CollectionId=GALLERY, Image=_picture(1, 2), QualityFilter="NONE")

    assert [face["Reasons"] for face in filtered["UnindexedFaces"]] == [["SMALL_BOUNDING_BOX"]]
    assert (len(filtered["FaceRecords"]), len(unfiltered["FaceRecords"])) == (1, 2)


def test_each_quality_filter_leaves_out_what_is_below_its_bar(client: Any, monkeypatch: Any) -> None:
    """The smaller face has a side of some fifty pixels; each bar asks for more than the one before."""
    for bar, least in ((QualityFilter.LOW, 20), (QualityFilter.MEDIUM, 60), (QualityFilter.HIGH, 2000)):
        monkeypatch.setitem(examination.BARS, bar, replace(LOW, side_px=least))

    def left(name: str) -> int:
        options = {"CollectionId": GALLERY, "Image": _picture(1, 2), "QualityFilter": name}
        return len(client.index_faces(**options, ExternalImageId=name)["FaceRecords"])

    assert {name: left(name) for name in ("NONE", "AUTO", "LOW", "MEDIUM", "HIGH")} == {
        "NONE": 2,
        "AUTO": 2,
        "LOW": 2,
        "MEDIUM": 1,
        "HIGH": 0,
    }
    probe = {"CollectionId": GALLERY, "Image": _picture(1)}
    for call in (client.search_faces_by_image, client.search_users_by_image):
        assert call(**probe, QualityFilter="MEDIUM")["FaceModelVersion"]
    with pytest.raises(client.exceptions.InvalidParameterException, match="No face was found"):
        client.search_faces_by_image(**probe, QualityFilter="HIGH")
    found = client.compare_faces(SourceImage=_picture(1), TargetImage=_picture(1, 2), QualityFilter="MEDIUM")
    assert (len(found["FaceMatches"]), len(found["UnmatchedFaces"])) == (1, 0)


def test_an_image_without_faces_indexes_none(client: Any, blank_picture: bytes) -> None:
    indexed = client.index_faces(CollectionId=GALLERY, Image={"Bytes": blank_picture})

    assert (indexed["FaceRecords"], indexed["UnindexedFaces"]) == ([], [])


@pytest.mark.parametrize("name", ["a", "a" * 255, "A_z.0-9:x"])
def test_external_ids_within_the_limits_are_kept(client: Any, name: str) -> None:
    _index(client, 1, ExternalImageId=name)

    assert client.list_faces(CollectionId=GALLERY)["Faces"][0]["ExternalImageId"] == name


@pytest.mark.parametrize(
    "options",
    [
        {"ExternalImageId": "a" * 256},
        {"ExternalImageId": "a b"},
        {"QualityFilter": "BEST"},
        {"DetectionAttributes": ["COLOUR"]},
        {"CollectionId": "a b"},
    ],
)
def test_parameters_beyond_the_limits_are_refused(client: Any, options: dict[str, Any]) -> None:
    with pytest.raises(client.exceptions.InvalidParameterException):
        client.index_faces(**{"CollectionId": GALLERY, "Image": _picture(1), **options})


def test_a_paginator_lists_every_face_once(client: Any) -> None:
    face_ids = [face_id for identity in range(1, 6) for face_id in _index(client, identity)]

    pages = list(client.get_paginator("list_faces").paginate(CollectionId=GALLERY, PaginationConfig={"PageSize": 2}))

    assert [face["FaceId"] for page in pages for face in page["Faces"]] == face_ids
    assert len(pages) == 3


def test_faces_are_listed_by_their_ids(client: Any) -> None:
    first, second, third = (_index(client, identity)[0] for identity in (1, 2, 3))

    listed = client.list_faces(CollectionId=GALLERY, FaceIds=[third, first, NOBODY])

    assert [face["FaceId"] for face in listed["Faces"]] == [first, third]
    assert second not in str(listed)
    with pytest.raises(client.exceptions.InvalidParameterException):
        client.list_faces(CollectionId=GALLERY, FaceIds=[first.upper()])
    with pytest.raises(client.exceptions.InvalidParameterException):
        client.list_faces(CollectionId=GALLERY, FaceIds=[NOBODY] * 4097)


def test_a_face_finds_the_others_of_the_same_person(client: Any) -> None:
    (face_id,) = _index(client, 1)
    other = client.index_faces(CollectionId=GALLERY, Image=_picture(1, variant=1))["FaceRecords"][0]["Face"]
    _index(client, 2)

    found = client.search_faces(CollectionId=GALLERY, FaceId=face_id)

    assert found["SearchedFaceId"] == face_id
    assert [match["Face"]["FaceId"] for match in found["FaceMatches"]] == [other["FaceId"]]
    assert found["FaceMatches"][0]["Similarity"] > 80
    with pytest.raises(client.exceptions.InvalidParameterException):
        client.search_faces(CollectionId=GALLERY, FaceId=NOBODY)


def test_an_image_finds_the_faces_of_its_largest_person_best_first(client: Any) -> None:
    (same,) = _index(client, 1)
    client.index_faces(CollectionId=GALLERY, Image=_picture(1, variant=5))
    _index(client, 2)

    found = client.search_faces_by_image(CollectionId=GALLERY, Image=_picture(1, 2))

    similarities = [match["Similarity"] for match in found["FaceMatches"]]
    assert found["FaceMatches"][0]["Face"]["FaceId"] == same
    assert len(similarities) == 2
    assert similarities == sorted(similarities, reverse=True)
    assert found["SearchedFaceConfidence"] == 99.0
    assert found["SearchedFaceBoundingBox"]["Left"] < 0.2


def test_a_threshold_of_zero_finds_everybody_and_the_number_is_limited(client: Any) -> None:
    for identity in (1, 2, 3):
        _index(client, identity)

    def found(**options: Any) -> int:
        arguments = {"CollectionId": GALLERY, "Image": _picture(1), **options}
        return len(client.search_faces_by_image(**arguments)["FaceMatches"])

    assert (found(), found(FaceMatchThreshold=0.0), found(FaceMatchThreshold=0, MaxFaces=2)) == (1, 3, 2)
    assert found(FaceMatchThreshold=100.0, MaxFaces=4096) <= 1
    for beyond in ({"MaxFaces": 4097}, {"FaceMatchThreshold": 100.1}):
        with pytest.raises(client.exceptions.InvalidParameterException):
            found(**beyond)


def test_an_image_without_a_face_is_refused_as_a_probe(client: Any, blank_picture: bytes) -> None:
    with pytest.raises(client.exceptions.InvalidParameterException, match="No face was found"):
        client.search_faces_by_image(CollectionId=GALLERY, Image={"Bytes": blank_picture})


def test_the_collections_own_threshold_is_a_floor(sdk: Sdk, alice: Player) -> None:
    alice.client.post("/v1/collections", {"name": "strict", "threshold": 95}, format="json")
    client = sdk(alice)

    with pytest.raises(client.exceptions.InvalidParameterException, match="at least 95"):
        client.search_faces_by_image(CollectionId="strict", Image=_picture(1), FaceMatchThreshold=90)
    assert client.search_faces_by_image(CollectionId="strict", Image=_picture(1))["FaceMatches"] == []


def test_faces_are_deleted_and_unknown_ones_told_apart(client: Any) -> None:
    first, second = (_index(client, identity)[0] for identity in (1, 2))

    done = client.delete_faces(CollectionId=GALLERY, FaceIds=[second, NOBODY, second])

    assert done["DeletedFaces"] == [second]
    assert done["UnsuccessfulFaceDeletions"] == [{"FaceId": NOBODY, "Reasons": ["FACE_NOT_FOUND"]}]
    assert [face["FaceId"] for face in client.list_faces(CollectionId=GALLERY)["Faces"]] == [first]
    with pytest.raises(client.exceptions.InvalidParameterException):
        client.delete_faces(CollectionId=GALLERY, FaceIds=[str(uuid.UUID(int=n)) for n in range(4097)])


def test_a_collection_that_is_not_there_is_not_found(sdk: Sdk, world: World, gallery: Collection) -> None:
    """Nor is another tenant's."""
    (face_id,) = _index(sdk(world.alice), 1)
    client = sdk(world.mallory)

    calls: list[tuple[Any, dict[str, Any]]] = [
        (client.index_faces, {"Image": _picture(1)}),
        (client.list_faces, {}),
        (client.search_faces, {"FaceId": face_id}),
        (client.search_faces_by_image, {"Image": _picture(1)}),
        (client.delete_faces, {"FaceIds": [face_id]}),
    ]
    for name in (GALLERY, "nobodys"):
        for call, arguments in calls:
            with pytest.raises(client.exceptions.ResourceNotFoundException):
                call(CollectionId=name, **arguments)
    client.create_collection(CollectionId=GALLERY)
    assert client.search_faces_by_image(CollectionId=GALLERY, Image=_picture(1))["FaceMatches"] == []
    assert client.delete_faces(CollectionId=GALLERY, FaceIds=[face_id])["DeletedFaces"] == []
    with pytest.raises(client.exceptions.InvalidParameterException):
        client.search_faces(CollectionId=GALLERY, FaceId=face_id)


# --- images alone ---


def test_every_face_of_an_image_is_detected(client: Any, blank_picture: bytes) -> None:
    found = client.detect_faces(Image=_picture(1, 2), Attributes=["DEFAULT"])

    assert len(found["FaceDetails"]) == 2
    assert found["FaceDetails"][0]["Pose"] == {"Roll": 0.0, "Yaw": 0.0, "Pitch": 0.0}
    assert client.detect_faces(Image={"Bytes": blank_picture})["FaceDetails"] == []


def test_matches_and_the_unmatched_are_all_faces_of_the_target(client: Any) -> None:
    found = client.compare_faces(SourceImage=_picture(1), TargetImage=_picture(2, 1, 3))

    assert found["SourceImageFace"]["Confidence"] == 99.0
    assert (len(found["FaceMatches"]), len(found["UnmatchedFaces"])) == (1, 2)
    assert set(found["FaceMatches"][0]["Face"]) == {"BoundingBox", "Confidence", "Landmarks", "Pose", "Quality"}
    everybody = client.compare_faces(SourceImage=_picture(1), TargetImage=_picture(2, 1, 3), SimilarityThreshold=0)
    similarities = [match["Similarity"] for match in everybody["FaceMatches"]]
    assert len(similarities) == 3
    assert similarities == sorted(similarities, reverse=True)


def test_a_comparison_needs_a_face_on_either_side(client: Any, blank_picture: bytes) -> None:
    blank = {"Bytes": blank_picture}

    for source, target in ((blank, _picture(1)), (_picture(1), blank)):
        with pytest.raises(client.exceptions.InvalidParameterException):
            client.compare_faces(SourceImage=source, TargetImage=target)


BAD_IMAGES = {
    "text": (b"this is not a photograph", "InvalidImageFormatException"),
    "webp": (encoded(four_colours(), "WEBP"), "InvalidImageFormatException"),
    "truncated": (face_picture(1)[:200], "InvalidImageFormatException"),
    "5 MB and a byte": (face_picture(1) + bytes(5 * 1024 * 1024), "ImageTooLargeException"),
}


@pytest.mark.parametrize("name", BAD_IMAGES)
def test_images_that_cannot_be_used_are_refused_in_every_operation(client: Any, name: str) -> None:
    data, error = BAD_IMAGES[name]
    bad = {"Bytes": data}

    for call in (
        lambda: client.detect_faces(Image=bad),
        lambda: client.compare_faces(SourceImage=bad, TargetImage=_picture(1)),
        lambda: client.compare_faces(SourceImage=_picture(1), TargetImage=bad),
        lambda: client.index_faces(CollectionId=GALLERY, Image=bad),
        lambda: client.search_faces_by_image(CollectionId=GALLERY, Image=bad),
    ):
        with pytest.raises(getattr(client.exceptions, error)):
            call()


def test_jpeg_is_read_too_and_five_megabytes_are_accepted(client: Any) -> None:
    jpeg = encoded(face_pixels(1), "JPEG", quality=100, subsampling=0)
    large = face_picture(1) + bytes(5 * 1024 * 1024 - len(face_picture(1)))

    assert client.detect_faces(Image={"Bytes": jpeg})["FaceDetails"] is not None
    assert len(client.detect_faces(Image={"Bytes": large})["FaceDetails"]) == 1
