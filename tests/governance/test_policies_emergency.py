"""BRK-001 and BRK-002: what a broken glass lets through, and what it never does."""

from __future__ import annotations

from typing import Any

import pytest

from governance.policies import evaluate, next_boundary
from tests.governance.policy_facts import NOW, POLICY, READ, make_exemption, make_facts, make_grant, make_moratorium

GRANT = {"break_glass": [make_grant()]}
UNREGISTERED = {"approval_operations": ["detect"]}


@pytest.mark.parametrize(
    "changes",
    [
        UNREGISTERED,
        {"approval_purposes": []},
        {"approval_jurisdictions": ["EU"]},
        {"approval_end_users": []},
        {**READ, **UNREGISTERED},
        {**UNREGISTERED, "break_glass": [make_grant(confirmed=False, confirm_by=NOW + 1)]},
        {**UNREGISTERED, "break_glass": [make_grant(until=NOW), make_grant(id="b2")]},
    ],
)
def test_a_live_grant_lets_it_through_and_obliges(changes: dict[str, Any]) -> None:
    verdict = evaluate(POLICY, make_facts(**(GRANT | changes)))

    assert (verdict.effect, verdict.fired) == ("allow", ())
    assert "BRK-001" in verdict.allowed_by
    assert verdict.obligations == ("HUM-001", "HUM-002", "HUM-003", "RET-002", "BRK-002")


@pytest.mark.parametrize(
    "grant",
    [
        {"until": NOW},
        {"from": NOW + 1, "until": NOW + 2},
        {"confirmed": False},
        {"purpose": "missing_person_search"},
        {"operations": ["compare"]},
        {"operations": []},
        {"end_user": "victim_rescue_ngo"},
        {"jurisdiction": "US-NY"},
    ],
)
def test_one_that_is_over_unconfirmed_or_for_something_else_does_nothing(grant: dict[str, Any]) -> None:
    grants = [make_grant(**grant)]

    outside = evaluate(POLICY, make_facts(**UNREGISTERED, break_glass=grants))
    usual = evaluate(POLICY, make_facts(break_glass=grants))

    assert [rule.id for rule in outside.fired] == ["VET-004", "ALW-001"]
    assert usual.allowed_by == ("ALW-001",) and "BRK-002" not in usual.obligations


@pytest.mark.parametrize(
    ("changes", "refused_by"),
    [
        ({"circumstances": ["protest_targeting"]}, "PRH-004"),
        ({"suspended": ["organisation"]}, "SUS-001"),
        ({"moratoria": [make_moratorium()]}, "MOR-001"),
        ({"moratoria": [make_moratorium(categories=[])]}, "MOR-001"),
        ({"moratoria": [make_moratorium(categories=[], end_users=["law_enforcement"])]}, "MOR-001"),
        ({"moratoria": [make_moratorium()], "exemptions": [make_exemption(purposes=[])]}, "MOR-002"),
        ({"moratoria": [make_moratorium(categories=[], operations=["search"])]}, "MOR-001"),
        ({"approval_state": "revoked"}, "VET-001"),
        ({"approval_expires_at": NOW}, "VET-002"),
        ({"approval_approvers": 1}, "VET-003"),
        ({"case_offence": "minor"}, "SEV-001"),
        ({"threshold_milli": 98_999}, "THR-001"),
        ({"obligations_met": []}, "HUM-001"),
        ({"key_operations": []}, "KEY-001"),
        ({"audit_stale": ["witness"]}, "AUD-002"),
    ],
)
def test_it_overrides_nothing_else(changes: dict[str, Any], refused_by: str) -> None:
    verdict = evaluate(POLICY, make_facts(**(GRANT | UNREGISTERED | changes)))

    assert verdict.effect == "deny"
    assert refused_by in [rule.id for rule in verdict.fired]


def test_the_verdict_holds_until_its_deadlines_only() -> None:
    waiting = make_grant(until=NOW + 9, confirmed=False, confirm_by=NOW + 5)

    assert next_boundary(POLICY, make_facts(break_glass=[waiting])) == NOW + 5
    assert next_boundary(POLICY, make_facts(break_glass=[make_grant(until=NOW + 9)])) == NOW + 9


def test_where_the_jurisdiction_is_not_told_no_grant_covers() -> None:
    verdict = evaluate(POLICY, make_facts(**GRANT, jurisdiction=None))

    assert {rule.id for rule in verdict.fired} == {"INPUT-001", "ALW-001"}
    assert "BRK-001" not in verdict.allowed_by
