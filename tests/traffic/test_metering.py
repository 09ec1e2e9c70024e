"""Every answered request is counted, under its operation, for its key and day."""

from __future__ import annotations

import base64
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connections
from django.db.utils import OperationalError
from pytest_django.fixtures import Settings

from common.vocabulary import Operation
from governance import services as governance
from governance.audit import ledger
from recognition.engines.fake import face_picture
from tests.worlds import MoratoriumFactory, Player, World
from traffic import allowances, metering

NOTHING = {"requests": 0, "refused": 0, "throttled": 0, "failed": 0, "images": 0}


def _usage(player: Player, query: str = "") -> dict[str, dict[str, int]]:
    items = player.client.get(f"/v1/usage{query}").json()["items"]
    return {item["operation"]: {name: item[name] for name in NOTHING} for item in items}


def _encoded(identity: int = 1) -> dict[str, str]:
    return {"bytes": base64.b64encode(face_picture(identity)).decode()}


def test_it_counts_requests_by_how_they_ended(alice: Player, impose: MoratoriumFactory) -> None:
    alice.client.get("/v1/collections")
    alice.client.get("/v1/collections/nothing")
    alice.client.get("/v1/collections?limit=0")
    impose(selector=governance.Selector(operations=[Operation.DETECT]))
    alice.client.post("/v1/detect", {"image": _encoded()})

    usage = _usage(alice)

    assert usage["list_collections"] == {**NOTHING, "requests": 2, "failed": 1}
    assert usage["get_collection"] == {**NOTHING, "requests": 1, "failed": 1}
    assert usage["detect_faces"] == {**NOTHING, "requests": 1, "refused": 1, "images": 1}


def test_it_counts_throttled_requests(alice: Player, settings: Settings) -> None:
    settings.CUSTOS_KEY_REQUESTS_PER_MINUTE = 2
    allowances.forget()
    for _ in range(3):
        alice.client.get("/v1/jobs")
    settings.CUSTOS_KEY_REQUESTS_PER_MINUTE = 0

    assert _usage(alice)["list_jobs"] == {**NOTHING, "requests": 3, "throttled": 1}


def test_it_counts_images(alice: Player) -> None:
    alice.client.post("/v1/compare", {"source": _encoded(1), "target": _encoded(2)})
    alice.client.post("/v1/collections", {"name": "album"})
    alice.client.post("/v1/collections/album/search:batch", {"images": [_encoded(n) for n in range(1, 4)]})

    usage = _usage(alice)

    assert usage["compare_faces"]["images"] == 2
    assert usage["search_faces_batch"]["images"] == 3
    assert usage["create_collection"]["images"] == 0


def test_it_counts_the_routes_of_every_app(alice: Player) -> None:
    alice.client.get("/v1/decisions")
    _usage(alice)

    assert _usage(alice).keys() == {"list_decisions", "list_usage"}


def test_nothing_is_lost_between_requests_at_once(alice: Player) -> None:
    def send(_: int) -> Any:
        try:
            return alice.client.get("/v1/jobs").status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(send, range(40))) == {200}

    assert _usage(alice)["list_jobs"]["requests"] == 40


def test_a_tenant_sees_its_own_usage_only(world: World) -> None:
    world.alice.client.get("/v1/jobs")

    assert "list_jobs" not in _usage(world.mallory)


def test_it_names_the_key(alice: Player) -> None:
    alice.client.get("/v1/jobs")

    (item,) = alice.client.get("/v1/usage").json()["items"]

    assert (item["actor"], item["actor_kind"]) == (str(alice.key_id), "api_key")
    assert item["day"] == ledger.database_now().date().isoformat()


def test_it_can_be_asked_for_some_days(alice: Player) -> None:
    alice.client.get("/v1/jobs")
    today = ledger.database_now().date().isoformat()

    assert "list_jobs" in _usage(alice, f"?from={today}&to={today}")
    assert _usage(alice, "?to=2020-01-01") == {}
    assert _usage(alice, "?from=2999-01-01") == {}


@pytest.mark.parametrize("query", ["?from=yesterday", "?from=", "?to=2026-13-01", "?from=2026-02-02&to=2026-02-01"])
def test_it_refuses_what_are_no_days(alice: Player, query: str) -> None:
    response = alice.client.get(f"/v1/usage{query}")

    assert (response.status_code, response.json()["code"]) == (400, "days-invalid")


def test_it_lists_by_pages(alice: Player) -> None:
    for path in ("jobs", "collections", "decisions"):
        alice.client.get(f"/v1/{path}")

    first = alice.client.get("/v1/usage?limit=2").json()
    rest = alice.client.get(f"/v1/usage?limit=2&cursor={first['next_cursor']}").json()

    operations = [item["operation"] for item in first["items"] + rest["items"]]
    assert operations == ["list_decisions", "list_collections", "list_jobs"]
    assert rest["next_cursor"] is None


def test_an_answer_stands_when_it_cannot_be_counted(alice: Player, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OperationalError("gone")

    monkeypatch.setattr(metering, "run_in_tenant_scope", fail)

    assert alice.client.get("/v1/jobs").status_code == 200
