"""Keyset pages over UUIDv7 keys: stable under inserts, and as fast on the last page as on the first."""

from __future__ import annotations

import base64
import binascii
import uuid
from collections.abc import Callable
from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from rest_framework.request import Request

from common.errors import InvalidRequest

DEFAULT_LIMIT = 100
MAX_LIMIT = 1000

T = TypeVar("T", bound=Model)


class CursorInvalid(InvalidRequest):
    code = "cursor-invalid"
    title = "The cursor is not one that this list gave out"


class LimitOutOfRange(InvalidRequest):
    code = "limit-out-of-range"
    title = f"The limit must be a whole number from 1 to {MAX_LIMIT}"


def page_limit(request: Request) -> int:
    """Return `?limit=`, or the default.

    Raises:
        LimitOutOfRange: it is not a whole number from 1 to 1000.
    """
    text = request.query_params.get("limit", str(DEFAULT_LIMIT))
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:9]) <= MAX_LIMIT:
        raise LimitOutOfRange
    return int(text)


def page_cursor(request: Request) -> uuid.UUID | None:
    """Return the id that `?cursor=` stands for: the page starts after it.

    Raises:
        CursorInvalid: the text was not made by `encode_cursor`.
    """
    text = request.query_params.get("cursor")
    if not text:
        return None
    try:
        return uuid.UUID(bytes=base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, binascii.Error):
        raise CursorInvalid from None


def encode_cursor(key: uuid.UUID) -> str:
    return base64.urlsafe_b64encode(key.bytes).decode().rstrip("=")


def page(
    queryset: QuerySet[T], request: Request, *, present: Callable[[T], dict[str, Any]], newest_first: bool = False
) -> dict[str, Any]:
    """Return `{"items", "next_cursor"}` of the rows after the cursor, ordered by their UUIDv7 `id`.

    Raises:
        CursorInvalid, LimitOutOfRange: see above.
    """
    return page_of(queryset, request, present=lambda rows: list(map(present, rows)), newest_first=newest_first)


def page_of(
    queryset: QuerySet[T],
    request: Request,
    *,
    present: Callable[[list[T]], list[dict[str, Any]]],
    newest_first: bool = False,
) -> dict[str, Any]:
    """Return `page` where the rows are presented together, so that one statement can read what belongs to them.

    Raises:
        CursorInvalid, LimitOutOfRange: see above.
    """
    limit, after = page_limit(request), page_cursor(request)
    if after is not None:
        queryset = queryset.filter(**{"id__lt" if newest_first else "id__gt": after})
    rows = list(queryset.order_by("-id" if newest_first else "id")[: limit + 1])
    more = len(rows) > limit
    rows = rows[:limit]
    return {
        "items": present(rows),
        "next_cursor": encode_cursor(rows[-1].pk) if more else None,
    }
