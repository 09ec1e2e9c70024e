"""Every rule: when it fires and when it does not (`test_policies_missing_facts` has what is missing)."""

from __future__ import annotations

from typing import Any

import pytest

from governance.facts import FACTS
from governance.policies import Verdict, evaluate
from tests.governance.policy_facts import (
    DAY,
    IN_EU,
    NOW,
    POLICE,
    POLICY,
    READ,
    REVIEW,
    make_authorisation,
    make_exemption,
    make_facts,
    make_moratorium,
)


def _ids(verdict: Verdict) -> list[str]:
    return [rule.id for rule in verdict.fired]


def _reason(verdict: Verdict, rule_id: str) -> str:
    return next(rule.reason for rule in verdict.fired if rule.id == rule_id)


EUROPEAN = {**POLICE, **IN_EU}
URGENT = {"kind": "exigent", "ratify_by": NOW + 1}
PHOTO_APP = {
    "tenant_category": "consumer_software",
    "on_behalf_of": None,
    "purpose": "photo_organisation",
    "approval_purposes": ["photo_organisation"],
    "key_purposes": ["photo_organisation"],
    "approval_end_users": ["consumer_software", "law_enforcement"],
    "key_end_users": [],
    "case_purpose": "photo_organisation",
}
ADMINISTER = {"operation": "administer", "threshold_milli": None, "engine_version": None}

_MISUSES: list[dict[str, Any]] = [
    {"purposes": ["missing_person_search"]},
    {"purposes": []},
    {"operations": []},
    {"end_users": []},
    {"end_users": ["victim_rescue_ngo"]},
    {"until": NOW},
    {"from": NOW + 1},
    {"approvers": 1},
]

