"""What the organisation uses: requests and pictures by day, and what is left of its quota."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from common.context import Actor
from dashboard.charts import stacked_bars
from dashboard.pages import member_page, show
from traffic.allowances import standing_of_tenant
from traffic.services import summarise_usage

_DAYS: Final = 30


@require_safe
@member_page
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    last = datetime.now(UTC).date()
    days = summarise_usage(actor=actor, first=last - timedelta(days=_DAYS - 1), last=last)
    parts = ([("answered", day.answered), ("not-answered", day.requests - day.answered)] for day in days)
    content = {
        "days": days,
        "used": [day for day in reversed(days) if day.requests],
        "requests": sum(day.requests for day in days),
        "images": sum(day.images for day in days),
        "chart": stacked_bars([*parts]),
        "standing": standing_of_tenant(actor),
    }
    return show(request, "usage", content)
