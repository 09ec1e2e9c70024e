"""What holds for any facts and any policy made of the catalogue's rules."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.canonical import canonical_json
from common.vocabulary import (
    JURISDICTION_PARENTS,
    Attestation,
    Circumstance,
    CustomerCategory,
    OffenceClass,
    Operation,
    Purpose,
)
from governance.catalogue import CATALOGUE, DEFAULT_POLICY_BODY, POSITION
from governance.facts import FACTS, unusable_facts
from governance.policies import Policy, RuleSetting, demanded, evaluate, in_reach, limits_of, next_boundary
from governance.rules.situation import DIMENSIONS
from tests.governance.policy_facts import BASE, DAY, NOW, POLICY, REVIEW, SITUATIONS, make_facts, make_moratorium

_leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
_json = st.recursive(
    _leaves | st.sampled_from([*Operation, *Purpose, *CustomerCategory, "live", "US"]),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=5), children, max_size=3),
    max_leaves=8,
)
# Few values each, so that rules, moratoria and exemptions often meet.
_categories = st.sampled_from(["law_enforcement", "victim_rescue_ngo", "consumer_software", "retail"])
_purposes = st.sampled_from(["victim_identification", "criminal_investigation", "photo_organisation"])
_operations = st.sampled_from(["search", "compare", "enrol", "read_result", "review", "administer", "delete"])
_jurisdictions = st.sampled_from(["US", "US-CA", "EU", "DE"])
_times = st.integers(NOW - 3 * DAY, NOW + 3 * DAY)


def _lists(values: st.SearchStrategy[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(values, max_size=3, unique=True)


_moratoria = st.fixed_dictionaries(
    {
        "id": st.sampled_from(["m1", "m2"]),
        "categories": _lists(_categories),
        "end_users": _lists(_categories),
        "purposes": _lists(_purposes),
        "operations": _lists(_operations),
        "jurisdictions": _lists(_jurisdictions),
        "from": _times,
        "until": st.none() | _times,
    }
)
_exemptions = st.fixed_dictionaries(
    {
        "id": st.sampled_from(["e1", "e2"]),
        "moratorium": st.sampled_from(["m1", "m2"]),
        "purposes": _lists(_purposes),
        "operations": _lists(_operations),
        "end_users": _lists(_categories),
        "from": _times,
        "until": _times,
        "approvers": st.integers(0, 3),
    }
)
_authorisations = st.fixed_dictionaries(
    {
        "id": st.sampled_from(["a1", "a2"]),
        "kind": st.sampled_from(["warrant", "exigent"]),
        "operations": _lists(_operations),
        "from": _times,
        "until": _times,
        "ratify_by": st.none() | _times,
        "ratified": st.booleans(),
    }
)
_VALUES: dict[str, st.SearchStrategy[Any]] = {
    "now": _times,
    "operation": _operations,
    "result_of": st.none() | _operations,
    "purpose": st.none() | _purposes,
    "on_behalf_of": st.none() | _categories,
    "jurisdiction": st.none() | _jurisdictions,
    "tenant_category": _categories,
    "approval_state": st.sampled_from(["none", "live", "revoked"]),
    "approval_valid_from": st.none() | _times,
    "approval_expires_at": st.none() | _times,
    "approval_approvers": st.integers(0, 3),
    "approval_conflicted": st.booleans(),
    "approval_purposes": _lists(_purposes),
    "approval_operations": _lists(_operations),
    "approval_jurisdictions": _lists(_jurisdictions),
    "approval_end_users": _lists(_categories),
    "engine_version": st.sampled_from([None, "sface-1", "sface-2"]),
    "suspended": _lists(st.sampled_from(["organisation", "user", "key", "collection"])),
    "moratoria": st.lists(_moratoria, max_size=3),
    "exemptions": st.lists(_exemptions, max_size=3),
    "threshold_milli": st.sampled_from([None, 0, 79_999, 80_000, 99_000]),
    "approval_attestations": _lists(st.sampled_from(sorted(Attestation))),
    "approval_gallery_cap": st.sampled_from([None, 5_000, 4_999]),
    "circumstances": _lists(st.sampled_from(sorted(Circumstance))),
    "fmr_femto": st.sampled_from([None, 0, 10**9, 10**15]),
    "searches_today": st.sampled_from([0, 999, 1_000]),
    "searches_of_subject": st.sampled_from([None, 19, 20]),
    "disclosed_until": st.integers(NOW - 396 * DAY, NOW - 394 * DAY),
    "case_state": st.sampled_from(["none", "unknown", "open", "closed"]),
    "case_purpose": st.none() | _purposes,
    "case_offence": st.none() | st.sampled_from([*OffenceClass]).map(str),
    "case_admits": st.booleans(),
    "authorisations": st.lists(_authorisations, max_size=2),
    "obligations_met": _lists(st.sampled_from(["HUM-001", "HUM-002", "HUM-003", "RET-002"])),
    "review_training_until": st.none() | _times,
    "key_operations": _lists(_operations),
    "key_purposes": _lists(_purposes),
    "key_end_users": _lists(_categories),
    "key_jurisdictions": _lists(_jurisdictions),
}


@st.composite
def _some_facts(draw: st.DrawFn) -> dict[str, Any]:
    """Draw facts that differ from the allowed ones in a few places, so that both verdicts are common."""
    changed = draw(st.sets(st.sampled_from(sorted(_VALUES)), max_size=5))
    changed |= draw(st.sampled_from([set(), {"moratoria"}, {"moratoria", "exemptions"}]))
    return {**BASE, **{name: draw(_VALUES[name]) for name in sorted(changed)}}


_facts = _some_facts()
_selectors = st.fixed_dictionaries(
    {
        "categories": _lists(_categories),
        "end_users": _lists(_categories),
        "purposes": _lists(_purposes),
        "operations": _lists(_operations),
        "jurisdictions": _lists(_jurisdictions),
    }
)
_denying = st.sampled_from(
    [item for item in DEFAULT_POLICY_BODY["rules"] if CATALOGUE[item["id"]].check and not item["id"].startswith("ALW")]
)


@st.composite
def _policies(draw: st.DrawFn) -> Policy:
    """Draw a policy with some rules left out, and some set again for other situations and periods."""
    kept = [item for item in DEFAULT_POLICY_BODY["rules"] if CATALOGUE[item["id"]].is_mandatory or draw(st.booleans())]
    again = []
    for item in draw(st.lists(_denying, max_size=2)):
        start = draw(st.just(0) | _times)
        end = draw(st.none() | st.integers(start + 1, NOW + 9 * DAY))
        again.append({**item, "selector": draw(_selectors), "effective_from": start, "effective_until": end})
    return Policy.from_body({"version": 1, "rules": [*kept, *again]})


@given(st.dictionaries(st.sampled_from(sorted(FACTS)) | st.text(max_size=5), _json))
def test_any_json_object_gets_a_verdict_and_only_a_right_is_allowed_on_so_little(facts: dict[str, Any]) -> None:
    verdict = evaluate(POLICY, facts)

    assert verdict.effect == "deny" or verdict.allowed_by == ("ALW-002",)
    assert limits_of(POLICY, facts) == verdict.limits
    assert demanded(POLICY, facts) >= {
        rule.facts[0] for rule in verdict.fired if rule.id == "INPUT-001"
    } & unusable_facts(facts)
    assert next_boundary(POLICY, facts) is None or facts["now"] >= 0


@given(_facts, st.dictionaries(st.sampled_from(sorted(FACTS)), _json, min_size=1, max_size=3))
def test_no_damage_to_the_facts_raises(facts: dict[str, Any], damage: dict[str, Any]) -> None:
    verdict = evaluate(POLICY, {**facts, **damage})

    assert verdict.effect in ("allow", "deny")
    assert next_boundary(POLICY, {**facts, **damage}) is None or damage.get("now", NOW) >= 0


# Of the base facts' rules; `test_policies_missing_facts` has a situation for each of the others.
_asked_for = sorted({fact for rule in CATALOGUE.values() if rule.id not in SITUATIONS for fact in rule.needs})


@given(_policies(), _facts, st.sets(st.sampled_from(sorted(FACTS)), min_size=1))
def test_leaving_facts_out_never_turns_a_refusal_into_an_allow(
    policy: Policy, facts: dict[str, Any], left_out: set[str]
) -> None:
    rest = {name: value for name, value in facts.items() if name not in left_out}

    if evaluate(policy, rest).effect == "allow":
        assert evaluate(policy, facts).effect == "allow"


@pytest.mark.parametrize("fact", _asked_for)
def test_no_use_is_allowed_without_every_fact_that_its_rules_ask_for(fact: str) -> None:
    use = REVIEW if fact == "review_training_until" else {}

    assert evaluate(POLICY, make_facts(**use)).effect == "allow"
    assert evaluate(POLICY, make_facts(**(use | {fact: ...}))).effect == "deny"


@given(_policies(), _facts)
def test_a_verdict_is_well_formed_and_the_same_every_time(policy: Policy, facts: dict[str, Any]) -> None:
    before = canonical_json(facts)

    verdict = evaluate(policy, facts)

    assert verdict == evaluate(policy, copy.deepcopy(facts))
    assert canonical_json(facts) == before
    assert (verdict.effect == "allow") == (not verdict.fired)
    assert verdict.effect == "deny" or verdict.allowed_by
    assert len(set(verdict.fired)) == len(verdict.fired)
    positions = [POSITION[rule.id] for rule in verdict.fired]
    assert positions == sorted(positions)
    canonical_json([[rule.id, rule.reason, rule.facts] for rule in verdict.fired])


@given(_policies(), _facts, _moratoria)
def test_a_further_moratorium_never_turns_a_refusal_into_an_allow(
    policy: Policy, facts: dict[str, Any], moratorium: dict[str, Any]
) -> None:
    stopped = {**facts, "moratoria": [*facts["moratoria"], moratorium]}

    if evaluate(policy, stopped).effect == "allow":
        assert evaluate(policy, facts).effect == "allow"


@given(_policies(), _facts)
def test_leaving_out_what_is_not_in_reach_changes_no_verdict(policy: Policy, facts: dict[str, Any]) -> None:
    reach = in_reach(facts)

    assert evaluate(policy, facts | reach) == evaluate(policy, facts)
    assert all(moratorium in facts["moratoria"] for moratorium in reach["moratoria"])


def _holds_always(rule: RuleSetting) -> bool:
    return not rule.selector and rule.effective_from < NOW - 3 * DAY and rule.effective_until is None


@given(_policies(), _facts, st.sampled_from(["organisation", "user", "key", "collection"]))
def test_a_suspension_stops_every_use_but_rights(policy: Policy, facts: dict[str, Any], target: str) -> None:
    stopped = {**facts, "suspended": [*facts["suspended"], target]}

    verdict = evaluate(policy, stopped)

    if any(rule.id == "SUS-001" and _holds_always(rule) for rule in policy.rules):
        assert verdict.effect == "deny" or facts["operation"] == "delete"
    if any(rule.id == "SUS-002" for rule in policy.rules) and target in ("user", "key"):
        assert verdict.effect == "deny" or facts["operation"] != "delete"
    if verdict.effect == "allow":
        assert evaluate(policy, facts).effect == "allow"


@given(_policies(), _facts, _denying, _selectors)
def test_a_further_denying_rule_never_turns_a_refusal_into_an_allow(
    policy: Policy, facts: dict[str, Any], item: dict[str, Any], selector: dict[str, list[str]]
) -> None:
    (setting,) = (
        rule
        for rule in Policy.from_body(
            {
                "version": 1,
                "rules": [
                    *(other for other in DEFAULT_POLICY_BODY["rules"] if CATALOGUE[other["id"]].is_mandatory),
                    {**item, "selector": selector},
                ],
            }
        ).rules
        if not CATALOGUE[rule.id].is_mandatory
    )
    stricter = Policy(policy.version, policy.digest, (*policy.rules, setting))

    if evaluate(stricter, facts).effect == "allow":
        assert evaluate(policy, facts).effect == "allow"


@given(_policies(), _facts, st.data())
def test_a_verdict_stays_the_same_until_the_next_boundary(
    policy: Policy, facts: dict[str, Any], data: st.DataObject
) -> None:
    boundary = next_boundary(policy, facts)
    last = facts["now"] + 400 * DAY if boundary is None else boundary - 1

    later = data.draw(st.just(last) | st.integers(facts["now"], last))

    assert boundary is None or boundary > facts["now"]
    assert evaluate(policy, {**facts, "now": later}) == evaluate(policy, facts)


@given(_facts)
def test_deletion_is_allowed_exactly_to_whose_key_or_role_may_and_who_is_not_suspended(facts: dict[str, Any]) -> None:
    is_holder = "delete" in facts["key_operations"] and not {"user", "key"} & {*facts["suspended"]}

    assert (evaluate(POLICY, {**facts, "operation": "delete"}).effect == "allow") == is_holder


@given(st.sampled_from(sorted(JURISDICTION_PARENTS)), st.sampled_from(sorted(JURISDICTION_PARENTS)))
def test_a_moratorium_holds_in_a_place_exactly_when_it_names_the_place_one_around_it_or_one_inside(
    here: str, there: str
) -> None:
    facts = make_facts(
        jurisdiction=here,
        approval_jurisdictions=[here],
        key_jurisdictions=[],
        moratoria=[make_moratorium(jurisdictions=[there])],
    )

    is_inside, may_be_inside = there in (here, JURISDICTION_PARENTS[here]), here == JURISDICTION_PARENTS[there]
    fired = {rule.id for rule in evaluate(POLICY, facts).fired}
    assert fired == ({"MOR-001"} if is_inside else {"INPUT-001"} if may_be_inside else set())


def test_the_dimensions_drawn_here_are_all_there_are() -> None:
    assert set(make_moratorium()) - {"id", "from", "until"} == set(DIMENSIONS)
