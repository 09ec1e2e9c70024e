"""DRF authentication: by API key, or by the dashboard's session. Both end in an `Actor`."""

from __future__ import annotations

from typing import Final

from rest_framework import authentication
from rest_framework.request import Request

from common.context import Actor, ActorKind
from common.errors import Unauthenticated
from tenants import credentials, membership, selectors
from tenants.errors import KeyNotAccepted
from tenants.usage import usage_of

SCHEME = "Bearer"
# The same for all of them; what to do about it.
_WHY_NOT: Final = "It is unknown, expired or revoked, or was not copied whole. Who manages keys makes another."


class ApiKeyAuthentication(authentication.BaseAuthentication):
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
            raise KeyNotAccepted(_WHY_NOT)
        usage = usage_of(request.headers, defaults=found)
        return Actor(kind=ActorKind.API_KEY, id=found.id, tenant_id=found.tenant_id, usage=usage), None

    def authenticate_header(self, request: Request) -> str:
        return f'{SCHEME} realm="custos"'


class SessionAuthentication(authentication.SessionAuthentication):
    """The dashboard's session, with its CSRF token → `request.user` is an `Actor`."""

    def authenticate(self, request: Request) -> tuple[Actor, None] | None:
        """Return the signed-in member; None when nobody is signed in.

        Raises:
            rest_framework.exceptions.PermissionDenied: the CSRF token is missing or wrong.
            NotAMember: the person belongs to no tenant, or no longer to the chosen one.
            GovernanceHeaderInvalid: a governance header is not short printable ASCII.
        """
        user = getattr(request._request, "user", None)
        if user is None or not user.is_authenticated or not user.is_active:
            return None
        self.enforce_csrf(request)
        return membership.actor_of(request._request), None
