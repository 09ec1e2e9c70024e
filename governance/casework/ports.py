"""What case work asks of the app above it: the stored picture of a reference. Registered at start-up."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import Any

# Given a tenant and what a candidate's payload says, return a JPEG of the face, or None where no picture is kept.
# Called outside any transaction (the picture is decoded), for a reviewer who was let in.
ReviewPicture = Callable[[uuid.UUID, Mapping[str, Any]], bytes | None]

_review_picture: ReviewPicture | None = None


def register_review_picture(look_up: ReviewPicture) -> None:
    """Say who knows the pictures of references (recognition, when it is ready)."""
    global _review_picture
    _review_picture = look_up


def review_picture(tenant_id: uuid.UUID, payload: Mapping[str, Any]) -> bytes | None:
    """Return the stored picture of a candidate; None where there is none, or nobody can tell."""
    return _review_picture(tenant_id, payload) if _review_picture is not None else None
