"""DRF authentication by API key: finds the tenant, and puts the key's defaults and the governance headers together."""

from __future__ import annotations

import uuid

from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from common.context import Actor, ActorKind, Usage
from common.errors import Unauthenticated
from tenants import credentials, selectors
from tenants.errors import GovernanceHeaderInvalid, KeyNotAccepted

SCHEME = "Bearer"
LONGEST_HEADER = 200


class ApiKeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer custos_<env>_<public id>_<secret>` → `request.user` is an `Actor`."""

    def authenticate(self, request: Request) -> tuple[Actor, None] | None:
        """Return the actor; None when no such header was sent.

        Raises:
            KeyNotAccepted: the key is unknown, wrong, expired or revoked.
            GovernanceHeaderInvalid: a governance header is not short printable ASCII.
        """
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if not scheme:
            return None
        if scheme.lower() != SCHEME.lower():
            raise Unauthenticated(f"The scheme must be {SCHEME}.")
        key_text = credentials.parse_token(token.strip())
        found = selectors.find_api_key(key_text.public_id) if key_text else None
        if key_text is None or found is None or not key_text.matches(found.secret_digest) or not found.is_live:
            raise KeyNotAccepted
        return _actor(found.id, found.tenant_id, _usage(request, found)), None

    def authenticate_header(self, request: Request) -> str:
        return f'{SCHEME} realm="custos"'


def _actor(key_id: uuid.UUID, tenant_id: uuid.UUID, usage: Usage) -> Actor:
    return Actor(kind=ActorKind.API_KEY, id=key_id, tenant_id=tenant_id, usage=usage)


def _usage(request: Request, found: selectors.FoundApiKey) -> Usage:
    """The key's defaults, replaced by the headers; that they only narrow is the gate's rule KEY-001."""
    return Usage(
        purpose=_header(request, "Custos-Purpose") or found.default_purpose,
        on_behalf_of=_header(request, "Custos-On-Behalf-Of") or found.default_on_behalf_of,
        jurisdiction=_header(request, "Custos-Jurisdiction") or found.default_jurisdiction,
        case_ref=_header(request, "Custos-Case"),
    )


def _header(request: Request, name: str) -> str | None:
    """Return a governance header; facts and audit entries hold nothing but short printable ASCII.

    Raises:
        GovernanceHeaderInvalid: it is longer, or holds something else.
    """
    value: str | None = request.headers.get(name)
    if not value:
        return None
    if len(value) > LONGEST_HEADER or not value.isascii() or not value.isprintable():
        raise GovernanceHeaderInvalid(f"{name} must be at most {LONGEST_HEADER} printable ASCII characters.")
    return value
