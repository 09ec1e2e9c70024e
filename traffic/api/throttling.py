"""What DRF asks before every handler (`DEFAULT_THROTTLE_CLASSES`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from common.context import Actor

if TYPE_CHECKING:  # rest_framework.views imports this module while it is being imported itself
    from rest_framework.views import APIView


class AllowanceThrottle(BaseThrottle):
    """Counts the requests of authenticated actors; refuses with `Retry-After` and a code of its own."""

    def allow_request(self, request: Request, view: APIView) -> bool:
        from traffic import allowances

        if isinstance(request.user, Actor):
            allowances.admit(request.user)
        return True
