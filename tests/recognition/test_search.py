"""Searching a collection: by a picture, by every face of a picture, by one of its own faces."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from common.ids import new_id
from common.vocabulary import CustomerCategory, Operation
from governance import services as governance
from recognition.engines.fake import FakeEngine, face_picture
from recognition.gallery import pgvector
from recognition.models import Collection
from recognition.selectors import faces as face_selectors
from recognition.services import collections, enrolment
from recognition.services.identification import MOST_CANDIDATES, MOST_CANDIDATES_EACH
from tests.recognition.conftest import GALLERY, Traces, decided, enrol, in_json, traces_of
from tests.worlds import MoratoriumFactory, Player, PlayerFactory, World, in_case

URL = f"/v1/collections/{GALLERY}/search"


def _search(player: Player, data: bytes | None = None, **options: Any) -> Any:
    body = {**({"image": in_json(data)} if data is not None else {}), **options}
    return player.client.post(URL, body, format="json")


def _ids(search: dict[str, Any]) -> list[str]:
    return [candidate["face"]["id"] for candidate in search["candidates"]]


def test_it_finds_the_person_among_others(alice: Player, gallery: Collection) -> None:
    ids = enrol(alice, 1, 2, 3, external_id="somebody")

    found = _search(alice, face_picture(2, variant=7)).json()

    (search,) = found["searches"]
    (candidate,) = search["candidates"]
    assert candidate["face"]["id"] == str(ids[1])
    assert candidate["face"]["external_id"] == "somebody"
    assert candidate["rank"] == 1
    assert candidate["similarity"] > 99.0
    assert search["probe"]["box"]["left"] == pytest.approx(16 / 128)
    assert (found["gallery_size"], found["engine_version"], found["threshold"]) == (3, "fake@1", 80.0)


def test_a_stranger_is_not_found(alice: Player, gallery: Collection) -> None:
    enrol(alice, 1, 2)

    assert _search(alice, face_picture(9)).json()["searches"][0]["candidates"] == []


def test_an_empty_collection_gives_no_candidates(alice: Player, gallery: Collection) -> None:
    found = _search(alice, face_picture(9)).json()

    assert (found["gallery_size"], found["expected_false_candidates"]) == (0, 0.0)
    assert found["searches"][0]["candidates"] == []


def test_candidates_come_best_first_and_no_more_than_asked_for(alice: Player, gallery: Collection) -> None:
    for variant in range(4):
        enrolment.enrol_image(face_picture(1, variant=variant), collection_name=GALLERY, actor=alice.actor)

    (everybody,) = _search(alice, face_picture(1, variant=2)).json()["searches"]
    (two,) = _search(alice, face_picture(1, variant=2), limit=2).json()["searches"]

    similarities = [candidate["similarity"] for candidate in everybody["candidates"]]
    assert [candidate["rank"] for candidate in everybody["candidates"]] == [1, 2, 3, 4]
    assert similarities == sorted(similarities, reverse=True)
    assert similarities[0] == pytest.approx(100.0, abs=0.01)
    assert _ids(two) == _ids(everybody)[:2]


def test_it_searches_the_largest_face_unless_told_otherwise(alice: Player, gallery: Collection) -> None:
    ids = enrol(alice, 1, 2)
    picture = face_picture(1, others=(2, 5), variant=3)

    largest = _search(alice, picture).json()["searches"]
    every = _search(alice, picture, every_face=True).json()

    assert [_ids(search) for search in largest] == [[str(ids[0])]]
    assert [_ids(search) for search in every["searches"]] == [[str(ids[0])], [str(ids[1])], []]


def test_it_says_what_chance_alone_would_give(alice: Player, gallery: Collection) -> None:
    enrol(alice, 1, 2, 3)

    one = _search(alice, face_picture(1), threshold=80).json()
    three = _search(alice, face_picture(1, others=(2, 3)), threshold=99, every_face=True).json()

    assert one["expected_false_candidates"] == pytest.approx(3 * 1e-4)
    assert three["expected_false_candidates"] == pytest.approx(3 * 3 * 1e-6)
    assert "about 1 false match per 10,000 comparisons" in one["notice"]
    assert "not the probability" in one["notice"]


def test_a_face_of_the_collection_can_be_searched_for_and_is_no_candidate(alice: Player, gallery: Collection) -> None:
    ids = [
        enrolment.enrol_image(face_picture(person, variant=v), collection_name=GALLERY, actor=alice.actor).face_ids[0]
        for person, v in ((1, 0), (1, 5), (2, 0))
    ]

    found = _search(alice, face_id=str(ids[0])).json()

    (search,) = found["searches"]
    assert _ids(search) == [str(ids[1])]
    assert search["probe"] == {"box": None, "confidence": None}
    assert found["gallery_size"] == 3


def test_a_face_of_another_collection_cannot_be_searched_for(world: World, gallery: Collection) -> None:
    collections.create_collection("other", actor=world.alice.actor)
    collections.create_collection(GALLERY, actor=world.mallory.actor)
    (elsewhere,) = enrolment.enrol_image(face_picture(1), collection_name="other", actor=world.alice.actor).face_ids
    (theirs,) = enrol(world.mallory, 1)

    for face_id in (elsewhere, theirs, new_id()):
        response = _search(world.alice, face_id=str(face_id))
        assert (response.status_code, response.json()["code"]) == (404, "face-not-found")


@pytest.mark.parametrize(
    ("options", "pointer"),
    [
        ({"limit": 0}, "/limit"),
        ({"limit": MOST_CANDIDATES + 1}, "/limit"),
        ({"threshold": 100.5}, "/threshold"),
        ({"threshold": "NaN"}, "/threshold"),
        ({"face_id": str(new_id())}, ""),
        ({"every_face": "perhaps"}, "/every_face"),
        ({"every_face": True, "limit": MOST_CANDIDATES_EACH + 1}, "/limit"),
    ],
)
def test_an_option_out_of_range_is_refused(
    alice: Player, gallery: Collection, options: dict[str, Any], pointer: str
) -> None:
    response = _search(alice, face_picture(1), **options)

    assert response.status_code == 400
    assert [error["pointer"] for error in response.json()["errors"]] == [pointer]


@pytest.mark.parametrize(
    "options",
    [{"limit": MOST_CANDIDATES}, {"limit": MOST_CANDIDATES_EACH, "every_face": True}],
)
def test_the_largest_limits_are_taken(alice: Player, gallery: Collection, options: dict[str, Any]) -> None:
    enrol(alice, 1)

    response = _search(alice, face_picture(1), **options)

    assert (response.status_code, len(response.json()["searches"][0]["candidates"])) == (200, 1)


@pytest.mark.parametrize(
    ("options", "pointer"),
    [({}, ""), ({"face_id": str(new_id()), "every_face": True}, "/every_face"), ({"face_id": "anna"}, "/face_id")],
)
def test_a_search_for_nothing_or_for_both_is_refused(
    alice: Player, gallery: Collection, options: dict[str, Any], pointer: str
) -> None:
    response = _search(alice, **options)

    assert response.status_code == 400
    assert [error["pointer"] for error in response.json()["errors"]] == [pointer]


def test_an_upload_is_answered_like_json(alice: Player, gallery: Collection) -> None:
    enrol(alice, 1, 2)
    files = {"image": SimpleUploadedFile("x", face_picture(1)), "limit": "1", "threshold": "85"}

    upload = alice.client.post(URL, files, format="multipart")

    assert upload.status_code == 200
    assert upload.json() == _search(alice, face_picture(1), limit=1, threshold=85).json()


def test_it_stores_nothing_and_the_log_holds_counts_only(alice: Player, gallery: Collection) -> None:
    enrol(alice, 1, 2, external_id="anna")
    before = traces_of(alice)

    response = _search(alice, face_picture(1, variant=3))

    decision, outcome = decided(alice, response)
    assert traces_of(alice) == before == Traces(collections=1, templates=2, faces=2, images=2, items=0)
    assert decision["params"]["gallery_size"] == 2
    assert (outcome["n_faces"], outcome["n_candidates"], outcome["top_score_bucket"]) == (1, 1, 90)
    assert "anna" not in str(decision) + str(outcome)


def test_a_collection_of_another_engine_version_is_not_searched(
    alice: Player, gallery: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    (face_id,) = enrol(alice, 1)
    monkeypatch.setattr(FakeEngine, "version", "fake@2")

    for response in (_search(alice, face_picture(1)), _search(alice, face_id=str(face_id))):
        assert (response.status_code, response.json()["code"]) == (409, "engine-version-mismatch")


def test_a_face_that_was_deleted_a_moment_ago_is_not_named(
    alice: Player, gallery: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone, stays = (
        enrolment.enrol_image(face_picture(1, variant=v), collection_name=GALLERY, actor=alice.actor).face_ids[0]
        for v in (0, 1)
    )
    by_id_in = face_selectors.by_id_in
    monkeypatch.setattr(
        face_selectors,
        "by_id_in",
        lambda *args, **kwargs: {key: row for key, row in by_id_in(*args, **kwargs).items() if key != gone},
    )

    (search,) = _search(alice, face_picture(1)).json()["searches"]

    assert _ids(search) == [str(stays)]


@pytest.mark.parametrize("by_face", [False, True])
def test_nobody_is_named_when_the_policy_changes_while_it_searches(
    alice: Player, gallery: Collection, impose: MoratoriumFactory, monkeypatch: pytest.MonkeyPatch, by_face: bool
) -> None:
    (face_id, other) = enrol(alice, 1, 1)
    search = pgvector.PgvectorGallery.search

    def search_meanwhile(*args: Any, **kwargs: Any) -> object:
        impose(selector=governance.Selector(operations=[Operation.SEARCH]))
        return search(*args, **kwargs)

    monkeypatch.setattr(pgvector.PgvectorGallery, "search", search_meanwhile)

    response = _search(alice, face_id=str(face_id)) if by_face else _search(alice, face_picture(1))

    assert response.status_code == 403
    assert [rule["id"] for rule in response.json()["rules"]] == ["MOR-001"]
    assert str(other) not in response.content.decode()
    assert decided(alice, response)[1]["status"] == "halted"


def test_the_police_search_no_lower_than_their_floor(make_player: PlayerFactory) -> None:
    police = in_case(make_player(CustomerCategory.LAW_ENFORCEMENT))
    collections.create_collection(GALLERY, actor=police.actor)

    refused = _search(police, face_picture(1), threshold=98.99)
    unstated = _search(police, face_picture(1))

    assert [rule["id"] for rule in refused.json()["rules"]] == ["THR-001"]
    decision, _ = decided(police, unstated)
    assert (unstated.status_code, decision["facts"]["threshold_milli"]) == (202, 99_000)


def test_an_answer_without_a_collection_is_a_clear_404(alice: Player) -> None:
    response = _search(alice, face_picture(1))

    assert (response.status_code, response.json()["code"]) == (404, "collection-not-found")
