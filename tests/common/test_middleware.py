"""Each request has an id and says which decision its answer rests on; nothing of it reaches the next one."""

from __future__ import annotations

import uuid

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from rest_framework.test import APIClient

from common import context
from common.ids import new_id
from common.middleware import RequestContext
from tests.worlds import Player


def test_a_request_gets_an_id_that_problems_and_log_repeat() -> None:
    response = APIClient().get("/v1/jobs")

    request_id = response["X-Request-Id"]
    assert uuid.UUID(request_id).version == 7
    assert response.json()["instance"] == f"urn:custos:request:{request_id}"


@pytest.mark.parametrize("offered", ["abcdefgh", "a" * 64, "trace-1234.5678_90"])
def test_an_acceptable_id_is_kept(offered: str) -> None:
    assert APIClient().get("/health/live", headers={"X-Request-Id": offered})["X-Request-Id"] == offered


@pytest.mark.parametrize("offered", ["", "short", "a" * 65, "abcdefgh\n", "abcdefg h", "äbcdefgh", "<script>alert"])
def test_any_other_id_is_replaced(offered: str) -> None:
    request = RequestFactory().get("/", headers={"X-Request-Id": offered})

    response = RequestContext(lambda _: HttpResponse())(request)

    assert uuid.UUID(response["X-Request-Id"]).version == 7


def test_the_decision_of_one_request_is_not_that_of_the_next(alice: Player) -> None:
    decided = alice.client.get("/v1/jobs")

    undecided = APIClient().get("/health/live")

    assert uuid.UUID(decided["Custos-Decision"])
    assert "Custos-Decision" not in undecided


def test_a_decision_taken_while_answering_is_named() -> None:
    decision_id = new_id()

    def answer(_: HttpRequest) -> HttpResponse:
        context.bind_decision_id(decision_id)
        return HttpResponse()

    response = RequestContext(answer)(RequestFactory().get("/"))

    assert response["Custos-Decision"] == str(decision_id)


def test_the_log_repeats_the_request_id(alice: Player) -> None:
    from common.context import tenant_scope
    from governance.audit.models import AuditEntry

    response = alice.client.get("/v1/jobs", headers={"X-Request-Id": "trace-of-this-request"})

    with tenant_scope(alice.tenant.id):
        decision = AuditEntry.objects.get(id=response["Custos-Decision"])
        outcome = AuditEntry.objects.get(decision_id=decision.id)
    assert decision.request_id == outcome.request_id == "trace-of-this-request"
    assert decision.content["request"] == "trace-of-this-request"
