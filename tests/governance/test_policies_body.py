"""A policy body is checked to the last member: what is misspelt must not quietly turn a rule off."""

from __future__ import annotations

import json
from typing import Any

import pytest

from common.canonical import digest
from governance.catalogue import CATALOGUE, DEFAULT_POLICY_BODY, rule_ids
from governance.policies import Policy, PolicyInvalid
from tests.governance.policy_facts import make_body


def _setting(**changes: Any) -> dict[str, Any]:
    setting = next(item for item in make_body()["rules"] if item["id"] == "THR-001")
    return {name: value for name, value in {**setting, **changes}.items() if value is not ...}


def _body(setting: object) -> dict[str, Any]:
    body = make_body()
    body["rules"] = [setting, *body["rules"]]
    return body


def test_the_default_body_is_plain_json_and_a_policy() -> None:
    assert json.loads(json.dumps(DEFAULT_POLICY_BODY)) == DEFAULT_POLICY_BODY

    policy = Policy.from_body(DEFAULT_POLICY_BODY)

    assert policy.version == 11
    assert policy.digest == digest(DEFAULT_POLICY_BODY)
    assert tuple(dict.fromkeys(rule.id for rule in policy.rules)) == rule_ids()


def test_the_rules_of_a_policy_are_in_catalogue_order_whatever_the_order_of_the_body() -> None:
    body = make_body()
    body["rules"].reverse()

    assert [rule.id for rule in Policy.from_body(body).rules] == [item["id"] for item in make_body()["rules"]]


def test_a_policy_cannot_be_changed() -> None:
    policy = Policy.from_body(make_body())
    purposes = next(rule for rule in policy.rules if rule.id == "PUR-001").parameters["purposes"]

    with pytest.raises(TypeError):
        purposes["journalism"] = frozenset({"law_enforcement"})
    with pytest.raises(AttributeError):
        purposes["journalism"].add("law_enforcement")


def test_a_rule_may_be_left_out_and_set_again_for_another_selector() -> None:
    body = make_body(VET_005=None)
    body["rules"].append(_setting(parameters={"floor_milli": 99_500}))

    ids = [rule.id for rule in Policy.from_body(body).rules]

    assert "VET-005" not in ids
    assert ids.count("THR-001") == 2


@pytest.mark.parametrize("rule_id", [rule.id for rule in CATALOGUE.values() if rule.is_mandatory])
def test_a_mandatory_rule_can_neither_be_left_out_nor_narrowed_nor_doubled(rule_id: str) -> None:
    selector = make_body()["rules"][0]["selector"]
    doubled = make_body()
    doubled["rules"] += [item for item in doubled["rules"] if item["id"] == rule_id]
    name = rule_id.replace("-", "_")
    bodies = [
        doubled,
        make_body(**{name: None}),
        make_body(**{name: {"effective_from": 1}}),
        make_body(**{name: {"effective_until": 5}}),
        make_body(**{name: {"selector": {**selector, "operations": ["search"]}}}),
    ]

    for body in bodies:
        with pytest.raises(PolicyInvalid):
            Policy.from_body(body)


