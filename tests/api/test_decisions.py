"""A tenant reads its own decisions, and only those."""

from __future__ import annotations

from common.ids import new_id
from tests.worlds import Player, PlayerFactory, World


def test_it_explains_a_refusal(make_player: PlayerFactory) -> None:
    player = make_player(approved=False)
    refused = player.client.get("/v1/collections")
    assert refused.status_code == 403
    problem = refused.json()
    assert refused["Custos-Decision"] == problem["decision_id"]

    explained = player.client.get(f"/v1/decisions/{problem['decision_id']}").json()

    assert explained["effect"] == "deny"
    assert [rule["id"] for rule in explained["rules"]] == [rule["id"] for rule in problem["rules"]]
    assert explained["facts"]["approval_state"] == "none"
    assert explained["outcome"]["status"] == "refused"
    assert len(explained["leaf_hash"]) == 64


def test_it_lists_newest_first_by_pages(alice: Player) -> None:
    for _ in range(5):
        alice.client.get("/v1/decisions")

    first = alice.client.get("/v1/decisions?limit=2").json()
    second = alice.client.get(f"/v1/decisions?limit=2&cursor={first['next_cursor']}").json()

    ids = [item["id"] for item in first["items"] + second["items"]]
    assert ids == sorted(ids, reverse=True)
    assert len(set(ids)) == 4


def test_another_tenants_decision_does_not_exist(world: World) -> None:
    mine = world.alice.client.get("/v1/decisions")["Custos-Decision"]

    response = world.mallory.client.get(f"/v1/decisions/{mine}")

    assert response.status_code == 404
    assert response.json()["code"] == "decision-not-found"
    assert mine not in world.mallory.client.get("/v1/decisions").content.decode()


def test_an_unknown_decision_is_a_clear_404(alice: Player) -> None:
    response = alice.client.get(f"/v1/decisions/{new_id()}")

    assert response.status_code == 404
    assert response["Content-Type"] == "application/problem+json"


def test_a_bad_cursor_is_a_clear_400(alice: Player) -> None:
    response = alice.client.get("/v1/decisions?cursor=nonsense")

    assert response.status_code == 400
    assert response.json()["code"] == "cursor-invalid"
