"""Keyset pages over UUIDv7 keys: stable under inserts, and as fast on the last page as on the first."""

from __future__ import annotations

import base64
import binascii
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db.models import Model, QuerySet
from django.http import HttpRequest

from common.errors import InvalidRequest

DEFAULT_LIMIT = 100
MAX_LIMIT = 1000
# No longer than the largest limit, so that what is checked is all that is read.
_WHOLE_NUMBER = re.compile(r"[1-9][0-9]{0,3}")

T = TypeVar("T", bound=Model)


class CursorInvalid(InvalidRequest):
    code = "cursor-invalid"
    title = "The cursor is not one that this list gave out"


class LimitOutOfRange(InvalidRequest):
    code = "limit-out-of-range"
    title = f"The limit must be a whole number from 1 to {MAX_LIMIT}"


@dataclass(frozen=True, slots=True)
class Rows(Generic[T]):
    """A page of rows; `next_cursor` is None on the last one."""

    rows: list[T]
    next_cursor: str | None


def page_limit(request: HttpRequest, *, default: int = DEFAULT_LIMIT) -> int:
    """Return `?limit=`, or the default.

    Raises:
        LimitOutOfRange: it is not a whole number from 1 to 1000.
    """
    text = request.GET.get("limit", str(default))
    if not _WHOLE_NUMBER.fullmatch(text) or int(text) > MAX_LIMIT:
        raise LimitOutOfRange
    return int(text)


def page_cursor(request: HttpRequest) -> uuid.UUID | None:
    """Return the id that `?cursor=` stands for: the page starts after it.

    Raises:
        CursorInvalid: the text was not made by `encode_cursor`.
    """
    text = request.GET.get("cursor")
    if not text:
        return None
    try:
        return uuid.UUID(bytes=base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, binascii.Error):
        raise CursorInvalid from None


def encode_cursor(key: uuid.UUID) -> str:
    return base64.urlsafe_b64encode(key.bytes).decode().rstrip("=")


def rows_of(
    queryset: QuerySet[T], request: HttpRequest, *, newest_first: bool = False, limit: int = DEFAULT_LIMIT
) -> Rows[T]:
    """Return the rows after `?cursor=`, ordered by their UUIDv7 `id`, as many as `?limit=` or `limit` says.

    Raises:
        CursorInvalid, LimitOutOfRange: see above.
    """
    limit, after = page_limit(request, default=limit), page_cursor(request)
    rows, more = rows_after(queryset, after=after, limit=limit, newest_first=newest_first)
    return Rows(rows, encode_cursor(rows[-1].pk) if more else None)


def rows_after(
    queryset: QuerySet[T], *, after: uuid.UUID | None, limit: int, newest_first: bool = False
) -> tuple[list[T], bool]:
    """Return at most so many rows after an id, in the order of their ids, and whether there are more."""
    if after is not None:
        queryset = queryset.filter(**{"id__lt" if newest_first else "id__gt": after})
    rows = list(queryset.order_by("-id" if newest_first else "id")[: limit + 1])
    return rows[:limit], len(rows) > limit


def page(
    queryset: QuerySet[T], request: HttpRequest, *, present: Callable[[T], dict[str, Any]], newest_first: bool = False
) -> dict[str, Any]:
    """Return `{"items", "next_cursor"}` of the rows after the cursor, as `rows_of` finds them.

    Raises:
        CursorInvalid, LimitOutOfRange: see above.
    """
    return page_of(queryset, request, present=lambda rows: list(map(present, rows)), newest_first=newest_first)


def page_of(
    queryset: QuerySet[T],
    request: HttpRequest,
    *,
    present: Callable[[list[T]], list[dict[str, Any]]],
    newest_first: bool = False,
) -> dict[str, Any]:
    """Return `page` where the rows are presented together, so that one statement can read what belongs to them.

    Raises:
        CursorInvalid, LimitOutOfRange: see above.
    """
    found = rows_of(queryset, request, newest_first=newest_first)
    return {"items": present(found.rows), "next_cursor": found.next_cursor}
