"""What can go wrong with credentials."""

from __future__ import annotations

from common.errors import Conflict, InvalidRequest, Unauthenticated


class KeyNotAccepted(Unauthenticated):
    """One answer for unknown, wrong, expired and revoked: a caller learns nothing about other people's keys."""

    code = "key-not-accepted"
    title = "The API key is not accepted"


class SlugTaken(Conflict):
    code = "slug-taken"
    title = "Another tenant has this name"


class BindingInvalid(InvalidRequest):
    code = "binding-invalid"
    title = "The key's binding is not valid"


class GovernanceHeaderInvalid(InvalidRequest):
    code = "governance-header-invalid"
    title = "A governance header is not valid"
