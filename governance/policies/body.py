"""The body of a policy version: a closed JSON schema, checked once and then immutable.

A slug that is not in the vocabulary is refused: in a selector it would quietly match nothing and turn its rule off.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from common.canonical import NotCanonical, digest
from common.errors import Unprocessable
from governance.catalogue import CATALOGUE, POSITION
from governance.facts import CATEGORY_SLUGS, INT_LIMIT, JURISDICTION_SLUGS, OPERATION_SLUGS, PURPOSE_SLUGS
from governance.rules.rule import PARAMETER_TYPES, Rule
from governance.rules.situation import Selector

_SLUGS: Final = {
    "categories": CATEGORY_SLUGS,
    "end_users": CATEGORY_SLUGS,
    "purposes": PURPOSE_SLUGS,
    "operations": OPERATION_SLUGS,
    "jurisdictions": JURISDICTION_SLUGS,
}
_BODY_MEMBERS: Final = frozenset({"version", "rules"})
_SETTING_MEMBERS: Final = frozenset({"id", "selector", "parameters", "source", "effective_from", "effective_until"})


class PolicyInvalid(Unprocessable):
    """A policy body that is not of the schema; `extra["errors"]` has a JSON pointer to the fault."""

    code = "policy-invalid"
    title = "The policy body is not valid"

    def __init__(self, detail: str, *, pointer: str) -> None:
        errors = [{"pointer": pointer, "code": self.code, "detail": detail}]
        super().__init__(f"{detail} ({pointer})" if pointer else detail, errors=errors)


@dataclass(frozen=True, slots=True)
class RuleSetting:
    """How a policy sets one rule.

    Attributes:
        id: of a rule in the catalogue.
        selector: the situations that it is about; the dimensions that it does not narrow are left out.
        parameters: a value for each parameter of the rule; lists as frozensets.
        source: the law or policy that the operator names for it.
        effective_from: first instant at which it takes part, in microseconds since the Unix epoch.
        effective_until: first instant at which it no longer does; None for no end.
    """

    id: str
    selector: Selector
    parameters: Mapping[str, Any]
    source: str
    effective_from: int
    effective_until: int | None


@dataclass(frozen=True, slots=True)
class Policy:
    """One policy version, ready to judge by; `rules` are in catalogue order."""

    version: int
    digest: str
    rules: tuple[RuleSetting, ...]

    @classmethod
    def from_body(cls, body: Mapping[str, Any]) -> Policy:
        """Check the body of a policy version and make it immutable.

        Raises:
            PolicyInvalid: a member is missing, unknown or of the wrong type, or a mandatory rule is not there.
        """
        _expect_members(body, _BODY_MEMBERS, pointer="")
        _expect(_is_int(body["version"]) and body["version"] >= 1, "A version is a whole number from 1", "/version")
        _expect(isinstance(body["rules"], list), "Rules are a list", "/rules")
        settings = [_setting(item, pointer=f"/rules/{index}") for index, item in enumerate(body["rules"])]
        ids = [setting.id for setting in settings]
        for rule in CATALOGUE.values():
            if rule.is_mandatory:
                _expect(ids.count(rule.id) == 1, f"A policy contains {rule.id} exactly once", "/rules")
        try:
            body_digest = digest(body)
        except NotCanonical as error:
            raise PolicyInvalid(str(error), pointer="") from error
        rules = tuple(sorted(settings, key=lambda setting: POSITION[setting.id]))
        return cls(version=body["version"], digest=body_digest, rules=rules)


def _setting(item: object, *, pointer: str) -> RuleSetting:
    item = _expect_members(item, _SETTING_MEMBERS, pointer=pointer)
    _expect(isinstance(item["id"], str) and item["id"] in CATALOGUE, "There is no such rule", f"{pointer}/id")
    rule = CATALOGUE[item["id"]]
    _expect(isinstance(item["source"], str) and item["source"] != "", "A source is text", f"{pointer}/source")
    start, end = item["effective_from"], item["effective_until"]
    _expect(_is_time(start), "A time is in whole microseconds", f"{pointer}/effective_from")
    is_end = end is None or (_is_time(end) and end > start)
    _expect(is_end, "An end is null or a later time", f"{pointer}/effective_until")
    selector = _selector(item["selector"], pointer=f"{pointer}/selector")
    is_conditional = bool(selector) or start != 0 or end is not None
    _expect(not (rule.is_mandatory and is_conditional), "This rule holds always and for everything", pointer)
    parameters = _parameters(item["parameters"], rule=rule, pointer=f"{pointer}/parameters")
    return RuleSetting(rule.id, selector, parameters, item["source"], start, end)


def _selector(value: object, *, pointer: str) -> Selector:
    members = _expect_members(value, frozenset(_SLUGS), pointer=pointer)
    for dimension, slugs in _SLUGS.items():
        chosen = members[dimension]
        is_known = isinstance(chosen, list) and all(isinstance(item, str) and item in slugs for item in chosen)
        _expect(is_known, "A dimension is a list of slugs of the vocabulary", f"{pointer}/{dimension}")
    # An empty dimension says nothing, so the evaluator need not look at it.
    return MappingProxyType({dimension: frozenset(chosen) for dimension, chosen in members.items() if chosen})


def _parameters(value: object, *, rule: Rule, pointer: str) -> Mapping[str, Any]:
    members = _expect_members(value, frozenset(parameter.name for parameter in rule.parameters), pointer=pointer)
    for parameter in rule.parameters:
        is_typed = PARAMETER_TYPES[parameter.type](members[parameter.name])
        _expect(is_typed, f"This is not of type {parameter.type}", f"{pointer}/{parameter.name}")
    return MappingProxyType({name: _frozen(member) for name, member in members.items()})


def _frozen(value: Any) -> Any:
    if isinstance(value, list):
        return frozenset(value)
    if isinstance(value, Mapping):
        return MappingProxyType({key: _frozen(member) for key, member in value.items()})
    return value


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_time(value: Any) -> bool:
    return _is_int(value) and 0 <= value < INT_LIMIT


def _expect(condition: bool, detail: str, pointer: str) -> None:
    if not condition:
        raise PolicyInvalid(f"{detail}.", pointer=pointer)


def _expect_members(value: object, members: frozenset[str], *, pointer: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping) or value.keys() != members:
        raise PolicyInvalid(f"An object with exactly these members belongs here: {sorted(members)}.", pointer=pointer)
    return value
