"""How verdicts are put together: order, scope, dates, limits and the instant until which they hold."""

from __future__ import annotations

from typing import Any

import pytest

from governance.policies import Policy, evaluate, limits_of, next_boundary
from tests.governance.policy_facts import DAY, NOW, POLICY, make_body, make_exemption, make_facts, make_moratorium

SELECTOR: dict[str, list[str]] = make_body()["rules"][0]["selector"]


def _policy_with_floor(**changes: Any) -> Policy:
    """Return a policy whose only threshold rule is THR-001 with a floor of 50 for anybody, changed."""
    setting = {"selector": SELECTOR, "parameters": {"floor_milli": 50_000}, **changes}
    return Policy.from_body(make_body(THR_001=setting, THR_002=None))


def _ids(policy: Policy, **changes: Any) -> list[str]:
    return [rule.id for rule in evaluate(policy, make_facts(**changes)).fired]


def test_a_refusal_lists_every_reason_in_catalogue_order() -> None:
    ids = _ids(
        POLICY,
        approval_approvers=1,
        approval_expires_at=NOW - 1,
        approval_purposes=[],
        engine_version="other",
        suspended=["user"],
        moratoria=[make_moratorium()],
        exemptions=[make_exemption(approvers=1)],
        key_operations=[],
        threshold_milli=1,
        attributes=...,
    )

    assert ids == [
        *("VET-002", "VET-003", "VET-004", "VET-005", "SUS-001", "MOR-001", "MOR-002"),
        *("KEY-001", "THR-001", "THR-002", "ALW-001"),
    ]


def test_a_refusal_does_not_hide_what_would_have_allowed_it() -> None:
    verdict = evaluate(POLICY, make_facts(suspended=["key"]))

    assert (verdict.effect, verdict.allowed_by) == ("deny", ("ALW-001",))


def test_a_fired_rule_names_the_facts_it_looked_at() -> None:
    (fired,) = evaluate(POLICY, make_facts(threshold_milli=98_000)).fired

    assert "threshold_milli" in fired.facts and "tenant_category" in fired.facts


def test_a_missing_fact_is_named_once_with_every_rule_that_needs_it() -> None:
    fired = [rule for rule in evaluate(POLICY, make_facts(purpose=...)).fired if rule.id == "INPUT-001"]

    assert [rule.facts for rule in fired] == [("purpose",)]
    assert fired[0].reason.endswith(
        "needed by VET-004, MOR-001, MOR-002, PUR-001, KEY-001, SEV-001, CASE-001, THR-002, THR-003, THR-004, QUAL-001,"
        " QUO-001, QUO-002, SRV-001, DIS-001, HUM-001, HUM-002, HUM-003, RET-002, BRK-001, BRK-002,"
        " ALW-001."
    )


def test_the_default_refusal_says_what_was_not_stated() -> None:
    facts = make_facts(purpose=None, jurisdiction=None, approval_state="none")

    assert evaluate(POLICY, facts).fired[-1].reason == (
        "No approval allows search for purpose (not stated) in (not stated) on behalf of law_enforcement."
    )


def test_a_policy_without_an_allowing_rule_allows_nothing() -> None:
    assert _ids(Policy.from_body(make_body(ALW_001=None))) == ["ALW-001"]


@pytest.mark.parametrize(
    ("dates", "fires"),
    [
        ({"effective_from": NOW}, True),
        ({"effective_from": NOW + 1}, False),
        ({"effective_from": 0, "effective_until": NOW + 1}, True),
        ({"effective_from": 0, "effective_until": NOW}, False),
    ],
)
def test_a_rule_takes_part_between_its_dates(dates: dict[str, int], fires: bool) -> None:
    assert _ids(_policy_with_floor(**dates), threshold_milli=49_999) == (["THR-001"] if fires else [])


@pytest.mark.parametrize(
    ("selector", "fires"),
    [
        ({"categories": ["victim_rescue_ngo"]}, True),
        ({"categories": ["law_enforcement"]}, True),
        ({"categories": ["retail"]}, False),
        ({"end_users": ["law_enforcement"]}, True),
        ({"end_users": ["victim_rescue_ngo"]}, False),
        ({"purposes": ["victim_identification"]}, True),
        ({"purposes": ["journalism"]}, False),
        ({"operations": ["compare", "search"]}, True),
        ({"operations": ["compare"]}, False),
        ({"jurisdictions": ["US"]}, True),
        ({"jurisdictions": ["US-CA"]}, True),
        ({"jurisdictions": ["US-NY"]}, False),
        ({"operations": ["search"], "jurisdictions": ["EU"]}, False),
    ],
)
def test_a_rule_takes_part_where_its_selector_matches(selector: dict[str, list[str]], fires: bool) -> None:
    policy = _policy_with_floor(selector={**SELECTOR, **selector})

    assert _ids(policy, threshold_milli=49_999) == (["THR-001"] if fires else [])


