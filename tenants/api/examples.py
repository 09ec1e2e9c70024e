"""Examples of the OpenAPI document about keys and members. Nothing in them is real."""

from __future__ import annotations

from typing import Any, Final

from drf_spectacular.utils import OpenApiExample

_KEY_ID: Final = "01a20e00-0000-7000-8000-000000000001"
_MEMBER_ID: Final = "01a20e00-0000-7000-8000-000000000002"
_ACCESS_KEY_ID: Final = "AKCU0123456789ABCDEF"

_KEY: Final[dict[str, Any]] = {
    "id": _KEY_ID,
    "name": "photo import",
    "scopes": ["detect", "enrol", "search"],
    "purposes": ["photo_organisation"],
    "end_users": [],
    "jurisdictions": ["US"],
    "default_purpose": "photo_organisation",
    "default_on_behalf_of": None,
    "default_jurisdiction": "US-CA",
    "created_at": "2026-11-24T09:00:00Z",
    "expires_at": "2027-11-24T09:00:00Z",
    "revoked_at": None,
    "secrets": [{"access_key_id": _ACCESS_KEY_ID, "created_at": "2026-11-24T09:00:00Z", "expires_at": None}],
}
_MEMBER: Final[dict[str, Any]] = {
    "id": _MEMBER_ID,
    "username": "album-developer",
    "email": "developer@photo-app.example",
    "role": "developer",
    "created_at": "2026-11-24T09:00:00Z",
}
_ISSUED: Final[dict[str, Any]] = {
    "id": _KEY_ID,
    "api_key": "custos_live_0123456789abcdef_" + "0" * 64,
    "access_key_id": _ACCESS_KEY_ID,
    "secret_access_key": "x" * 40,
    "previous_until": None,
}

_ORGANISATION: Final[dict[str, Any]] = {
    "id": "01a20e00-0000-7000-8000-000000000003",
    "slug": "photo-app",
    "name": "Photo App",
    "category": "consumer_software",
    "default_purpose": "photo_organisation",
    "default_on_behalf_of": None,
    "default_jurisdiction": "US-CA",
    "created_at": "2026-11-24T09:00:00Z",
    "deletion": None,
}
_LEAVING: Final[dict[str, Any]] = {"requested_at": "2026-11-24T09:00:00Z", "due_at": "2026-12-01T09:00:00Z"}


def _request(value: dict[str, Any]) -> OpenApiExample:
    return OpenApiExample("request", value=value, request_only=True)


def _answer(value: dict[str, Any], *, status: int = 200) -> OpenApiExample:
    return OpenApiExample("answer", value=value, response_only=True, status_codes=[str(status)])


KEY: Final = [_answer(_KEY)]
KEYS: Final = [_answer({"items": [_KEY], "next_cursor": None})]
CREATE_KEY: Final = [
    _request(
        {
            "name": "photo import",
            "scopes": ["detect", "enrol", "search"],
            "purposes": ["photo_organisation"],
            "jurisdictions": ["US"],
            "default_jurisdiction": "US-CA",
            "expires_at": "2027-11-24T09:00:00Z",
        }
    ),
    _answer(_ISSUED, status=201),
]
ROTATE_KEY: Final = [
    _request({"overlap_seconds": 3600}),
    _answer(_ISSUED | {"previous_until": "2026-11-24T10:00:00Z"}, status=201),
]
MEMBER: Final = [_answer(_MEMBER)]
MEMBERS: Final = [_answer({"items": [_MEMBER], "next_cursor": None})]
CHANGE_ROLE: Final = [_request({"role": "developer"}), *MEMBER]
INVITE_MEMBER: Final = [
    _request({"email": "reviewer@rescue.example", "role": "reviewer"}),
    _answer(
        {
            "id": _MEMBER_ID,
            "email": "reviewer@rescue.example",
            "role": "reviewer",
            "expires_at": "2026-12-01T09:00:00Z",
        },
        status=201,
    ),
]
ORGANISATION: Final = [_answer(_ORGANISATION)]
CHANGE_ORGANISATION: Final = [_request({"default_purpose": "photo_organisation"}), *ORGANISATION]
KEEP_ORGANISATION: Final = ORGANISATION
DELETE_ORGANISATION: Final = [_request({"confirm": "photo-app"}), _answer(_ORGANISATION | {"deletion": _LEAVING})]
