"""Reading what is stored in a change request back into values, so that nothing ill-typed is ever executed."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime

from common.errors import InvalidRequest
from governance.four_eyes import Payload


def ids(payload: Payload, name: str) -> uuid.UUID:
    """Return a member that is an id."""
    try:
        return uuid.UUID(str(payload[name]))
    except (KeyError, ValueError) as error:
        raise InvalidRequest(f"The change states no valid {name}.") from error


def text(payload: Payload, name: str) -> str:
    """Return a member that is a text with something in it."""
    value = payload.get(name)
    if not isinstance(value, str) or not value.strip():
        raise InvalidRequest(f"The change states no {name}.")
    return value


def instant(payload: Payload, name: str) -> datetime:
    """Return a member that is a time with its offset."""
    try:
        moment = datetime.fromisoformat(text(payload, name))
    except ValueError as error:
        raise InvalidRequest(f"The change states no valid {name}.") from error
    if moment.tzinfo is None:
        raise InvalidRequest(f"The {name} of the change lacks its offset from UTC.")
    return moment


def number(payload: Payload, name: str) -> int | None:
    """Return a member that is a whole number from 0, or null."""
    value = payload.get(name)
    if value is not None and (not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**31):
        raise InvalidRequest(f"The change states no valid {name.replace('_', ' ')}.")
    return value


def slugs(payload: Payload, name: str, *, known: Iterable[str] | None = None) -> list[str]:
    """Return a member that is a list of slugs of a vocabulary, sorted."""
    values = payload.get(name)
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise InvalidRequest(f"The change states no list of {name.replace('_', ' ')}.")
    unknown = sorted(set(values) - set(known)) if known is not None else []
    if unknown:
        raise InvalidRequest(f"Unknown {name.replace('_', ' ')}: {', '.join(unknown)}.")
    return sorted(values)