@pytest.mark.parametrize(
    ("selector", "fact"),
    [
        ({"categories": ["retail"]}, "tenant_category"),
        ({"categories": ["retail"]}, "on_behalf_of"),
        ({"end_users": ["retail"]}, "on_behalf_of"),
        ({"purposes": ["journalism"]}, "purpose"),
        ({"operations": ["compare"]}, "operation"),
        ({"jurisdictions": ["EU"]}, "jurisdiction"),
    ],
)
def test_a_rule_whose_selector_cannot_be_told_is_in_scope_and_asks_for_the_fact(
    selector: dict[str, list[str]], fact: str
) -> None:
    policy = _policy_with_floor(selector={**SELECTOR, **selector})

    fired = evaluate(policy, make_facts(**{fact: ...})).fired

    (asked,) = [rule for rule in fired if rule.facts == (fact,)]
    assert asked.id == "INPUT-001" and "THR-001" in asked.reason
    assert limits_of(policy, make_facts(**{fact: ...})).threshold_floor_milli == 50_000


def test_a_rule_that_surely_does_not_match_asks_for_nothing() -> None:
    policy = _policy_with_floor(selector={**SELECTOR, "operations": ["compare"], "jurisdictions": ["EU"]})

    fired = evaluate(policy, make_facts(jurisdiction=...)).fired

    assert "THR-001" not in fired[0].reason


@pytest.mark.parametrize(
    ("changes", "floor"),
    [
        ({}, 99_000),
        ({"threshold_milli": None}, 99_000),
        ({"threshold_milli": ...}, 99_000),
        ({"on_behalf_of": "victim_rescue_ngo"}, 80_000),
        ({"on_behalf_of": "victim_rescue_ngo", "operation": "compare"}, 80_000),
        ({"on_behalf_of": ..., "tenant_category": "personal"}, 99_000),
        ({"operation": "enrol"}, 0),
        ({"operation": "read_result", "result_of": "search"}, 0),
        ({"tenant_category": "personal", "on_behalf_of": None}, 0),
        ({"tenant_category": "personal", "on_behalf_of": "retail"}, 80_000),
        ({"tenant_category": "retail", "on_behalf_of": "personal"}, 80_000),
        ({"now": ...}, 99_000),
    ],
)
def test_the_floor_is_the_most_restrictive_in_scope(changes: dict[str, Any], floor: int) -> None:
    facts = make_facts(**changes)

    assert limits_of(POLICY, facts).threshold_floor_milli == floor
    assert evaluate(POLICY, facts).limits.threshold_floor_milli == floor


@pytest.mark.parametrize(
    ("changes", "boundary"),
    [
        ({}, NOW + 300 * DAY),
        ({"approval_valid_from": NOW + 5}, NOW + 5),
        ({"moratoria": [make_moratorium(**{"from": NOW + 7})]}, NOW + 7),
        ({"moratoria": [make_moratorium(until=NOW + 8), make_moratorium(until=NOW + 6)]}, NOW + 6),
        ({"exemptions": [make_exemption()]}, NOW + DAY),
        ({"exemptions": [make_exemption(**{"from": NOW + 2})]}, NOW + 2),
        ({"approval_expires_at": NOW}, None),
        ({"approval_expires_at": None}, None),
        ({"approval_expires_at": ..., "moratoria": ..., "exemptions": ..., "approval_valid_from": ...}, None),
        ({"now": ...}, None),
        ({"now": "today"}, None),
    ],
)
def test_the_next_boundary_is_the_first_instant_at_which_time_can_change_the_verdict(
    changes: dict[str, Any], boundary: int | None
) -> None:
    assert next_boundary(POLICY, make_facts(**changes)) == boundary


@pytest.mark.parametrize("dates", [{"effective_from": NOW + 3}, {"effective_from": 0, "effective_until": NOW + 3}])
def test_the_dates_of_a_rule_are_boundaries(dates: dict[str, int]) -> None:
    assert next_boundary(_policy_with_floor(**dates), make_facts()) == NOW + 3


def test_a_clock_set_far_back_allows_nothing() -> None:
    facts = make_facts(now=1, approval_valid_from=0)

    assert evaluate(POLICY, facts).effect == "deny"
