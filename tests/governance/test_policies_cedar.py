"""A part of the catalogue, written once more in Cedar: on the same facts both engines give the same verdict.

Cedar skips a `forbid` that errors, so its list of errors must be empty; facts that are missing are not its business.
"""

from __future__ import annotations

from typing import Any

import cedarpy
from hypothesis import given, settings
from hypothesis import strategies as st

from common.vocabulary import jurisdiction_lineage
from governance.policies import Policy, evaluate
from tests.governance.policy_facts import DAY, NOW, make_body, make_facts

TRANSLATED = (
    "VET-001",
    "VET-002",
    "VET-003",
    "VET-004",
    "SUS-001",
    "KEY-001",
    "THR-001",
    "PRH-005",
    "QUO-001",
    "ALW-001",
)
CEDAR = cedarpy.PolicySet.from_str("""
@id("ALW-001") permit (principal, action, resource) when {
    context.approval_state == "live" && context.now >= context.valid_from && context.now < context.expires_at
    && context.approval_operations.contains(context.operation) && context.approval_purposes.contains(context.purpose)
    && context.approval_end_users.contains(context.end_user)
    && context.approval_jurisdictions.containsAny(context.lineage)
};
@id("VET-001") forbid (principal, action, resource) when { context.approval_state != "live" };
@id("VET-002") forbid (principal, action, resource) when {
    context.approval_state == "live" && (context.now < context.valid_from || context.now >= context.expires_at)
};
@id("VET-003") forbid (principal, action, resource) when {
    context.approval_state == "live" && (context.conflicted || context.approvers < 2)
};
@id("SUS-001") forbid (principal, action, resource) unless { context.suspended.isEmpty() };
@id("KEY-001") forbid (principal, action, resource) unless {
    context.key_operations.contains(context.operation) && context.key_purposes.contains(context.purpose)
    && (context.key_end_users.isEmpty() || context.key_end_users.contains(context.end_user))
    && (context.key_jurisdictions.isEmpty() || context.key_jurisdictions.containsAny(context.lineage))
};
@id("THR-001") forbid (principal, action, resource) when {
    (context.category == "law_enforcement" || context.end_user == "law_enforcement")
    && ["compare", "search", "watchlist_realtime"].contains(context.operation) && context.threshold_milli < 99000
};
@id("PRH-005") forbid (principal, action, resource) when {
    context.approval_state == "live" && ["compare", "search", "watchlist_realtime"].contains(context.operation)
    && (context.circumstances.contains("altered_probe")
        || !(context.attestations.contains("unaltered_probes")
             || (["personal", "consumer_software"].contains(context.category)
                 && ["personal", "consumer_software"].contains(context.end_user))))
};
@id("QUO-001") forbid (principal, action, resource) when {
    context.approval_state == "live" && ["compare", "search", "watchlist_realtime"].contains(context.operation)
    && ["criminal_investigation", "missing_person_search", "victim_identification", "border_control"]
        .contains(context.purpose)
    && context.searches_today + context.searches_asked > 1000
};
""")

_categories = st.sampled_from(["law_enforcement", "victim_rescue_ngo", "consumer_software", "personal"])
_operations = st.sampled_from(["search", "compare", "enrol"])
_purposes = st.sampled_from(["victim_identification", "photo_organisation"])
_times = st.integers(NOW - 2, NOW + 2)


