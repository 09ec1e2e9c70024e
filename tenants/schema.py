"""How the OpenAPI document describes authentication."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Registered by being imported (`tenants.apps`)."""

    target_class = "tenants.authentication.ApiKeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "`custos_<env>_<public id>_<secret>`. The key is bound to purposes, operations, end users"
            " and jurisdictions; the headers Custos-Purpose, Custos-On-Behalf-Of, Custos-Jurisdiction and Custos-Case"
            " narrow a request further.",
        }
