"""What is missing refuses: absent, ill-typed or unstated facts never turn a rule off."""

from __future__ import annotations

from typing import Any

import pytest

from common.vocabulary import CustomerCategory
from governance.catalogue import CATALOGUE
from governance.facts import FACTS, unusable_facts
from governance.policies import Verdict, evaluate
from tests.governance.policy_facts import (
    POLICY,
    READ,
    REVIEW,
    SITUATIONS,
    make_exemption,
    make_facts,
    make_moratorium,
)


def _input_reasons(verdict: Verdict) -> dict[str, str]:
    """Return the reasons of INPUT-001 by fact."""
    return {rule.facts[0]: rule.reason for rule in verdict.fired if rule.id == "INPUT-001"}


EVALUATED = [rule for rule in CATALOGUE.values() if rule.check is not None]
NEEDED = [(rule.id, fact) for rule in EVALUATED if rule.id != "ALW-002" for fact in rule.needs]
ILL_TYPED = [{}, 1.5, "?", [7], -1]


@pytest.mark.parametrize(("rule", "fact"), NEEDED)
def test_an_absent_fact_refuses(rule: str, fact: str) -> None:
    verdict = evaluate(POLICY, make_facts(**(SITUATIONS.get(rule, {}) | {fact: ...})))

    assert verdict.effect == "deny"
    assert rule in _input_reasons(verdict)[fact] or fact == "now"


@pytest.mark.parametrize("value", ILL_TYPED, ids=repr)
@pytest.mark.parametrize(
    "fact",
    sorted(
        {fact for _, fact in NEEDED} - {"purpose", "engine_version", "now", "case_purpose", "review_training_until"}
    ),
)
def test_an_ill_typed_fact_refuses(fact: str, value: object) -> None:
    rules = {rule for rule, needed in NEEDED if needed == fact}
    situation = {} if rules - SITUATIONS.keys() else SITUATIONS[min(rules)]

    verdict = evaluate(POLICY, make_facts(**(situation | {fact: value})))

    assert verdict.effect == "deny"
    assert fact in _input_reasons(verdict)


@pytest.mark.parametrize("value", ILL_TYPED, ids=repr)
def test_an_ill_typed_training_refuses_a_review(value: object) -> None:
    verdict = evaluate(POLICY, make_facts(**(REVIEW | {"review_training_until": value})))

    assert verdict.effect == "deny"
    assert "review_training_until" in _input_reasons(verdict)


@pytest.mark.parametrize(
    ("changes", "fact"),
    [
        ({"purpose": None}, "purpose"),
        ({"jurisdiction": None}, "jurisdiction"),
        ({"approval_valid_from": None}, "approval_valid_from"),
        ({"approval_expires_at": None}, "approval_expires_at"),
        ({"threshold_milli": None}, "threshold_milli"),
        ({**READ, "result_of": None}, "result_of"),
        ({"jurisdiction": None, "moratoria": [make_moratorium(jurisdictions=["EU"])]}, "jurisdiction"),
        ({"jurisdiction": "US", "moratoria": [make_moratorium(jurisdictions=["US-CA"])]}, "jurisdiction"),
        ({**READ, "result_of": None, "moratoria": [make_moratorium(operations=["compare"])]}, "result_of"),
    ],
)
def test_a_fact_that_is_not_stated_refuses(changes: dict[str, Any], fact: str) -> None:
    verdict = evaluate(POLICY, make_facts(**changes))

    assert verdict.effect == "deny"
    assert list(_input_reasons(verdict)) == [fact]


def test_a_moratorium_that_may_cover_the_use_asks_for_the_fact_that_tells() -> None:
    moratoria = [make_moratorium(jurisdictions=["EU"]), make_moratorium(id="m2", purposes=["journalism"])]

    verdict = evaluate(POLICY, make_facts(jurisdiction=None, purpose=None, moratoria=moratoria))

    reasons = _input_reasons(verdict)
    assert "MOR-001" in reasons["jurisdiction"] and "MOR-001" in reasons["purpose"]
    assert "MOR-001" not in [rule.id for rule in verdict.fired]


def test_a_moratorium_with_a_misspelt_slug_stops_everything_rather_than_nothing() -> None:
    verdict = evaluate(POLICY, make_facts(moratoria=[make_moratorium(categories=["police"])]))

    assert list(_input_reasons(verdict)) == ["moratoria"]


def test_an_exemption_with_an_unknown_member_is_not_trusted() -> None:
    facts = make_facts(moratoria=[make_moratorium()], exemptions=[make_exemption(only_on_weekdays=True)])

    assert list(_input_reasons(evaluate(POLICY, facts))) == ["exemptions"]


def test_what_an_approval_would_hold_is_not_asked_for_where_there_is_none() -> None:
    changes = {name: ... for name in FACTS if name.startswith("approval_")} | {"approval_state": "none"}

    verdict = evaluate(POLICY, make_facts(**changes))

    assert [rule.id for rule in verdict.fired] == ["VET-001", "ALW-001"]


_LONG = "x" * 200


@pytest.mark.parametrize(
    ("fact", "value", "is_usable"),
    [
        ("engine_version", _LONG, True),
        ("engine_version", _LONG + "x", False),
        ("engine_version", "caf\u00e9", False),
        ("engine_version", "a\nb", False),
        ("key_purposes", [_LONG, _LONG], True),
        ("key_purposes", [_LONG, _LONG + "x"], False),
        ("key_purposes", ["caf\u00e9"], False),
        ("key_purposes", ["a\nb"], False),
        ("key_purposes", ["search", None], False),
        ("key_purposes", ("search",), False),
        ("now", 2**53 - 1, True),
        ("now", 2**53, False),
        ("now", True, False),
        ("approval_approvers", 0, True),
        ("approval_approvers", -1, False),
        ("approval_conflicted", 1, False),
        ("tenant_category", CustomerCategory.RETAIL, True),
    ],
)
def test_a_fact_is_plain_text_of_some_length_or_a_whole_number_in_range(
    fact: str, value: object, is_usable: bool
) -> None:
    assert (fact not in unusable_facts(make_facts(**{fact: value}))) == is_usable