NO_SELECTOR: dict[str, list[str]] = {name: [] for name in make_body()["rules"][0]["selector"]}


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ([], ""),
        ({"version": 1}, ""),
        ({**make_body(), "title": "x"}, ""),
        ({**make_body(), "version": 0}, "/version"),
        ({**make_body(), "version": True}, "/version"),
        ({**make_body(), "version": 1.0}, "/version"),
        ({**make_body(), "version": 2**53}, ""),
        ({**make_body(), "rules": {}}, "/rules"),
        (_body("THR-001"), "/rules/0"),
        (_body(_setting(title="x")), "/rules/0"),
        (_body(_setting(source=...)), "/rules/0"),
        (_body(_setting(id="THR-999")), "/rules/0/id"),
        (_body(_setting(id=["THR-001"])), "/rules/0/id"),
        (_body(_setting(source="")), "/rules/0/source"),
        (_body(_setting(source=1)), "/rules/0/source"),
        (_body(_setting(source="Cafe\u0301")), ""),
        (_body(_setting(effective_from=None)), "/rules/0/effective_from"),
        (_body(_setting(effective_from=-1)), "/rules/0/effective_from"),
        (_body(_setting(effective_from=False)), "/rules/0/effective_from"),
        (_body(_setting(effective_from="2026-01-01")), "/rules/0/effective_from"),
        (_body(_setting(effective_from=2**53)), "/rules/0/effective_from"),
        (_body(_setting(effective_from=5, effective_until=5)), "/rules/0/effective_until"),
        (_body(_setting(effective_until="never")), "/rules/0/effective_until"),
        (_body(_setting(selector=None)), "/rules/0/selector"),
        (_body(_setting(selector={"operations": ["search"]})), "/rules/0/selector"),
        (_body(_setting(selector={**NO_SELECTOR, "countries": []})), "/rules/0/selector"),
        (_body(_setting(selector={**NO_SELECTOR, "operations": "search"})), "/rules/0/selector/operations"),
        (_body(_setting(selector={**NO_SELECTOR, "operations": ["serach"]})), "/rules/0/selector/operations"),
        (_body(_setting(selector={**NO_SELECTOR, "operations": [None]})), "/rules/0/selector/operations"),
        (_body(_setting(selector={**NO_SELECTOR, "categories": ["police"]})), "/rules/0/selector/categories"),
        (_body(_setting(selector={**NO_SELECTOR, "end_users": ["police"]})), "/rules/0/selector/end_users"),
        (_body(_setting(selector={**NO_SELECTOR, "purposes": ["shopping"]})), "/rules/0/selector/purposes"),
        (_body(_setting(selector={**NO_SELECTOR, "jurisdictions": ["XX"]})), "/rules/0/selector/jurisdictions"),
        (_body(_setting(parameters={})), "/rules/0/parameters"),
        (_body(_setting(parameters={"floor": 1})), "/rules/0/parameters"),
        (_body(_setting(parameters={"floor_milli": 1, "x": 1})), "/rules/0/parameters"),
        (_body(_setting(parameters={"floor_milli": "99000"})), "/rules/0/parameters/floor_milli"),
        (_body(_setting(parameters={"floor_milli": 99_000.0})), "/rules/0/parameters/floor_milli"),
        (_body(_setting(parameters={"floor_milli": True})), "/rules/0/parameters/floor_milli"),
        (_body(_setting(parameters={"floor_milli": -1})), "/rules/0/parameters/floor_milli"),
        (_body(_setting(parameters={"floor_milli": 100_001})), "/rules/0/parameters/floor_milli"),
        (_body(_setting(id="EUS-001", parameters={"categories": "retail"})), "/rules/0/parameters/categories"),
        (_body(_setting(id="EUS-001", parameters={"categories": ["shops"]})), "/rules/0/parameters/categories"),
        (_body(_setting(id="EUS-001", parameters={"categories": [["retail"]]})), "/rules/0/parameters/categories"),
        (_body(_setting(id="PUR-001", parameters={"purposes": ["journalism"]})), "/rules/0/parameters/purposes"),
        (_body(_setting(id="PUR-001", parameters={"purposes": {"shopping": []}})), "/rules/0/parameters/purposes"),
        (_body(_setting(id="PUR-001", parameters={"purposes": {5: []}})), "/rules/0/parameters/purposes"),
        (
            _body(_setting(id="PUR-001", parameters={"purposes": {"journalism": "media"}})),
            "/rules/0/parameters/purposes",
        ),
        (_body(_setting(id="PUR-001", parameters={"purposes": {"journalism": [5]}})), "/rules/0/parameters/purposes"),
    ],
)
def test_a_body_outside_the_schema_is_refused_with_a_pointer_to_the_fault(body: Any, pointer: str) -> None:
    with pytest.raises(PolicyInvalid) as caught:
        Policy.from_body(body)

    assert caught.value.extra["errors"][0]["pointer"] == pointer
    assert caught.value.as_problem()["code"] == "policy-invalid"
