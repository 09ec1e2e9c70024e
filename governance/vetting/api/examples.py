"""Examples of the OpenAPI document about applications. Nothing in them is real; the tests send every one."""

from __future__ import annotations

from typing import Any, Final

from common.documentation import Example

_ID: Final = "01971f90-3c5a-7b3e-9d54-0a4c5e6f7a8b"
_TIME: Final = "2026-03-02T09:15:27.104233Z"
_STATEMENTS: Final[dict[str, Any]] = {
    "legal_name": "Rescue e. V.",
    "registration": "Register of associations of Springfield, 4711",
    "address": "1 Main Street, Springfield",
    "contact": "office@rescue.example",
    "jurisdictions": ["US"],
    "purposes": ["victim_identification"],
    "operations": ["detect", "enrol", "search"],
    "end_users": ["victim_rescue_ngo"],
    "attestations": ["lawful_basis", "provenance_known"],
    "rationale": "We look for children who were abducted.",
    "case_officers": [{"name": "A. Jones", "training": "Reviewing candidates", "trained_on": "2026-01-15"}],
}
_EVIDENCE: Final[dict[str, Any]] = {
    "id": "01971f91-3c5a-7b3e-9d54-0a4c5e6f7a8b",
    "title": "Charter",
    "media_type": "application/pdf",
    "n_bytes": 18213,
    "sha256": "5f0c6e2b1d0f4a7c9e3b8a6d2c1f0e9d8c7b6a594837261504f3e2d1c0b9a897",
    "created_at": _TIME,
}
_SUMMARY: Final[dict[str, Any]] = {
    "id": _ID,
    "state": "draft",
    "legal_name": "Rescue e. V.",
    "created_at": _TIME,
    "submitted_at": None,
    "decided_at": None,
}
_APPLICATION: Final[dict[str, Any]] = {
    **_SUMMARY,
    **_STATEMENTS,
    "message": "",
    "appeal": "",
    "evidence": [_EVIDENCE],
}

LIST_APPLICATIONS: Final = Example(answer={"items": [_SUMMARY], "next_cursor": None})
BEGIN_APPLICATION: Final = Example(answer={**_APPLICATION, "evidence": []})
GET_APPLICATION: Final = Example(answer=_APPLICATION)
STATE_APPLICATION: Final = Example(_STATEMENTS, _APPLICATION)
SUBMIT_APPLICATION: Final = Example(answer={**_APPLICATION, "state": "submitted", "submitted_at": _TIME})
APPEAL_APPLICATION: Final = Example(
    {"reason": "The charter is signed, on page 9."},
    {**_APPLICATION, "state": "appealed", "submitted_at": _TIME, "decided_at": _TIME},
)
# The smallest thing that calls itself a PDF.
ADD_EVIDENCE: Final = Example({"title": "Charter", "bytes": "JVBERi0xLjc="}, _EVIDENCE)
