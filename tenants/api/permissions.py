"""Default permission of the REST API: an actor of a tenant. What it may do is asked of the gate, not here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from common.context import Actor

if TYPE_CHECKING:  # rest_framework.views imports this module while it is being imported itself
    from rest_framework.views import APIView


class IsTenantActor(BasePermission):
    """Whether the request comes from an authenticated API key (or member) of a tenant."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return isinstance(request.user, Actor)
