"""Every rule in its order, the policy that ships with the platform, and the reference page made from both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from governance.facts import FACTS
from governance.rules.approval import ALW_RULES, VET_RULES
from governance.rules.casework import CASE_RULES, SEV_RULES, WAR_RULES
from governance.rules.emergency import BRK_RULES
from governance.rules.evidence import EVIDENCE_RULES
from governance.rules.extent import EXTENT_RULES
from governance.rules.prohibited import AGE_RULES, PRH_RULES
from governance.rules.reliability import RELIABILITY_RULES
from governance.rules.review import HUM_RULES
from governance.rules.rule import Default, Rule
from governance.rules.situation import DIMENSIONS
from governance.rules.stopping import MOR_RULES, SUS_RULES
from governance.rules.structural import AUD_001, INPUT_001
from governance.rules.subjects import CON_RULES, RET_RULES
from governance.rules.thresholds import THR_RULES
from governance.rules.usage import EUS_RULES, KEY_RULES, PUR_RULES

# The order in which a refusal lists its reasons.
CATALOGUE: Final[dict[str, Rule]] = {
    rule.id: rule
    for rule in (
        INPUT_001,
        *VET_RULES,
        *SUS_RULES,
        *MOR_RULES,
        *EUS_RULES,
        *PUR_RULES,
        *KEY_RULES,
        *SEV_RULES,
        *CASE_RULES,
        *WAR_RULES,
        *PRH_RULES,
        *AGE_RULES,
        *THR_RULES,
        *RELIABILITY_RULES,
        *EXTENT_RULES,
        *CON_RULES,
        *RET_RULES,
        *HUM_RULES,
        AUD_001,
        *EVIDENCE_RULES,
        *BRK_RULES,
        *ALW_RULES,
    )
}
POSITION: Final = {id_: position for position, id_ in enumerate(CATALOGUE)}


def rule_ids() -> tuple[str, ...]:
    """Return the id of every rule, in catalogue order."""
    return tuple(CATALOGUE)


def plain(value: Any) -> Any:
    """Return the value with enum members turned into text, as it comes back from a JSON column."""
    if isinstance(value, Mapping):
        return {str(key): plain(member) for key, member in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return str(value) if isinstance(value, str) else value


def _setting(rule: Rule, default: Default) -> dict[str, Any]:
    return {
        "id": rule.id,
        "selector": {dimension: plain(default.selector.get(dimension, [])) for dimension in DIMENSIONS},
        "parameters": plain(default.parameters),
        "source": rule.source,
        "effective_from": default.effective_from,
        "effective_until": None,
    }


# What an operator may change is here; what a rule means (its words, its facts, its effect) is code.
DEFAULT_POLICY_BODY: Final[dict[str, Any]] = {
    "version": 11,
    "rules": [_setting(rule, default) for rule in CATALOGUE.values() for default in rule.defaults],
}


def mandatory_rules() -> list[dict[str, Any]]:
    """Return the rules that every policy contains, as its body has them."""
    return [setting for setting in DEFAULT_POLICY_BODY["rules"] if CATALOGUE[setting["id"]].is_mandatory]


def as_markdown() -> str:
    """Return `docs/reference/rules.md`."""
    return "\n".join([*_preface(), *(line for rule in CATALOGUE.values() for line in _section(rule)), *_facts()]) + "\n"


def _preface() -> Iterator[str]:
    yield from (
        "# Rules",
        "",
        "Made by `manage.py rules_reference`; do not edit. Rules are modelled on law and policy, each with its source;",
        "nothing here is legal advice. Deny always wins, no allow means deny, and every rule is evaluated: a refusal",
        "lists every reason. A rule speaks only where its selector matches and between its dates; a fact that it needs",
        "and does not get refuses the request (INPUT-001). *Spares rights* marks the rules that never stand in the way",
        "of deletion or of reading one's own decisions.",
        "",
        "| id | rule | effect | spares rights |",
        "|---|---|---|---|",
    )
    for rule in CATALOGUE.values():
        spares = "yes" if rule.spares_rights else ""
        yield f"| [{rule.id}](#{rule.id.lower()}) | {rule.title} | {rule.effect} | {spares} |"
    yield ""


def _section(rule: Rule) -> Iterator[str]:
    yield from (f"## {rule.id}", "", f"**{rule.title}.** {rule.sentence}", "")
    if rule.reason:
        yield f"- Says: “{rule.reason}”"
    yield f"- Modelled on: {rule.source}"
    yield f"- Enforced by: {rule.enforced_by}{'; a policy cannot leave it out' if rule.is_mandatory else ''}"
    if rule.needs:
        yield f"- Needs: {', '.join(f'`{name}`' for name in rule.needs)}"
    for parameter in rule.parameters:
        yield f"- Parameter `{parameter.name}` ({parameter.type}): {parameter.sentence}"
    for default in rule.defaults:
        yield f"- Default: {_default(default)}"
    yield ""


def _default(default: Default) -> str:
    words = [
        *(f"{dimension} {', '.join(slugs)}" for dimension, slugs in default.selector.items()),
        *(f"`{name}` = {_value(value)}" for name, value in default.parameters.items()),
        f"from {_day(default.effective_from)}" if default.effective_from else "always",
    ]
    return "; ".join(words)


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return " · ".join(f"{key}: {_value(member)}" for key, member in value.items())
    return ", ".join(value) if isinstance(value, list) else str(value)


def _day(microseconds: int) -> str:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)).date().isoformat()


def _facts() -> Iterator[str]:
    yield from ("## Facts", "", "| fact | type | from | says |", "|---|---|---|---|")
    for spec in FACTS.values():
        kind = spec.type.replace("|", "\\|")
        yield f"| `{spec.name}` | {kind} | {spec.source} | {spec.sentence} |"