def _some(values: st.SearchStrategy[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(values, max_size=3, unique=True)


_changes = st.fixed_dictionaries(
    {},
    optional={
        "operation": _operations,
        "purpose": _purposes,
        "tenant_category": _categories,
        "on_behalf_of": st.none() | _categories,
        "jurisdiction": st.sampled_from(["US", "US-CA", "DE"]),
        "approval_state": st.sampled_from(["live", "revoked", "none"]),
        "approval_valid_from": _times,
        "approval_expires_at": _times,
        "approval_approvers": st.integers(0, 3),
        "approval_conflicted": st.booleans(),
        "approval_operations": _some(_operations),
        "approval_purposes": _some(_purposes),
        "approval_jurisdictions": _some(st.sampled_from(["US", "US-CA", "EU"])),
        "approval_end_users": _some(_categories),
        "approval_attestations": _some(st.sampled_from(["unaltered_probes", "adults_only"])),
        "suspended": _some(st.sampled_from(["organisation", "key"])),
        "circumstances": _some(st.sampled_from(["altered_probe", "minor_subject"])),
        "threshold_milli": st.sampled_from([0, 98_999, 99_000]),
        "key_operations": _some(_operations),
        "key_purposes": _some(_purposes),
        "key_end_users": _some(_categories),
        "key_jurisdictions": _some(st.sampled_from(["US", "EU"])),
        "searches_today": st.sampled_from([0, 999, 1_000]),
    },
)


def _subset() -> Policy:
    body = make_body()
    kept = {*TRANSLATED, "INPUT-001", "AUD-001", "ALW-002"}
    return Policy.from_body({**body, "rules": [setting for setting in body["rules"] if setting["id"] in kept]})


POLICY = _subset()


def _context(facts: dict[str, Any]) -> dict[str, Any]:
    return {
        **{
            name: facts[name]
            for name in ("now", "operation", "purpose", "approval_state", "suspended", "circumstances")
        },
        **{name: facts[name] for name in ("threshold_milli", "searches_today", "searches_asked")},
        **{name: value for name, value in facts.items() if name.startswith("key_")},
        **{f"approval_{name}": facts[f"approval_{name}"] for name in ("operations", "purposes", "end_users")},
        "approval_jurisdictions": facts["approval_jurisdictions"],
        "attestations": facts["approval_attestations"],
        "valid_from": facts["approval_valid_from"],
        "expires_at": facts["approval_expires_at"],
        "approvers": facts["approval_approvers"],
        "conflicted": facts["approval_conflicted"],
        "category": facts["tenant_category"],
        "end_user": facts["on_behalf_of"] or facts["tenant_category"],
        "lineage": list(jurisdiction_lineage(facts["jurisdiction"])),
    }


def _cedar(facts: dict[str, Any]) -> cedarpy.AuthzResult:
    question = {
        "principal": 'Tenant::"t"',
        "action": 'Action::"use"',
        "resource": 'Collection::"c"',
        "context": _context(facts),
    }
    return cedarpy.is_authorized(question, CEDAR, [])


@settings(max_examples=400)
@given(_changes)
def test_both_engines_say_the_same(changes: dict[str, Any]) -> None:
    facts = make_facts(**changes)

    result = _cedar(facts)

    assert result.diagnostics.errors == []
    assert result.allowed == (evaluate(POLICY, facts).effect == "allow")


def test_both_allow_and_each_translated_rule_refuses() -> None:
    """The comparison above would hold between two engines that always refuse."""
    refusals: dict[str, dict[str, Any]] = {
        "VET-001": {"approval_state": "revoked"},
        "VET-002": {"approval_expires_at": NOW},
        "VET-003": {"approval_approvers": 1},
        "VET-004": {"approval_purposes": []},
        "SUS-001": {"suspended": ["key"]},
        "KEY-001": {"key_operations": []},
        "THR-001": {"threshold_milli": 98_999},
        "PRH-005": {"circumstances": ["altered_probe"]},
        "QUO-001": {"searches_today": 1_000},
        "ALW-001": {"approval_valid_from": NOW + DAY},
    }
    assert set(refusals) == set(TRANSLATED)
    assert _cedar(make_facts()).allowed and evaluate(POLICY, make_facts()).effect == "allow"

    for rule, changes in refusals.items():
        facts = make_facts(**changes)
        assert not _cedar(facts).allowed, rule
        assert rule in {fired.id for fired in evaluate(POLICY, facts).fired}
