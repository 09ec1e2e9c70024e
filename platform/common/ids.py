"""Identifiers: UUIDv7 (RFC 9562), so that primary keys grow with time and B-trees stay dense."""

from __future__ import annotations

import uuid

from uuid_utils.compat import uuid7


def new_id() -> uuid.UUID:
    """Return a fresh UUIDv7."""
    return uuid7()
