"""What the head of every page shows of the person who looks at it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from common.errors import Forbidden, Unauthenticated
from tenants.membership import membership_of


def organisation(request: HttpRequest) -> dict[str, Any]:
    """Context processor: the name of the organisation that the session acts for, asked for only where it is shown."""
    return {"organisation": SimpleLazyObject(lambda: _name(request))}


def _name(request: HttpRequest) -> str:
    try:
        return membership_of(request).name
    except (Unauthenticated, Forbidden):
        return ""
