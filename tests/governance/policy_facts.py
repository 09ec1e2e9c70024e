"""A complete, allowed set of facts to start from: a rescue charity that searches for a victim for the police."""

from __future__ import annotations

import copy
from typing import Any

from governance.catalogue import DEFAULT_POLICY_BODY
from governance.policies import Policy

DAY = 86_400_000_000
NOW = 1_790_000_000_000_000
POLICY = Policy.from_body(DEFAULT_POLICY_BODY)

_CATEGORIES = ["victim_rescue_ngo", "law_enforcement"]
_OPERATIONS = ["detect", "compare", "enrol", "search", "read_result", "administer"]

BASE: dict[str, Any] = {
    "now": NOW,
    "operation": "search",
    "result_of": None,
    "purpose": "victim_identification",
    "on_behalf_of": "law_enforcement",
    "jurisdiction": "US-CA",
    "tenant_category": "victim_rescue_ngo",
    "approval_state": "live",
    "approval_valid_from": NOW - 30 * DAY,
    "approval_expires_at": NOW + 300 * DAY,
    "approval_approvers": 2,
    "approval_conflicted": False,
    "approval_purposes": ["victim_identification"],
    "approval_operations": _OPERATIONS,
    "approval_jurisdictions": ["US"],
    "approval_end_users": _CATEGORIES,
    "approval_engine_versions": ["sface-1"],
    "engine_version": "sface-1",
    "suspended": [],
    "moratoria": [],
    "exemptions": [],
    "threshold_milli": 99_000,
    "key_operations": _OPERATIONS,
    "key_purposes": ["victim_identification"],
    "key_end_users": _CATEGORIES,
    "key_jurisdictions": ["US"],
    "gallery_size": 5_000,
    "case_state": "open",
    "case_purpose": "victim_identification",
    "case_offence": "serious",
    "case_admits": True,
    "authorisations": [],
}

# What else must be so that a rule is in scope, where the base facts are outside it.
IN_SCOPE: dict[str, dict[str, Any]] = {
    "WAR-001": {"purpose": "criminal_investigation", "jurisdiction": "DE"},
}

# Changes that make it the reading of a search's result.
READ: dict[str, Any] = {
    "operation": "read_result",
    "result_of": "search",
    "threshold_milli": None,
    "engine_version": None,
}

_ANYTHING: dict[str, Any] = {"categories": [], "end_users": [], "purposes": [], "operations": [], "jurisdictions": []}


def make_facts(**changes: Any) -> dict[str, Any]:
    """Return the base facts with changes; a change to `...` leaves the fact out."""
    facts = copy.deepcopy(BASE) | changes
    return {name: value for name, value in facts.items() if value is not ...}


def make_moratorium(**changes: Any) -> dict[str, Any]:
    """Return a live moratorium on the police."""
    return {**_ANYTHING, "id": "m1", "from": NOW - DAY, "until": None, "categories": ["law_enforcement"], **changes}


def make_exemption(**changes: Any) -> dict[str, Any]:
    """Return a live exemption from it that covers the base facts."""
    return {
        "id": "e1",
        "moratorium": "m1",
        "purposes": ["victim_identification"],
        "operations": ["search"],
        "end_users": ["law_enforcement"],
        "from": NOW - DAY,
        "until": NOW + DAY,
        "approvers": 2,
        **changes,
    }


def make_authorisation(**changes: Any) -> dict[str, Any]:
    """Return a warrant that is valid now and covers searches."""
    return {
        "id": "a1",
        "kind": "warrant",
        "operations": ["search"],
        "from": NOW - DAY,
        "until": NOW + DAY,
        "ratify_by": None,
        "ratified": False,
        **changes,
    }


def make_body(**changes: Any) -> dict[str, Any]:
    """Return the default policy body; each change is a rule id (`_` for `-`) and its members, None to drop it."""
    body: dict[str, Any] = copy.deepcopy(DEFAULT_POLICY_BODY)
    by_id = {name.replace("_", "-"): members for name, members in changes.items()}
    body["rules"] = [
        {**setting, **by_id.get(setting["id"], {})}
        for setting in body["rules"]
        if by_id.get(setting["id"], {}) is not None
    ]
    return body
