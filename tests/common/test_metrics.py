"""What a scraper reads, and who may."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from config.metrics import CONTENT_TYPE, Measurements
from recognition.services import collections
from tests.recognition.conftest import GALLERY, outbox, pictures, submit
from tests.worlds import Player

__all__ = ["outbox"]

TOKEN = "a" * 64


@pytest.fixture(autouse=True)
def token(settings: Settings) -> None:
    settings.CUSTOS_METRICS_TOKEN = TOKEN


def _scraped(token: str = TOKEN) -> dict[str, float]:
    """Return the value of each series, without the process that it is of."""
    response = Client().get("/metrics", headers={"Authorization": f"Bearer {token}"})
    assert (response.status_code, response["Content-Type"]) == (200, CONTENT_TYPE)
    found = {}
    for line in response.content.decode().splitlines():
        if not line.startswith("#"):
            match = re.fullmatch(r'([a-z_]+)\{(.*?),?process="\d+"\} ([0-9.e-]+)', line)
            assert match is not None, line
            found[match[1] + match[2]] = float(match[3])
    return found


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer "}])
def test_nobody_without_the_token_learns_that_there_is_something(header: dict[str, str]) -> None:
    assert Client().get("/metrics", headers=header).status_code == 404


def test_without_a_token_of_the_operators_there_is_nothing(settings: Settings) -> None:
    settings.CUSTOS_METRICS_TOKEN = None

    assert Client().get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404


def test_requests_are_counted_by_operation_and_status_and_nobody_is_named(alice: Player) -> None:
    before = _scraped()
    for name in ("nowhere", "nowhere"):
        alice.client.get(f"/v1/collections/{name}")
    alice.client.get("/v1/collections")
    after = _scraped()

    def grown(series: str) -> float:
        return after[series] - before.get(series, 0)

    assert grown('custos_requests_totaloperation="get_collection",status="4xx"') == 2
    assert grown('custos_requests_totaloperation="list_collections",status="2xx"') == 1
    assert grown('custos_request_seconds_countoperation="get_collection"') == 2
    assert after["custos_requests_in_progress"] == 1  # this one
    assert alice.tenant.slug not in str(after)


def test_open_jobs_and_the_state_of_the_log_are_told(alice: Player) -> None:
    before = _scraped()["custos_open_jobs"]
    collections.create_collection(GALLERY, actor=alice.actor)
    submit(alice, pictures(1))

    after = _scraped()

    assert after["custos_open_jobs"] - before == 1
    assert after['custos_audit_log_behindpart="sequencer"'] == 0


def test_a_bucket_of_the_histogram_holds_all_that_were_as_fast() -> None:
    measured = Measurements()
    for seconds in (0.004, 0.005, 0.3, 99):
        measured.began()
        measured.ended(operation="detect", status=200, seconds=seconds)

    lines = [line for line in measured.lines() if line.startswith("custos_request_seconds_bucket")]

    counts = [int(line.rpartition(" ")[2]) for line in lines]
    assert counts == [2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 4]
