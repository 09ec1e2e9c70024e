"""Pictures take turns at the processor; who would wait too long is told to come back, and nothing was done."""

from __future__ import annotations

import base64
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from recognition.engines.fake import face_picture
from recognition.errors import EngineBusy
from recognition.services import turns
from recognition.services.turns import Turns
from tests.worlds import Player


def test_no_more_than_so_many_are_at_it_at_once() -> None:
    offered = Turns(2, wait_seconds=30)
    lock, together, most = threading.Lock(), [0], [0]
    both = threading.Barrier(2)

    def work(number: int) -> None:
        with offered.taken():
            with lock:
                together[0] += 1
                most[0] = max(most[0], together[0])
            if number < 2:
                both.wait(30)  # two do get in at once
            with lock:
                together[0] -= 1

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(2)))
        list(pool.map(work, range(2, 40)))

    assert most == [2]


def test_a_turn_is_given_back_after_an_error() -> None:
    offered = Turns(1, wait_seconds=0)

    with pytest.raises(ZeroDivisionError), offered.taken():
        raise ZeroDivisionError

    with offered.taken(), pytest.raises(EngineBusy), offered.taken():
        raise AssertionError("There was one turn only.")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/detect", {"image": {}}),
        ("/v1/compare", {"source": {}, "target": {}}),
        ("/v1/collections/album/search", {"image": {}}),
        ("/v1/collections/album/faces", {"image": {}}),
    ],
)
def test_a_request_without_a_turn_is_told_when_to_come_back(
    alice: Player, monkeypatch: pytest.MonkeyPatch, path: str, body: dict[str, dict[str, str]]
) -> None:
    alice.client.post("/v1/collections", {"name": "album"})
    picture = {"bytes": base64.b64encode(face_picture(1)).decode()}
    monkeypatch.setattr(turns, "_turns", Turns(1, wait_seconds=0))

    with turns.turn():
        refused = alice.client.post(path, dict.fromkeys(body, picture))
    served = alice.client.post(path, dict.fromkeys(body, picture))

    assert (refused.status_code, refused.json()["code"], refused["Retry-After"]) == (503, "engine-busy", "1")
    assert served.status_code in (200, 201)
    assert alice.client.get("/v1/collections/album").json()["face_count"] == (1 if path.endswith("faces") else 0)