# (changed facts, the rules that refuse, words of the first rule's reason)
FIRES: list[tuple[dict[str, Any], list[str], str]] = [
    ({"approval_state": "none"}, ["VET-001", "ALW-001"], "never given"),
    ({"approval_state": "revoked"}, ["VET-001", "ALW-001"], "was revoked"),
    ({"approval_expires_at": NOW}, ["VET-002", "ALW-001"], "has expired"),
    ({"approval_valid_from": NOW + 1}, ["VET-002", "ALW-001"], "not valid yet"),
    ({"approval_approvers": 1}, ["VET-003"], "not given by two different people"),
    ({"approval_approvers": 0}, ["VET-003"], "not given by two different people"),
    ({"approval_conflicted": True}, ["VET-003"], "belongs to the applicant"),
    ({"approval_operations": ["detect"]}, ["VET-004", "ALW-001"], "operation search"),
    ({"approval_purposes": []}, ["VET-004", "ALW-001"], "purpose victim_identification"),
    ({"approval_jurisdictions": ["US-NY", "EU"]}, ["VET-004", "ALW-001"], "jurisdiction US-CA"),
    ({"approval_end_users": ["victim_rescue_ngo"]}, ["VET-004", "ALW-001"], "end user law_enforcement"),
    ({"approval_operations": [], "approval_end_users": []}, ["VET-004", "ALW-001"], "operation search, end user"),
    ({**READ, "approval_operations": ["read_result", "detect"]}, ["VET-004", "ALW-001"], "operation search"),
    ({**ADMINISTER, "approval_operations": ["search"]}, ["VET-004", "ALW-001"], "operation administer"),
    ({"engine_version": "sface-2"}, ["VET-005"], "sface-2"),
    ({"approval_engine_versions": []}, ["VET-005"], "sface-1"),
    ({"suspended": ["organisation"]}, ["SUS-001"], "organisation"),
    ({"audit_stale": ["sequencer"]}, ["AUD-002"], "its sequencer has not kept up"),
    ({"audit_stale": ["sequencer", "witness"]}, ["AUD-002"], "its sequencer and witness"),
    ({"suspended": ["collection", "key"]}, ["SUS-001"], "collection, key"),
    ({"moratoria": [make_moratorium()]}, ["MOR-001"], "m1"),
    ({"moratoria": [make_moratorium(categories=["victim_rescue_ngo"])]}, ["MOR-001"], "m1"),
    ({"moratoria": [make_moratorium(categories=[], end_users=["law_enforcement"])]}, ["MOR-001"], "m1"),
    ({"moratoria": [make_moratorium(purposes=["victim_identification"])]}, ["MOR-001"], "m1"),
    ({"moratoria": [make_moratorium(operations=["search"])]}, ["MOR-001"], "m1"),
    ({"moratoria": [make_moratorium(jurisdictions=["US"])]}, ["MOR-001"], "m1"),
    ({"moratoria": [make_moratorium(**{"from": NOW})]}, ["MOR-001"], "m1"),
    ({"moratoria": [make_moratorium(until=NOW + 1)]}, ["MOR-001"], "m1"),
    ({**READ, "moratoria": [make_moratorium(operations=["search"])]}, ["MOR-001"], "m1"),
    ({**READ, "moratoria": [make_moratorium(operations=["read_result"])]}, ["MOR-001"], "m1"),
    ({**ADMINISTER, "moratoria": [make_moratorium()]}, ["MOR-001"], "m1"),
    ({**ADMINISTER, "moratoria": [make_moratorium(operations=["administer"])]}, ["MOR-001"], "m1"),
    ({"moratoria": [make_moratorium(), make_moratorium(id="m2")]}, ["MOR-001"], "m1, m2"),
    (
        {"moratoria": [make_moratorium(), make_moratorium(id="m2")], "exemptions": [make_exemption()]},
        ["MOR-001"],
        "m2",
    ),
    ({"moratoria": [make_moratorium()], "exemptions": [make_exemption(moratorium="m2")]}, ["MOR-001"], "m1"),
    # A moratorium that surely matches is named, although another cannot be told without the purpose.
    (
        {"purpose": None, "moratoria": [make_moratorium(), make_moratorium(id="m2", purposes=["journalism"])]},
        ["INPUT-001", "MOR-001", "ALW-001"],
        "The fact purpose is missing",
    ),
    *(
        ({"moratoria": [make_moratorium()], "exemptions": [make_exemption(**change)]}, ["MOR-001", "MOR-002"], "m1")
        for change in _MISUSES
    ),
    (
        {**READ, "moratoria": [make_moratorium()], "exemptions": [make_exemption(operations=["read_result"])]},
        ["MOR-001", "MOR-002"],
        "m1",
    ),
    ({"on_behalf_of": None}, ["EUS-001"], "victim_rescue_ngo serves others"),
    ({**READ, "on_behalf_of": None}, ["EUS-001"], "victim_rescue_ngo serves others"),
    (
        {
            "purpose": "shopping",
            "approval_purposes": ["shopping"],
            "key_purposes": ["shopping"],
            "case_purpose": "shopping",
        },
        ["PUR-001"],
        "not in the vocabulary",
    ),
    (
        {**POLICE, "tenant_category": "media", "approval_end_users": ["media"], "key_end_users": []},
        ["PUR-001"],
        "media",
    ),
    ({"key_operations": ["detect"]}, ["KEY-001"], "operation search"),
    ({**READ, "key_operations": ["search"]}, ["KEY-001"], "operation read_result"),
    ({"key_operations": []}, ["KEY-001"], "operation search"),
    ({"key_purposes": []}, ["KEY-001"], "purpose victim_identification"),
    ({"key_end_users": ["victim_rescue_ngo"]}, ["KEY-001"], "end user law_enforcement"),
    ({"key_jurisdictions": ["US-NY"]}, ["KEY-001"], "jurisdiction US-CA"),
    ({"threshold_milli": 98_999}, ["THR-001"], "98.999 % is below the 99 %"),
    ({"threshold_milli": 79_500}, ["THR-001", "THR-002"], "79.5 % is below the 99 %"),
    ({"threshold_milli": 0}, ["THR-001", "THR-002"], "A threshold of 0 %"),
    ({**POLICE, "threshold_milli": 98_999}, ["THR-001"], "98.999 %"),
    ({**POLICE, "operation": "compare", "threshold_milli": 98_999}, ["THR-001"], "98.999 %"),
    ({**PHOTO_APP, "on_behalf_of": "law_enforcement", "threshold_milli": 1}, ["THR-001", "THR-002"], "0.001 %"),
    ({"on_behalf_of": "victim_rescue_ngo", "threshold_milli": 79_999}, ["THR-002"], "79.999 % is below the 80 %"),
    (
        {"on_behalf_of": "victim_rescue_ngo", "operation": "compare", "threshold_milli": 79_999},
        ["THR-002"],
        "79.999 % is below the 80 %",
    ),
    ({"case_state": "none"}, ["CASE-001"], "names no case"),
    ({"case_state": "unknown"}, ["CASE-001"], "never opened"),
    ({"case_state": "closed"}, ["CASE-001"], "closed"),
    ({"case_purpose": "missing_person_search"}, ["CASE-001"], "is for missing_person_search"),
    ({"case_admits": False}, ["CASE-001"], "no officer of the case"),
    ({"on_behalf_of": "victim_rescue_ngo", "case_state": "none"}, ["CASE-001"], "names no case"),
    ({"operation": "compare", "case_state": "none"}, ["CASE-001"], "names no case"),
    ({**PHOTO_APP, "on_behalf_of": "law_enforcement", "case_state": "none"}, ["CASE-001"], "names no case"),
    ({"case_offence": "minor"}, ["SEV-001"], "minor, is below serious"),
    ({"case_offence": "moderate"}, ["SEV-001"], "moderate, is below serious"),
    ({"case_offence": "none"}, ["SEV-001"], "none, is below serious"),
    ({"case_offence": None}, ["SEV-001"], "(none stated)"),
    ({**POLICE, "operation": "compare", "case_offence": "minor"}, ["SEV-001"], "minor"),
    (EUROPEAN, ["WAR-001"], "there is none in the case"),
    ({**EUROPEAN, "authorisations": [make_authorisation(until=NOW)]}, ["WAR-001"], "none of the case is valid now"),
    ({**EUROPEAN, "authorisations": [make_authorisation(**{"from": NOW + 1})]}, ["WAR-001"], "valid now"),
    (
        {**EUROPEAN, "authorisations": [make_authorisation(operations=["watchlist_realtime"])]},
        ["WAR-001"],
        "covers the operation search",
    ),
    (
        {**EUROPEAN, "authorisations": [make_authorisation(kind="exigent", ratify_by=NOW)]},
        ["WAR-001", "WAR-002"],
        "covers the operation search",
    ),
    ({"authorisations": [make_authorisation(kind="exigent", ratify_by=NOW)]}, ["WAR-002"], "a1"),
    ({"authorisations": [make_authorisation(kind="exigent", ratify_by=None)]}, ["WAR-002"], "a1"),
    ({**READ, "authorisations": [make_authorisation(kind="exigent", ratify_by=NOW)]}, ["WAR-002"], "a1"),
    ({"obligations_met": []}, ["HUM-001", "HUM-002", "HUM-003", "RET-002"], "masked until two people release it"),
    ({"obligations_met": ["HUM-002", "HUM-003", "RET-002"]}, ["HUM-001"], "cannot mask it"),
    ({**READ, "obligations_met": []}, ["HUM-001", "HUM-002", "HUM-003", "RET-002"], "masked"),
    *(
        (
            {
                "operation": operation,
                "approval_operations": [operation],
                "key_operations": [operation],
                "obligations_met": [],
            },
            ["HUM-001", "HUM-002", "HUM-003", "RET-002"],
            "masked",
        )
        for operation in ("compare", "track", "cluster", "export")
    ),
    ({**REVIEW, "obligations_met": ["HUM-001", "HUM-002", "RET-002"]}, ["HUM-003"], "in words"),
    ({"obligations_met": ["HUM-001", "HUM-002", "HUM-003"]}, ["RET-002"], "keeps none"),
    ({**REVIEW, "review_training_until": None}, ["HUM-004"], "was not attested"),
    ({**REVIEW, "review_training_until": NOW}, ["HUM-004"], "has run out"),
    ({"operation": "delete", "now": ...}, ["INPUT-001", "ALW-001"], "The fact now is missing"),
]


