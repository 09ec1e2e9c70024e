"""The page of usage: the chart and the table say what the API counted."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from django.test import Client
from pytest_django.fixtures import Settings

from dashboard.charts import HEIGHT, WIDTH, stacked_bars
from tests.api.routes import image
from tests.dashboard.conftest import text_of
from tests.worlds import Player


def test_it_shows_what_the_api_counted(member: Client, alice: Player) -> None:
    for _ in range(3):
        assert alice.client.get("/v1/jobs").status_code == 200
    assert alice.client.get("/v1/collections/none").status_code == 404

    page = member.get("/usage")

    today = datetime.now(UTC).date()
    row = re.search(rf'datetime="{today:%Y-%m-%d}".*?</tr>', page.content.decode(), re.DOTALL)
    assert row is not None
    assert re.findall(r">\s*([\d,]+)\s*</td>", row[0]) == ["4", "0", "0", "1", "0"]
    assert page.content.decode().count('<rect class="answered"') == 1
    assert page.content.decode().count('<rect class="not-answered"') == 1
    assert "Requests in 30 days 4" in text_of(page)


def test_it_says_what_is_left_of_the_quota(member: Client, settings: Settings) -> None:
    settings.CUSTOS_TENANT_UNITS_PER_DAY = 1_000
    assert re.search(r"Units left of this day [\d,]+ of 1,000", text_of(member.get("/usage")))


def test_without_a_limit_it_says_so(member: Client, settings: Settings) -> None:
    settings.CUSTOS_TENANT_UNITS_PER_DAY = 0
    assert "Units left of this day no limit" in text_of(member.get("/usage"))


def test_nothing_used_is_said_in_words(member: Client) -> None:
    page = member.get("/usage")

    assert "Nothing was asked of the API in these days." in text_of(page)
    assert "<svg" not in page.content.decode()


def test_another_tenants_usage_does_not_show(member: Client, mallory: Player) -> None:
    mallory.client.post("/v1/detect", image(None), format="json")  # type: ignore[arg-type]

    assert "Nothing was asked of the API" in text_of(member.get("/usage"))


def test_bars_stand_on_the_ground_and_fill_the_height() -> None:
    chart = stacked_bars([[("a", 3), ("b", 1)], [("a", 0), ("b", 0)], [("a", 1), ("b", 0)]])

    first, second, last = chart.bars
    assert (chart.top, first.top + first.height, second.top) == (4, HEIGHT, 0)
    assert second.top + second.height == first.top
    assert last.height == HEIGHT / 4
    assert last.left > WIDTH * 2 / 3
    assert stacked_bars([]).bars == ()
