"""The rules about what is prohibited, reliable, counted and accounted for: when each fires, and when it does not."""

from __future__ import annotations

from typing import Any

import pytest

from common.vocabulary import Attestation
from governance.catalogue import CATALOGUE
from governance.policies import Policy, evaluate, limits_of, next_boundary
from governance.rules.rule import Effect
from tests.governance import test_policies_rules as others
from tests.governance.policy_facts import (
    DAY,
    DETECT,
    ENROL,
    IN_EU,
    NOW,
    POLICE,
    POLICY,
    REVIEW,
    SHIPPED,
    WATCH,
    make_authorisation,
    make_body,
    make_facts,
)

PHOTO_APP = others.PHOTO_APP
LOCAL = {"origin": "local", "least_threshold_milli": 80_000, "group_ratio_milli": 3_000, "interval_ratio_milli": 2_000}


def _without(*attestations: Attestation) -> list[str]:
    return [str(item) for item in Attestation if item not in attestations]


def _watchlist(**changes: Any) -> list[dict[str, Any]]:
    return [{"id": "w1", "operation": "festival", "from": NOW - DAY, "until": NOW + DAY, **changes}]


# (rule, changed facts, words of its reason)
FIRES: list[tuple[str, dict[str, Any], str]] = [
    ("PRH-001", {**WATCH, **IN_EU}, "authorisation of a court"),
    ("PRH-001", {**WATCH, "jurisdiction": "EU", **{"tenant_category": "immigration"}}, "authorisation"),
    ("PRH-002", {**ENROL, "circumstances": ["scraped_source"]}, "the request states scraped_source"),
    (
        "PRH-002",
        {**ENROL, "approval_attestations": _without(Attestation.PROVENANCE_KNOWN)},
        "has not attested provenance_known",
    ),
    ("PRH-002", {**ENROL, **PHOTO_APP, "circumstances": ["scraped_source"]}, "states scraped_source"),
    # A photo app that works for somebody else must attest, too.
    (
        "PRH-002",
        {**ENROL, **PHOTO_APP, "on_behalf_of": "law_enforcement", "approval_attestations": []},
        "has not attested",
    ),
    ("PRH-003", {**DETECT, "attributes": ["Race"]}, "here: race"),
    ("PRH-003", {**DETECT, "tenant_category": "employer", "attributes": ["emotions"]}, "here: emotions"),
    ("PRH-003", {**DETECT, "on_behalf_of": "education", "attributes": ["emotions"]}, "here: emotions"),
    ("PRH-004", {"circumstances": ["protest_targeting"]}, "states protest_targeting"),
    ("PRH-004", {"approval_attestations": _without(Attestation.NO_TRAIT_TARGETING)}, "no_trait_targeting"),
    ("PRH-005", {"circumstances": ["altered_probe"]}, "states altered_probe"),
    ("PRH-005", {"operation": "compare", "circumstances": ["altered_probe"]}, "states altered_probe"),
    ("PRH-005", {"approval_attestations": []}, "has not attested unaltered_probes"),
    ("AGE-001", {**ENROL, "purpose": "journalism", "circumstances": ["minor_subject"]}, "minor_subject"),
    ("AGE-001", {**ENROL, "purpose": "access_control", "approval_attestations": []}, "adults_only"),
    ("THR-003", {"gallery_size": 50_000_001}, "In a gallery of 50,000,001 faces at most 1 in"),
    ("THR-003", {**POLICE, "gallery_size": 1_000, "fmr_femto": 1_000_499_834}, "at most 1 in 999,500"),
    ("THR-003", {**POLICE, "gallery_size": 10**15, "fmr_femto": 1}, "at most none"),
    ("THR-004", {"evaluations": []}, "no evaluation report"),
    ("THR-004", {"evaluations": [LOCAL | {"least_threshold_milli": 99_001}]}, "does not cover"),
    ("THR-004", {"evaluations": [LOCAL | {"group_ratio_milli": 10_001}]}, "differ too much"),
    ("THR-004", {"evaluations": [LOCAL | {"group_ratio_milli": None}]}, "or were not measured"),
    ("THR-004", {"evaluations": [LOCAL | {"interval_ratio_milli": 10_001}]}, "interval"),
    ("GAL-001", {"approval_gallery_cap": 4_999}, "would hold 5,000 faces; at most 4,999"),
    ("GAL-001", {**ENROL, "approval_gallery_cap": 5_000}, "would hold 5,001"),
    ("GAL-001", {**WATCH, "gallery_size": 2_001}, "at most 2,000"),
    ("GAL-001", {**WATCH, "approval_gallery_cap": 1_999}, "at most 1,999"),
    ("GAL-002", {**WATCH, "watchlists": []}, "not bound to any operation"),
    ("GAL-002", {**WATCH, "watchlists": _watchlist(until=NOW)}, "expired"),
    ("GAL-002", {**WATCH, "watchlists": _watchlist(**{"from": NOW + 1})}, "expired"),
    ("GAL-002", {**WATCH, "watchlists": _watchlist(operation="")}, "expired"),
    ("QUO-001", {"searches_today": 1_000}, "its 1,000 searches"),
    ("QUO-001", {"searches_asked": 500, "searches_today": 501}, "its 1,000 searches"),
    ("QUO-001", {"approval_daily_searches": 10, "searches_today": 10}, "its 10 searches"),
    ("QUO-002", {"searches_in_case": 500}, "its 500 searches"),
    ("SRV-001", {"searches_of_subject": 20}, "independent review"),
    ("DIS-001", {**POLICE, "disclosed_until": NOW - 395 * DAY}, "overdue by 0 days"),
    ("CON-001", {**ENROL, "jurisdiction": "US-IL", "approval_attestations": []}, "in: US-IL."),
    ("CON-001", {**ENROL, "jurisdiction": "DE", "approval_attestations": []}, "in: EU."),
    # Who says US does not say that it is not Illinois.
    ("CON-001", {**ENROL, "jurisdiction": "US", "approval_attestations": []}, "in: US-IL, US-TX, US-WA."),
    ("CON-001", {**ENROL, "jurisdiction": "US-IL", "approval_attestations": [], "consent_state": "none"}, "US-IL"),
    ("CON-002", {**ENROL, "consent_state": "withdrawn"}, "has withdrawn consent"),
    ("DIS-001", {**POLICE, "disclosed_until": NOW - 400 * DAY}, "overdue by 5 days"),
    ("RET-001", {"gallery_kept_days": 0}, "has met its purpose, or is under a legal hold"),
    ("RET-001", {**ENROL, "gallery_kept_days": 0}, "has met its purpose"),
    ("RET-001", {"gallery_kept_days": 1_096}, "keeps faces for 1,096 days, where 1,095 are allowed"),
]
DOES_NOT_FIRE: list[tuple[str, dict[str, Any]]] = [
    ("PRH-001", {**WATCH, **IN_EU, "authorisations": [make_authorisation(operations=["watchlist_realtime"])]}),
    ("PRH-001", WATCH),
    ("PRH-001", IN_EU),
    ("PRH-002", ENROL),
    ("PRH-002", {"circumstances": ["scraped_source"]}),
    ("PRH-002", {**ENROL, **PHOTO_APP, "approval_attestations": []}),
    ("PRH-003", {**DETECT, "attributes": ["emotions", "eyeglasses"]}),
    ("PRH-003", {**DETECT, "tenant_category": "employer", "attributes": ["eyeglasses"]}),
    ("PRH-004", {}),
    ("PRH-004", {**PHOTO_APP, "approval_attestations": []}),
    ("PRH-005", {"circumstances": ["minor_subject"]}),
    ("AGE-001", {**ENROL, "circumstances": ["minor_subject"]}),
    ("AGE-001", {**ENROL, **PHOTO_APP, "approval_attestations": []}),
    ("THR-003", {"gallery_size": 50_000_000}),
    ("THR-003", {"gallery_size": 0, "fmr_femto": 10**15}),
    ("THR-003", {**POLICE, "gallery_size": 1_000, "fmr_femto": 1_000_499_833}),
    ("THR-003", {**PHOTO_APP, "gallery_size": 10**9, "fmr_femto": None}),
    ("THR-004", {"evaluations": [SHIPPED]}),
    ("THR-004", {"evaluations": [LOCAL]}),
    ("THR-004", {**PHOTO_APP, "evaluations": []}),
    ("GAL-001", {"gallery_size": 10**9}),
    ("GAL-001", {"approval_gallery_cap": 5_000}),
    ("GAL-001", {**ENROL, "approval_gallery_cap": 5_001}),
    ("GAL-002", WATCH),
    ("QUO-001", {"searches_today": 999}),
    ("QUO-001", {"searches_asked": 0, "searches_today": 1_000}),
    ("QUO-001", {**PHOTO_APP, "searches_today": 10**6}),
    ("QUO-002", {"searches_in_case": None}),
    ("QUO-002", {"searches_in_case": 499}),
    ("SRV-001", {"searches_of_subject": 19}),
    ("SRV-001", {"searches_of_subject": None}),
    ("DIS-001", {**POLICE, "disclosed_until": NOW - 395 * DAY + 1}),
    ("DIS-001", {"disclosed_until": 0}),
    ("CON-001", {**ENROL, "jurisdiction": "US-IL"}),
    ("CON-001", {**ENROL, "jurisdiction": "US-IL", "approval_attestations": [], "consent_state": "live"}),
    ("CON-001", {**ENROL, "jurisdiction": "US-CA", "approval_attestations": []}),
    ("CON-001", {"jurisdiction": "US-IL", "approval_attestations": []}),
    ("CON-002", {**ENROL, "consent_state": "live"}),
    ("CON-002", {"consent_state": "withdrawn"}),
    ("RET-001", {"gallery_kept_days": 1_095}),
    ("RET-001", {"gallery_kept_days": None}),
    ("RET-001", {**DETECT, "gallery_kept_days": 0}),
    ("AUD-002", {"audit_stale": []}),
]