@pytest.mark.parametrize(("changes", "rules", "words"), FIRES)
def test_a_rule_fires(changes: dict[str, Any], rules: list[str], words: str) -> None:
    verdict = evaluate(POLICY, make_facts(**changes))

    assert verdict.effect == "deny"
    assert _ids(verdict) == rules
    assert words in verdict.fired[0].reason
    # Every placeholder of a reason has been filled in.
    assert not any(sign in rule.reason for rule in verdict.fired for sign in "{}")


DOES_NOT_FIRE: list[tuple[str, dict[str, Any]]] = [
    ("VET-001", {}),
    ("VET-002", {"approval_valid_from": NOW, "approval_expires_at": NOW + 1}),
    ("VET-003", {"approval_approvers": 3}),
    ("VET-004", {"approval_jurisdictions": ["US-CA"]}),
    ("VET-004", {"jurisdiction": "DE", "approval_jurisdictions": ["EU"], "key_jurisdictions": ["EU"]}),
    ("VET-004", {**READ, "approval_operations": ["search"]}),
    ("VET-004", {"on_behalf_of": None, **POLICE, "approval_end_users": ["law_enforcement"]}),
    ("VET-005", {"engine_version": None}),
    ("VET-005", {**READ, "engine_version": "sface-0"}),
    ("SUS-001", {"suspended": []}),
    ("MOR-001", {"moratoria": [make_moratorium(categories=["immigration"])]}),
    ("MOR-001", {"moratoria": [make_moratorium(end_users=["victim_rescue_ngo"])]}),
    ("MOR-001", {"moratoria": [make_moratorium(purposes=["criminal_investigation"])]}),
    ("MOR-001", {"moratoria": [make_moratorium(operations=["compare"])]}),
    ("MOR-001", {"moratoria": [make_moratorium(jurisdictions=["US-NY", "EU"])]}),
    ("MOR-001", {"moratoria": [make_moratorium(**{"from": NOW + 1})]}),
    ("MOR-001", {"moratoria": [make_moratorium(until=NOW)]}),
    ("MOR-001", {**ADMINISTER, "moratoria": [make_moratorium(operations=["search"])]}),
    ("MOR-001", {"moratoria": [make_moratorium()], "exemptions": [make_exemption()]}),
    ("MOR-001", {**READ, "moratoria": [make_moratorium()], "exemptions": [make_exemption()]}),
    ("MOR-001", {"moratoria": [make_moratorium()], "exemptions": [make_exemption(until=NOW - 1), make_exemption()]}),
    ("MOR-002", {"exemptions": [make_exemption(purposes=[], approvers=0, until=NOW)]}),
    ("EUS-001", {"on_behalf_of": "victim_rescue_ngo"}),
    ("EUS-001", {**ADMINISTER, "on_behalf_of": None}),
    ("EUS-001", PHOTO_APP),
    ("PUR-001", {**ADMINISTER, "purpose": "x", "approval_purposes": ["x"], "key_purposes": ["x"]}),
    ("KEY-001", {"key_end_users": [], "key_jurisdictions": []}),
    ("KEY-001", {"key_jurisdictions": ["US-CA"]}),
    ("THR-001", {"threshold_milli": 99_000}),
    ("THR-001", {"on_behalf_of": "victim_rescue_ngo", "threshold_milli": 98_999}),
    ("THR-001", {"operation": "enrol", "threshold_milli": None}),
    ("THR-001", READ),
    ("THR-002", {"on_behalf_of": "victim_rescue_ngo", "threshold_milli": 80_000}),
    ("THR-002", {**PHOTO_APP, "threshold_milli": 0}),
    ("THR-002", {**PHOTO_APP, "threshold_milli": None}),
    (
        "THR-002",
        {
            "operation": "compare",
            "tenant_category": "identity_verification",
            "on_behalf_of": None,
            "purpose": "second_factor",
            "approval_purposes": ["second_factor"],
            "approval_end_users": ["identity_verification"],
            "key_purposes": ["second_factor"],
            "key_end_users": [],
            "threshold_milli": 1,
        },
    ),
    ("CASE-001", {**PHOTO_APP, "case_state": "none"}),
    ("CASE-001", {"operation": "enrol", "threshold_milli": None, "case_state": "none"}),
    ("CASE-001", {**READ, "case_state": "closed"}),
    ("SEV-001", {"case_offence": "life_threatening"}),
    ("SEV-001", {"on_behalf_of": "victim_rescue_ngo", "case_offence": "none"}),
    (
        "SEV-001",
        {
            "purpose": "missing_person_search",
            "approval_purposes": ["missing_person_search"],
            "key_purposes": ["missing_person_search"],
            "case_purpose": "missing_person_search",
            "case_offence": "none",
        },
    ),
    ("WAR-001", {**POLICE, "authorisations": []}),
    ("WAR-001", {**EUROPEAN, "authorisations": [make_authorisation()]}),
    ("WAR-001", {**EUROPEAN, "authorisations": [make_authorisation(**URGENT)]}),
    ("WAR-001", {**EUROPEAN, "operation": "enrol", "threshold_milli": None}),
    ("WAR-002", {"authorisations": [make_authorisation(**URGENT)]}),
    ("WAR-002", {"authorisations": [make_authorisation(kind="exigent", ratify_by=NOW, ratified=True)]}),
    ("WAR-002", {**ADMINISTER, "authorisations": [make_authorisation(kind="exigent", ratify_by=NOW)]}),
    ("HUM-001", {"operation": "enrol", "threshold_milli": None, "obligations_met": []}),
    ("HUM-001", {"operation": "detect", "threshold_milli": None, "obligations_met": []}),
    ("HUM-001", {**READ, "result_of": "enrol", "obligations_met": []}),
    ("HUM-001", {**PHOTO_APP, "obligations_met": []}),
    ("RET-002", {**PHOTO_APP, "obligations_met": []}),
    ("RET-002", {"operation": "detect", "threshold_milli": None, "obligations_met": []}),
    ("HUM-004", {**REVIEW, "review_training_until": NOW + 1}),
    ("HUM-004", {"review_training_until": None}),
    ("ALW-002", {"operation": "read_own_decisions", "key_operations": ["read_own_decisions"]}),
]


