"""The catalogue is complete and its reference page is in step."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from string import Formatter

import pytest
from django.core.management import call_command

from common.vocabulary import RIGHTS, CustomerCategory, Operation, Purpose
from governance.catalogue import CATALOGUE, DEFAULT_POLICY_BODY, as_markdown, rule_ids
from governance.facts import FACT_TYPES, FACTS
from governance.policies import Effect
from governance.rules.rule import PARAMETER_TYPES, EnforcedBy, Rule
from governance.rules.usage import PURPOSE_CATEGORIES

WRITE = 'make manage C="rules_reference docs/reference/rules.md"'
REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "rules.md"
RULES = pytest.mark.parametrize("rule", CATALOGUE.values(), ids=lambda rule: rule.id)


def test_the_reference_page_is_in_step_with_the_catalogue() -> None:
    assert REFERENCE.read_text(encoding="utf-8") == as_markdown(), f"write it again: {WRITE}"


def test_the_catalogue_has_the_rules_of_this_release() -> None:
    assert rule_ids() == (
        *("INPUT-001", "VET-001", "VET-002", "VET-003", "VET-004", "VET-005", "SUS-001", "SUS-002"),
        *("MOR-001", "MOR-002"),
        *("EUS-001", "PUR-001", "KEY-001", "KEY-002", "SEV-001", "CASE-001", "WAR-001", "WAR-002"),
        *("PRH-001", "PRH-002", "PRH-003", "PRH-004", "PRH-005", "AGE-001"),
        *("THR-001", "THR-002", "THR-003", "THR-004", "QUAL-001"),
        *("GAL-001", "GAL-002", "QUO-001", "QUO-002", "SRV-001", "DIS-001"),
        *("CON-001", "CON-002", "RET-001"),
        *("HUM-001", "HUM-002", "HUM-003", "HUM-004", "RET-002"),
        *("AUD-001", "AUD-002", "BRK-001", "BRK-002", "ALW-001", "ALW-002"),
    )


def test_the_command_writes_the_reference_page(tmp_path: Path) -> None:
    printed = StringIO()

    call_command("rules_reference", str(tmp_path / "rules.md"))
    call_command("rules_reference", stdout=printed)

    assert (tmp_path / "rules.md").read_text(encoding="utf-8") == printed.getvalue() == as_markdown()


@RULES
def test_a_rule_needs_only_declared_facts_and_sets_only_declared_parameters(rule: Rule) -> None:
    names = {parameter.name for parameter in rule.parameters}

    assert set(rule.needs) <= set(FACTS)
    assert all(set(default.parameters) == names for default in rule.defaults)
    assert all(parameter.type in PARAMETER_TYPES for parameter in rule.parameters)


@RULES
def test_a_rule_explains_itself(rule: Rule) -> None:
    assert rule.title and rule.sentence.endswith(".") and rule.source and rule.defaults
    assert rule.reason or rule.effect is Effect.ALLOW
    assert (rule.check is not None) == (rule.enforced_by is EnforcedBy.RULE)


def test_a_refusal_by_the_ledger_needs_no_facts_for_its_words() -> None:
    assert [name for _, name, _, _ in Formatter().parse(CATALOGUE["AUD-001"].reason) if name] == []


def test_no_rule_allows_before_every_rule_that_denies_has_begun() -> None:
    settings = DEFAULT_POLICY_BODY["rules"]
    last_deny = max(item["effective_from"] for item in settings if CATALOGUE[item["id"]].effect is Effect.DENY)

    allowing = next(item for item in settings if item["id"] == "ALW-001")

    assert allowing["effective_from"] >= last_deny


def test_only_structural_rules_and_those_about_who_exercises_them_reach_rights() -> None:
    reaching = {rule.id for rule in CATALOGUE.values() if not rule.spares_rights}

    assert reaching == {"INPUT-001", "SUS-002", "KEY-002", "AUD-001", "ALW-002"}
    assert set(RIGHTS) == {Operation.DELETE, Operation.READ_OWN_DECISIONS}


def test_every_purpose_is_open_to_somebody_and_every_fact_has_a_known_type() -> None:
    assert set(PURPOSE_CATEGORIES) == set(Purpose)
    assert all(categories and set(categories) <= set(CustomerCategory) for categories in PURPOSE_CATEGORIES.values())
    assert {spec.type for spec in FACTS.values()} == set(FACT_TYPES)
