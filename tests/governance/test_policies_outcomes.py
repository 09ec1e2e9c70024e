"""What every rule said, and what another policy would have said of decisions on record."""

from __future__ import annotations

from typing import Any

import pytest

from governance.catalogue import CATALOGUE
from governance.policies import Policy, Recorded, Replay, RuleOutcome, evaluate, outcomes
from tests.governance.policy_facts import POLICY, make_body, make_facts


@pytest.mark.parametrize(
    ("changes", "rule", "outcome"),
    [
        ({"suspended": ["key"]}, "SUS-001", RuleOutcome.FIRED),
        ({}, "SUS-001", RuleOutcome.SILENT),
        ({"suspended": ...}, "SUS-001", RuleOutcome.FACT_MISSING),
        ({"purpose": None}, "VET-004", RuleOutcome.FACT_MISSING),
        ({"operation": "delete"}, "SUS-001", RuleOutcome.OUT_OF_SCOPE),
        ({"approval_state": "none"}, "VET-002", RuleOutcome.OUT_OF_SCOPE),
        ({}, "ALW-001", RuleOutcome.ALLOWS),
        ({}, "AUD-001", RuleOutcome.ELSEWHERE),
        ({}, "QUAL-001", RuleOutcome.ELSEWHERE),
        # Set twice: out of scope as an identification's floor, silent as a comparison's.
        ({"operation": "compare"}, "THR-002", RuleOutcome.SILENT),
    ],
)
def test_each_rule_has_its_outcome(changes: dict[str, Any], rule: str, outcome: RuleOutcome) -> None:
    found = outcomes(POLICY, make_facts(**changes))

    assert found[rule] is outcome
    assert list(found) == list(CATALOGUE)


def test_a_verdict_and_its_outcomes_agree() -> None:
    facts = make_facts(suspended=["key"], searches_today=1_000, approval_approvers=1)

    fired = {rule for rule, outcome in outcomes(POLICY, facts).items() if outcome is RuleOutcome.FIRED}

    assert fired == {rule.id for rule in evaluate(POLICY, facts).fired} == {"SUS-001", "QUO-001", "VET-003"}


def _recorded(**changes: Any) -> Recorded:
    facts = make_facts(**changes)
    verdict = evaluate(POLICY, facts)
    rules = [rule.id for rule in verdict.fired]
    return Recorded(facts, verdict.effect == "allow", rules, "charity", facts.get("purpose"))


def _replay(candidate: Policy, *recorded: Recorded) -> Replay:
    replay = Replay()
    for item in recorded:
        replay.add(item, candidate=candidate)
    return replay


def test_its_own_policy_changes_nothing() -> None:
    replay = _replay(POLICY, _recorded(), _recorded(suspended=["key"]), _recorded(purpose=None))

    assert (replay.n_replayed, replay.newly_denied.total, replay.newly_allowed.total) == (3, 0, 0)


def test_a_stricter_floor_refuses_what_was_allowed_and_says_for_whom() -> None:
    stricter = Policy.from_body(make_body(THR_001={"parameters": {"floor_milli": 99_500}}))

    replay = _replay(stricter, _recorded(), _recorded(threshold_milli=99_500), _recorded(suspended=["key"]))

    assert dict(replay.newly_denied.by_rule) == {"THR-001": 1}
    assert dict(replay.newly_denied.by_organisation) == {"charity": 1}
    assert dict(replay.newly_denied.by_purpose) == {"victim_identification": 1}


def test_a_laxer_floor_allows_what_was_refused_by_the_rules_that_had_refused_it() -> None:
    laxer = Policy.from_body(make_body(THR_001={"parameters": {"floor_milli": 90_000}}))

    replay = _replay(laxer, _recorded(threshold_milli=95_000))

    assert dict(replay.newly_allowed.by_rule) == {"THR-001": 1}


def test_facts_that_nobody_asked_for_then_are_no_refusal() -> None:
    facts = {name: value for name, value in make_facts().items() if name != "searches_of_subject"}
    old = Recorded(facts, True, [], "charity", "victim_identification")

    replay = _replay(POLICY, old)

    assert (replay.n_cannot_tell, replay.newly_denied.total) == (1, 0)


def test_a_purpose_that_was_not_stated_has_a_name_in_the_counts() -> None:
    stricter = Policy.from_body(make_body())
    item = Recorded(make_facts(suspended=["key"], purpose=None), True, [], "charity", None)

    assert dict(_replay(stricter, item).newly_denied.by_purpose) == {"(not stated)": 1}
