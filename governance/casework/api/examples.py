"""Examples of the OpenAPI document about cases. Nothing in them is real; the tests send every one."""

from __future__ import annotations

from typing import Any, Final

from common.documentation import Example

_CASE_ID: Final = "01971f80-3c5a-7b3e-9d54-0a4c5e6f7a8b"
_AUTHORISATION_ID: Final = "01971f80-5d6b-7c4f-8e65-1b5d6f7a8b9c"
_TIME: Final = "2026-03-02T09:15:27.104233Z"
_DIGEST: Final = "5f0c6e2b1d0f4a7c9e3b8a6d2c1f0e9d8c7b6a594837261504f3e2d1c0b9a897"

_NEW_CASE: Final[dict[str, Any]] = {
    "reference": "2026-0117",
    "purpose": "photo_organisation",
    "offence_class": "serious",
    "rationale": "Two children were last seen near the station on 1 March.",
    "officers": [],
}
_WARRANT: Final[dict[str, Any]] = {
    "kind": "warrant",
    "authority": "District Court of Springfield",
    "operations": ["search"],
    "valid_from": "2026-03-02T00:00:00Z",
    "valid_until": "2026-04-01T00:00:00Z",
    "document_reference": "26-SW-00417",
    "document_digest": _DIGEST,
}
_URGENT: Final[dict[str, Any]] = {
    **_WARRANT,
    "kind": "exigent",
    "document_reference": "",
    "document_digest": "",
}


def _recorded(document: dict[str, Any], **changes: Any) -> dict[str, Any]:
    ended = dict.fromkeys(("ratify_by", "ratified_at", "revoked_at", "purged_at"))
    ratification = {"ratification_reference": "", "ratification_digest": ""}
    return {"id": _AUTHORISATION_ID, **document, **ended, **ratification, "recorded_at": _TIME, **changes}


_CASE: Final[dict[str, Any]] = {
    "id": _CASE_ID,
    **_NEW_CASE,
    "opened_at": _TIME,
    "closed_at": None,
    "authorisations": [_recorded(_WARRANT)],
    "break_glass": [],
}

OPEN_CASE: Final = Example(_NEW_CASE, {**_CASE, "authorisations": []})
LIST_CASES: Final = Example(answer={"items": [_CASE], "next_cursor": None})
GET_CASE: Final = Example(answer=_CASE)
CLOSE_CASE: Final = Example(answer={**_CASE, "closed_at": _TIME})
ERASE_KEPT_PROBES: Final = Example({"reason": "time-over"}, {"erased": 2})
RECORD_AUTHORISATION: Final = Example(_WARRANT, _recorded(_WARRANT))
RATIFY_AUTHORISATION: Final = Example(
    {"document_reference": "26-SW-00418", "document_digest": _DIGEST},
    _recorded(
        _URGENT,
        ratify_by="2026-03-04T09:15:27Z",
        ratified_at=_TIME,
        ratification_reference="26-SW-00418",
        ratification_digest=_DIGEST,
    ),
)
REVOKE_AUTHORISATION: Final = Example(answer=_recorded(_WARRANT, revoked_at=_TIME))

_EMERGENCY: Final[dict[str, Any]] = {
    "reason": "A child was seen being led into a car ten minutes ago.",
    "operations": ["search"],
    "end_user": "consumer_software",
    "jurisdiction": "US",
    "hours": 4,
}
_GRANT: Final[dict[str, Any]] = {
    "id": "01971f82-6f7d-7e61-8a87-3d7f8b9c0d1e",
    **{name: value for name, value in _EMERGENCY.items() if name != "hours"},
    "opened_by_id": "01971f70-1a2b-7c3d-8e4f-5a6b7c8d9e0f",
    "opened_at": _TIME,
    "confirm_by": "2026-03-02T09:30:27.104233Z",
    "confirmed_by_id": None,
    "confirmed_at": None,
    "expires_at": "2026-03-02T13:15:27.104233Z",
    "closed_at": None,
    "review_by": "2026-03-03T09:15:27.104233Z",
    "reviewed_at": None,
    "finding": "",
}
BREAK_GLASS: Final = Example(_EMERGENCY, _GRANT)
CONFIRM_BREAK_GLASS: Final = Example(
    answer={
        **_GRANT,
        "confirmed_by_id": "01971f70-2b3c-7d4e-8f50-6b7c8d9e0f1a",
        "confirmed_at": "2026-03-02T09:19:02.410077Z",
    }
)
CLOSE_BREAK_GLASS: Final = Example(answer={**_GRANT, "closed_at": "2026-03-02T10:02:11.000412Z"})

_REVIEW_ID: Final = "01971f81-7e8c-7d50-8f76-2c6e7a8b9c0d"
REVIEW_TASK: Final[dict[str, Any]] = {
    "id": _REVIEW_ID,
    "status": "pending",
    "operation": "search",
    "case": "2026-0117",
    "job_id": None,
    "gallery_size": 2,
    "expected_false_candidates": 2e-06,
    "engine_version": "sface-1",
    "threshold_words": "about 1 false match per 1,000,000 comparisons",
    "notices": [
        "Such a result carries these words: an investigative lead, not probable cause, and not the sole basis."
    ],
    "probes": [
        {"number": 1, "candidates": []},
    ],
    "created_at": _TIME,
    "expires_at": "2026-04-01T09:15:27.104233Z",
    "closed_at": None,
}
LIST_REVIEW_TASKS: Final = Example(answer={"items": [REVIEW_TASK], "next_cursor": None})
GET_REVIEW_TASK: Final = Example(answer=REVIEW_TASK)