@pytest.mark.parametrize(("rule", "changes"), DOES_NOT_FIRE)
def test_a_rule_does_not_fire(rule: str, changes: dict[str, Any]) -> None:
    verdict = evaluate(POLICY, make_facts(**changes))

    assert (verdict.effect, _ids(verdict)) == ("allow", [])
    assert verdict.allowed_by == (("ALW-002",) if rule == "ALW-002" else ("ALW-001",))


def test_the_reason_of_a_misused_exemption_says_in_what_respects() -> None:
    exemption = make_exemption(purposes=[], until=NOW - DAY, approvers=1)

    verdict = evaluate(POLICY, make_facts(moratoria=[make_moratorium()], exemptions=[exemption]))

    assert _reason(verdict, "MOR-002").endswith("e1 (purpose, dates, fewer than two approvers).")


@pytest.mark.parametrize("operation", ["delete", "read_own_decisions"])
def test_stopping_never_blocks_rights(operation: str) -> None:
    told = ("now", "operation", "suspended", "key_operations")
    nothing_else = {name: ... for name in FACTS if name not in told} | {"key_operations": [operation]}
    stopped = {
        "approval_state": "revoked",
        "suspended": ["organisation", "collection"],
        "moratoria": [make_moratorium()],
        "on_behalf_of": None,
        "purpose": "?",
        "key_operations": [operation],
    }

    for changes in (stopped, nothing_else):
        verdict = evaluate(POLICY, make_facts(**(changes | {"operation": operation})))
        assert (verdict.effect, verdict.allowed_by) == ("allow", ("ALW-002",))


