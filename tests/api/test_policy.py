"""What would be, if: suppositions and simulations over HTTP, of the tenant's own decisions alone."""

from __future__ import annotations

from typing import Any

import pytest

from common.vocabulary import CustomerCategory
from governance.catalogue import DEFAULT_POLICY_BODY
from tests.api.conftest import MakeObjects
from tests.worlds import Player, PlayerFactory, current_engine_versions, in_case

SEARCH: dict[str, Any] = {"operation": "search", "threshold": 99, "gallery_size": 0}


def _what_if(player: Player, **changes: Any) -> Any:
    body = {**SEARCH, "engine_version": current_engine_versions()[0], **changes}
    return player.client.post("/v1/policy/what-if", body, format="json")


def test_it_says_what_would_be_decided_and_why(make_player: PlayerFactory) -> None:
    charity = in_case(make_player(CustomerCategory.VICTIM_RESCUE_NGO))

    allowed = _what_if(charity).json()
    refused = _what_if(charity, circumstances=["altered_probe"], threshold=50).json()

    assert (allowed["effect"], allowed["allowed_by"], allowed["rules"]) == ("allow", ["ALW-001"], [])
    assert allowed["limits"]["quality_floor_milli"] == 20_000
    assert refused["effect"] == "deny"
    assert [rule["id"] for rule in refused["rules"]] == ["PRH-005", "THR-002"]


def test_a_supposition_is_judged_for_whom_and_where_it_says(alice: Player) -> None:
    answer = _what_if(alice, on_behalf_of="law_enforcement", jurisdiction="DE", purpose="criminal_investigation").json()

    assert {"VET-004", "KEY-001", "PUR-001", "CASE-001", "WAR-001"} <= {rule["id"] for rule in answer["rules"]}
    assert (answer["facts"]["on_behalf_of"], answer["facts"]["jurisdiction"]) == ("law_enforcement", "DE")


def test_a_supposition_is_recorded_as_reading_and_gives_no_permit(alice: Player) -> None:
    response = _what_if(alice)
    (newest, *_) = alice.client.get("/v1/decisions?limit=2").json()["items"][1:]

    assert newest["id"] == response["Custos-Decision"]
    assert newest["operation"] == "read_own_decisions"


@pytest.mark.parametrize("change", [{"operation": "guess"}, {"threshold": 101}, {"circumstances": ["rain"]}])
def test_a_supposition_that_makes_no_sense_is_refused(alice: Player, change: dict[str, Any]) -> None:
    assert _what_if(alice, **change).status_code == 400


def _rules(**parameters: Any) -> list[dict[str, Any]]:
    rules: list[dict[str, Any]] = DEFAULT_POLICY_BODY["rules"]
    return [{**rule, "parameters": parameters.get(rule["id"].replace("-", "_"), rule["parameters"])} for rule in rules]


def test_past_decisions_are_replayed_under_other_rules(
    alice: Player, mallory: Player, make_objects: MakeObjects
) -> None:
    make_objects(alice)
    make_objects(mallory)
    nobody = {"PUR_001": {"purposes": {"photo_organisation": ["media"]}}}

    same = alice.client.post("/v1/policy/simulate", {"rules": _rules()}, format="json").json()
    other = alice.client.post("/v1/policy/simulate", {"rules": _rules(**nobody), "days": 1}, format="json").json()

    assert (same["newly_denied"]["total"], same["newly_allowed"]["total"], same["cannot_tell"]) == (0, 0, 0)
    assert set(other["newly_denied"]["by_rule"]) == {"PUR-001"}
    assert other["newly_denied"]["by_purpose"] == {"photo_organisation": other["newly_denied"]["total"]}
    assert 0 < other["newly_denied"]["total"] < other["replayed"] == same["replayed"] + 1


def test_rules_that_are_no_policy_are_refused(alice: Player) -> None:
    response = alice.client.post("/v1/policy/simulate", {"rules": [{"id": "THR-001"}]}, format="json")

    assert (response.status_code, response.json()["code"]) == (422, "policy-invalid")


def test_a_decision_says_what_every_rule_said(alice: Player) -> None:
    decision = alice.client.get("/v1/collections")["Custos-Decision"]

    explained = alice.client.get(f"/v1/decisions/{decision}").json()

    said = {rule["id"]: rule["outcome"] for rule in explained["every_rule"]}
    assert said["ALW-001"] == "allows" and said["SUS-001"] == "silent" and said["THR-001"] == "out_of_scope"
    assert (explained["limits"], explained["obligations"]) == ({}, [])
