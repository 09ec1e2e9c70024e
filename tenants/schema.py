"""How the OpenAPI document describes authentication."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Registered by being imported (`tenants.apps`)."""

    target_class = "tenants.authentication.ApiKeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "`custos_<env>_<public id>_<secret>`. The key is bound to purposes, scopes, end users and"
            " jurisdictions; the headers Custos-Purpose, Custos-On-Behalf-Of, Custos-Jurisdiction,"
            " Custos-Case and Custos-Circumstances narrow a request further.",
        }


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Registered by being imported (`tenants.apps`)."""

    target_class = "tenants.authentication.SessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "cookie",
            "name": settings.SESSION_COOKIE_NAME,
            "description": "The dashboard's session of a signed-in member. Changes also need the CSRF token in the"
            " header X-CSRFToken.",
        }