@pytest.mark.parametrize(("rule", "changes", "words"), FIRES)
def test_a_rule_fires(rule: str, changes: dict[str, Any], words: str) -> None:
    verdict = evaluate(POLICY, make_facts(**changes))

    reasons = {fired.id: fired.reason for fired in verdict.fired}
    assert verdict.effect == "deny"
    assert words in reasons[rule]
    assert not any(sign in reasons[rule] for sign in "{}")


@pytest.mark.parametrize(("rule", "changes"), DOES_NOT_FIRE)
def test_a_rule_does_not_fire(rule: str, changes: dict[str, Any]) -> None:
    verdict = evaluate(POLICY, make_facts(**changes))

    assert rule not in {fired.id for fired in verdict.fired}
    assert not any(rule in fired.reason for fired in verdict.fired if fired.id == "INPUT-001")


def test_every_rule_that_denies_by_facts_is_in_both_tables() -> None:
    firing = {rule for rule, _, _ in FIRES} | {rule for _, rules, _ in others.FIRES for rule in rules}
    silent = {rule for rule, _ in DOES_NOT_FIRE} | {rule for rule, _ in others.DOES_NOT_FIRE}
    judged = {rule.id for rule in CATALOGUE.values() if rule.check is not None and rule.effect is Effect.DENY}
    # `test_policies_rules` has tests of their own for those about rights.
    assert judged - {"KEY-002", "SUS-002"} <= firing & silent


