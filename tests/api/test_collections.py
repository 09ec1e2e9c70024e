"""Collections over HTTP: create, change, conditional changes and deletions, thresholds."""

from __future__ import annotations

import base64
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connections

from recognition.engines.fake import face_picture
from recognition.selectors import collections as selectors
from tests.worlds import Player, World

URL = "/v1/collections"
ALBUM = f"{URL}/album"


def _create(player: Player, **fields: Any) -> Any:
    return player.client.post(URL, {"name": "album", **fields})


def _enrol(player: Player, identity: int = 1) -> Any:
    return player.client.post(f"{ALBUM}/faces", {"image": _encoded(identity)})


def _encoded(identity: int) -> dict[str, str]:
    return {"bytes": base64.b64encode(face_picture(identity)).decode()}


def test_it_changes_what_is_named_and_nothing_else(alice: Player) -> None:
    created = _create(alice, description="first", retention_days=30, threshold=85).json()

    changed = alice.client.patch(ALBUM, {"retention_days": None, "threshold": 90.5})

    assert changed.status_code == 200
    assert changed.json() == {**created, "retention_days": None, "kept_days": 1_095, "threshold": 90.5}
    assert alice.client.get(ALBUM).json() == changed.json()


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        ({}, "", "required"),
        ({"name": "other"}, "/name", "unknown"),
        ({"engine": "onnx"}, "/engine", "unknown"),
        ({"retention_days": 0}, "/retention_days", "min_value"),
        ({"threshold": 100.1}, "/threshold", "max_value"),
        ({"description": "x" * 1001}, "/description", "max_length"),
        ({"description": None}, "/description", "null"),
    ],
)
def test_it_refuses_a_change_that_cannot_be(alice: Player, changes: dict[str, Any], pointer: str, code: str) -> None:
    before = _create(alice).json()

    refused = alice.client.patch(ALBUM, changes)

    assert refused.status_code == 400
    assert [(e["pointer"], e["code"]) for e in refused.json()["errors"]] == [(pointer, code)]
    assert alice.client.get(ALBUM).json() == before


def test_another_tenants_collection_can_be_neither_changed_nor_deleted(world: World) -> None:
    etag = _create(world.alice)["ETag"]

    for response in (
        world.mallory.client.patch(ALBUM, {"description": "mine"}, headers={"If-Match": etag}),
        world.mallory.client.delete(ALBUM, headers={"If-Match": etag}),
    ):
        assert (response.status_code, response.json()["code"]) == (404, "collection-not-found")
    assert world.alice.client.get(ALBUM)["ETag"] == etag


def test_its_tag_is_another_after_every_change(alice: Player) -> None:
    tags = [_create(alice)["ETag"]]
    face_id = _enrol(alice).json()["faces"][0]["id"]
    tags.append(alice.client.get(ALBUM)["ETag"])
    tags.append(alice.client.patch(ALBUM, {"description": "d"})["ETag"])
    alice.client.delete(f"{ALBUM}/faces/{face_id}")
    tags.append(alice.client.get(ALBUM)["ETag"])

    assert len(set(tags)) == 4
    assert alice.client.get(ALBUM)["ETag"] == tags[-1]


def test_a_deletion_is_refused_when_somebody_enrolled_meanwhile(alice: Player) -> None:
    seen = _create(alice)["ETag"]
    _enrol(alice)

    refused = alice.client.delete(ALBUM, headers={"If-Match": seen})
    present = alice.client.get(ALBUM)["ETag"]
    deleted = alice.client.delete(ALBUM, headers={"If-Match": f'"other", {present}'})

    assert (refused.status_code, refused.json()["code"]) == (412, "precondition-failed")
    assert deleted.status_code == 204


@pytest.mark.parametrize(("if_match", "status"), [("*", 204), ("nonsense", 412), ("", 412), ("W/{tag}", 412)])
def test_what_if_match_may_say(alice: Player, if_match: str, status: int) -> None:
    tag = _create(alice)["ETag"]

    assert alice.client.delete(ALBUM, headers={"If-Match": if_match.format(tag=tag)}).status_code == status