@pytest.mark.parametrize("use", [{}, READ, REVIEW, {"operation": "compare"}])
def test_who_searches_for_an_investigation_is_obliged(use: dict[str, Any]) -> None:
    assert evaluate(POLICY, make_facts(**use)).obligations == ("HUM-001", "HUM-002", "HUM-003", "RET-002")


@pytest.mark.parametrize("use", [PHOTO_APP, {"operation": "enrol", "threshold_milli": None}])
def test_who_does_anything_else_is_not(use: dict[str, Any]) -> None:
    assert evaluate(POLICY, make_facts(**use)).obligations == ()


RIGHTS = pytest.mark.parametrize("operation", ["delete", "read_own_decisions"])


@RIGHTS
def test_a_right_takes_a_key_or_role_that_may(operation: str) -> None:
    verdict = evaluate(POLICY, make_facts(operation=operation, key_operations=["detect"]))

    assert _ids(verdict) == ["KEY-002"]
    assert operation in _reason(verdict, "KEY-002")


@RIGHTS
@pytest.mark.parametrize("holder", ["user", "key"])
def test_who_is_suspended_exercises_no_right(operation: str, holder: str) -> None:
    stopped = ["organisation", holder]

    verdict = evaluate(POLICY, make_facts(operation=operation, key_operations=[operation], suspended=stopped))

    assert _ids(verdict) == ["SUS-002"]
    assert _reason(verdict, "SUS-002").endswith(f"rights: {holder}.")
