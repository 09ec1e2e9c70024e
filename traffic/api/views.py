"""The tenant's own usage."""

from __future__ import annotations

from datetime import date
from typing import Final

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.documentation import PAGE, Example, documented
from common.pagination import page
from tenants.api.requests import actor_of
from traffic import services
from traffic.api import serializers as shapes
from traffic.errors import DaysInvalid

_DAYS: Final = [
    OpenApiParameter("from", OpenApiTypes.DATE, description="First day (UTC); left out: the first there is."),
    OpenApiParameter("to", OpenApiTypes.DATE, description="Last day; left out: today."),
]
_USAGE: Final = {
    "day": "2026-03-02",
    "actor": "01971f6e-0c11-7a02-9f0e-1b2c3d4e5f60",
    "actor_kind": "api_key",
    "operation": "search_faces",
    "requests": 1280,
    "refused": 2,
    "throttled": 0,
    "failed": 11,
    "images": 1274,
}


class UsageList(APIView):
    @documented(
        "list_usage",
        summary="List what each key has used on each day, newest first",
        tag="usage",
        parameters=[*PAGE, *_DAYS],
        responses={200: shapes.UsagePage},
        example=Example(answer={"items": [_USAGE], "next_cursor": None}),
    )
    def get(self, request: Request) -> Response:
        found = services.list_usage(
            actor=actor_of(request),
            paginate=lambda rows: page(rows, request, present=shapes.usage_of, newest_first=True),
            first=_day(request, "from"),
            last=_day(request, "to"),
        )
        return Response(found)


def _day(request: Request, name: str) -> date | None:
    text = request.query_params.get(name)
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise DaysInvalid from None