def test_of_two_changes_that_saw_the_same_state_one_is_made(alice: Player, monkeypatch: pytest.MonkeyPatch) -> None:
    seen, together = _create(alice)["ETag"], threading.Barrier(2)
    lock = selectors.lock_for

    def lock_together(*args: Any, **kwargs: Any) -> Any:
        together.wait(30)
        return lock(*args, **kwargs)

    monkeypatch.setattr(selectors, "lock_for", lock_together)

    def change(description: str) -> int:
        try:
            return alice.client.patch(ALBUM, {"description": description}, headers={"If-Match": seen}).status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(change, ["a", "b"])) == [200, 412]


def test_a_face_can_be_deleted_on_condition(alice: Player) -> None:
    _create(alice)
    first, second = (_enrol(alice, n).json()["faces"][0]["id"] for n in (1, 2))
    tag = alice.client.get(f"{ALBUM}/faces/{first}")["ETag"]

    refused = alice.client.delete(f"{ALBUM}/faces/{second}", headers={"If-Match": tag})
    deleted = alice.client.delete(f"{ALBUM}/faces/{first}", headers={"If-Match": tag})

    assert (refused.status_code, deleted.status_code) == (412, 204)
    assert alice.client.get(f"{ALBUM}/faces/{second}").status_code == 200


def test_its_threshold_is_a_floor_of_its_searches(alice: Player) -> None:
    _create(alice, threshold=95)

    def search(**options: Any) -> Any:
        return alice.client.post(f"{ALBUM}/search", {"image": _encoded(1), **options})

    assert search().json()["threshold"] == 95
    assert search(threshold=97).json()["threshold"] == 97
    refused = search(threshold=94)
    assert (refused.status_code, refused.json()["code"]) == (400, "threshold-below-collection")


def test_a_low_threshold_of_its_own_does_not_lower_the_default(alice: Player) -> None:
    _create(alice, threshold=10)

    assert alice.client.post(f"{ALBUM}/search", {"image": _encoded(1)}).json()["threshold"] == 80


def test_it_searches_for_every_face_of_an_image(alice: Player) -> None:
    _create(alice)
    names = {_enrol(alice, n).json()["faces"][0]["id"]: n for n in (1, 2, 3)}
    probe = {"bytes": base64.b64encode(face_picture(3, others=(1, 9, 2), variant=1)).decode()}

    one = alice.client.post(f"{ALBUM}/search", {"image": probe, "threshold": 50}).json()
    every = alice.client.post(f"{ALBUM}/search", {"image": probe, "threshold": 50, "every_face": True}).json()

    found = [[names[c["face"]["id"]] for c in s["candidates"]] for s in every["searches"]]
    lefts = [search["probe"]["box"]["left"] for search in every["searches"]]
    assert [value for _, value in sorted(zip(lefts, found, strict=True))] == [[3], [1], [], [2]]
    assert [names[c["face"]["id"]] for c in one["searches"][0]["candidates"]] == found[0] == [3]
    assert every["expected_false_candidates"] == pytest.approx(4 * one["expected_false_candidates"])


def test_every_list_has_pages(alice: Player) -> None:
    for number in range(3):
        alice.client.post(URL, {"name": f"album-{number}"})
        alice.client.post(f"{URL}/album-0/faces", {"image": _encoded(number + 1)})
        alice.client.post(f"{URL}/album-0/search:batch", {"images": [_encoded(1)] * 3})
    (job, *_) = alice.client.get("/v1/jobs").json()["items"]

    for path in (URL, f"{URL}/album-0/faces", "/v1/jobs", f"/v1/jobs/{job['id']}/results"):
        whole = alice.client.get(path).json()
        pages, cursor = [], ""
        while cursor is not None:
            page = alice.client.get(f"{path}?limit=1&cursor={cursor}").json()
            assert len(page["items"]) == 1
            pages += page["items"]
            cursor = page["next_cursor"]
        assert (pages, whole["next_cursor"]) == (whole["items"], None)
        assert len(pages) == 3