def test_a_policy_may_refuse_the_shipped_summary() -> None:
    parameters = {"accepts_shipped": False, "most_group_ratio_milli": 1, "most_interval_ratio_milli": 1}
    policy = Policy.from_body(make_body(THR_004={"parameters": parameters}))

    assert [rule.id for rule in evaluate(policy, make_facts()).fired] == ["THR-004"]


def test_limits_are_the_strictest_of_all_rules_in_scope() -> None:
    limits = limits_of(POLICY, make_facts(approval_daily_searches=7, approval_gallery_cap=9_000))

    assert limits.stated() == {
        "threshold_floor_milli": 99_000,
        "quality_floor_milli": 20_000,
        "fmr_ceiling_femto": 10**12,
        "gallery_cap": 9_000,
        "searches_today": 7,
        "searches_in_case": 500,
        "searches_of_subject": 20,
        "retention_days": 1_095,
    }


def test_a_photo_app_has_no_limit_but_that_of_the_law_on_keeping() -> None:
    assert limits_of(POLICY, make_facts(**PHOTO_APP)).stated() == {"retention_days": 1_095}


@pytest.mark.parametrize(
    ("rule", "name"),
    [("GAL-001", "gallery_cap"), ("QUO-001", "searches_today"), ("THR-003", "fmr_ceiling_femto")],
)
def test_a_limit_whose_facts_are_not_usable_leaves_the_refusal_to_the_rule(rule: str, name: str) -> None:
    unusable: dict[str, Any] = {fact: ... for fact in CATALOGUE[rule].needs}

    verdict = evaluate(POLICY, make_facts(**unusable))

    assert getattr(verdict.limits, name) in (None, 1_000)
    assert any(rule in fired.reason for fired in verdict.fired if fired.id == "INPUT-001")


def test_time_alone_makes_reports_overdue_and_watch_lists_end() -> None:
    assert next_boundary(POLICY, make_facts(**POLICE, disclosed_until=NOW - 394 * DAY)) == NOW + DAY
    assert next_boundary(POLICY, make_facts(**(WATCH | {"watchlists": _watchlist(until=NOW + 3)}))) == NOW + 3
    assert next_boundary(POLICY, make_facts(**(REVIEW | {"review_training_until": NOW + 5}))) == NOW + 5
    assert next_boundary(POLICY, make_facts(**(REVIEW | {"review_training_until": None}))) != NOW + 5
