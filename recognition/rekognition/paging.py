"""Pagination tokens: short, and good only for the list that gave them out, of the tenant that asked."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import uuid
from typing import Final, TypeVar

from django.db.models import Model, QuerySet

from common.canonical import canonical_json
from common.keys import tenant_key
from common.pagination import rows_after
from recognition.rekognition.call import Call
from recognition.rekognition.faults import Fault

T = TypeVar("T", bound=Model)

DEFAULT_PAGE: Final = 1000
_MAC_BYTES: Final = 16


def page_of(queryset: QuerySet[T], call: Call, *, default: int = DEFAULT_PAGE) -> tuple[list[T], dict[str, str]]:
    """Return the rows of the page that a call asks for, and `NextToken` unless it is the last one.

    Raises:
        Fault: the token was not given out for this list.
    """
    token = call.parameters.get("NextToken")
    after = _read(token, call) if token else None
    limit = call.parameters.get("MaxResults") or default
    rows, more = rows_after(queryset, after=after, limit=limit)
    return rows, {"NextToken": _token(rows[-1].pk, call)} if more else {}


def _token(key: uuid.UUID, call: Call) -> str:
    return base64.urlsafe_b64encode(key.bytes + _mac(key, call)).decode().rstrip("=")


def _read(token: str, call: Call) -> uuid.UUID:
    try:
        raw = base64.urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
        key = uuid.UUID(bytes=raw[:-_MAC_BYTES])
    except (UnicodeEncodeError, binascii.Error, ValueError):
        raise Fault("InvalidPaginationTokenException", "Invalid Pagination Token") from None
    if not hmac.compare_digest(raw[-_MAC_BYTES:], _mac(key, call)):
        raise Fault("InvalidPaginationTokenException", "Invalid Pagination Token")
    return key


def _mac(key: uuid.UUID, call: Call) -> bytes:
    """Return a keyed digest of where the page ends and of what was asked, size and token of the page apart."""
    asked = {name: value for name, value in call.parameters.items() if name not in ("NextToken", "MaxResults")}
    content = canonical_json([call.operation, str(key), asked])
    secret = tenant_key(call.actor.tenant_id, use="rekognition-page")
    return hmac.digest(secret, content, hashlib.sha256)[:_MAC_BYTES]
