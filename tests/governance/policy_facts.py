"""A complete, allowed set of facts to start from: a rescue charity that searches for a victim for the police."""

from __future__ import annotations

import copy
from typing import Any

from common.vocabulary import Attestation
from governance.catalogue import DEFAULT_POLICY_BODY
from governance.policies import Policy

DAY = 86_400_000_000
NOW = 1_790_000_000_000_000
POLICY = Policy.from_body(DEFAULT_POLICY_BODY)

SHIPPED = {"origin": "shipped", "least_threshold_milli": 0, "group_ratio_milli": None, "interval_ratio_milli": None}
_CATEGORIES = ["victim_rescue_ngo", "law_enforcement"]
_OPERATIONS = ["detect", "compare", "enrol", "search", "read_result", "review", "administer"]

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
    "audit_stale": [],
    "threshold_milli": 99_000,
    "key_operations": _OPERATIONS,
    "key_purposes": ["victim_identification"],
    "key_end_users": _CATEGORIES,
    "key_jurisdictions": ["US"],
    "gallery_size": 5_000,
    "gallery_growth": 0,
    "approval_gallery_cap": None,
    "approval_daily_searches": None,
    "approval_attestations": [str(attestation) for attestation in Attestation],
    "circumstances": [],
    "attributes": [],
    "fmr_femto": 100_000_000,
    "evaluations": [SHIPPED],
    "searches_asked": 1,
    "searches_today": 0,
    "searches_in_case": None,
    "searches_of_subject": 0,
    "consent_state": "unnamed",
    "gallery_kept_days": 365,
    "disclosed_until": NOW - 30 * DAY,
    "watchlists": [],
    "case_state": "open",
    "case_purpose": "victim_identification",
    "case_offence": "serious",
    "case_admits": True,
    "authorisations": [],
    "break_glass": [],
    "obligations_met": ["HUM-001", "HUM-002", "HUM-003", "RET-002"],
    "review_training_until": None,
}

# Changes that make it the review of a search's result.
REVIEW: dict[str, Any] = {
    "operation": "review",
    "result_of": "search",
    "threshold_milli": None,
    "engine_version": None,
    "review_training_until": NOW + DAY,
}
# Changes that bring rules into scope which the base facts do not concern.
ENROL: dict[str, Any] = {"operation": "enrol", "threshold_milli": None, "gallery_growth": 1}
POLICE: dict[str, Any] = {
    "tenant_category": "law_enforcement",
    "on_behalf_of": None,
    "purpose": "criminal_investigation",
    "approval_purposes": ["criminal_investigation"],
    "key_purposes": ["criminal_investigation"],
    "case_purpose": "criminal_investigation",
}
WATCH: dict[str, Any] = {
    "operation": "watchlist_realtime",
    "gallery_size": 2_000,
    "approval_operations": ["watchlist_realtime"],
    "key_operations": ["watchlist_realtime"],
    "watchlists": [{"id": "w1", "operation": "festival", "from": NOW, "until": NOW + 1}],
}
IN_EU: dict[str, Any] = {"jurisdiction": "DE", "approval_jurisdictions": ["EU"], "key_jurisdictions": ["EU"]}
DETECT: dict[str, Any] = {"operation": "detect", "threshold_milli": None}
SITUATIONS: dict[str, dict[str, Any]] = {
    "KEY-002": {"operation": "delete", "key_operations": ["delete"]},
    "SUS-002": {"operation": "delete", "key_operations": ["delete"]},
    "PRH-001": {**WATCH, **IN_EU},
    "PRH-002": ENROL,
    "PRH-003": DETECT,
    "CON-001": ENROL,
    "CON-002": ENROL,
    "AGE-001": {**ENROL, "purpose": "journalism"},
    "GAL-002": WATCH,
    "DIS-001": POLICE,
    "HUM-004": REVIEW,
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


def make_grant(**changes: Any) -> dict[str, Any]:
    """Return a live grant of break-glass that covers the base facts."""
    return {
        "id": "b1",
        "purpose": "victim_identification",
        "operations": ["search"],
        "end_user": "law_enforcement",
        "jurisdiction": "US",
        "from": NOW,
        "until": NOW + 1,
        "confirm_by": NOW,
        "confirmed": True,
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
