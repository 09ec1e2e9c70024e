"""Every error is an RFC 9457 problem that carries the request id."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import OperationalError
from django.http import Http404
from rest_framework import exceptions
from rest_framework.test import APIClient

from common.errors import PlatformError, QuotaExceeded
from common.problems import as_platform_error, handle
from tests.worlds import Player

MEMBERS = {"type", "title", "status", "detail", "instance", "code"}


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (exceptions.NotAuthenticated(), 401, "unauthenticated"),
        (exceptions.AuthenticationFailed(), 401, "unauthenticated"),
        (exceptions.PermissionDenied(), 403, "forbidden"),
        (PermissionDenied("no"), 403, "forbidden"),
        (Http404(), 404, "not-found"),
        (exceptions.NotFound(), 404, "not-found"),
        (exceptions.MethodNotAllowed("PUT"), 405, "method-not-allowed"),
        (exceptions.NotAcceptable(), 406, "not-acceptable"),
        (RequestDataTooBig(), 413, "payload-too-large"),
        (exceptions.UnsupportedMediaType("text/plain"), 415, "unsupported-media"),
        (exceptions.Throttled(3), 429, "throttled"),
        (exceptions.ParseError(), 400, "invalid-request"),
        (DjangoValidationError("bad"), 400, "validation-failed"),
        (OperationalError("gone"), 503, "database-unavailable"),
        (QuotaExceeded(retry_after=7), 429, "quota-exceeded"),
    ],
)
def test_it_translates_known_errors(error: Exception, status: int, code: str) -> None:
    response = handle(error, {})

    assert response is not None
    assert response.status_code == status
    assert set(response.data) >= MEMBERS
    assert response.data["code"] == code
    assert response.data["type"] == f"/problems/{code}"
    assert response.content_type == "application/problem+json"


def test_it_leaves_bugs_to_the_log() -> None:
    assert handle(ZeroDivisionError(), {}) is None
    assert as_platform_error(KeyError("x")) is None


def test_it_points_at_nested_fields() -> None:
    error = exceptions.ValidationError(
        {"image": {"bytes": ["wrong"]}, "ids": [["first"], []], "non_field_errors": ["all"]}
    )

    found = as_platform_error(error)

    assert found is not None
    assert {(e["pointer"], e["detail"]) for e in found.extra["errors"]} == {
        ("/image/bytes", "wrong"),
        ("/ids/0", "first"),
        ("", "all"),
    }
    assert found.detail == "/image/bytes: wrong /ids/0: first all"


def test_it_says_when_to_come_back() -> None:
    response = handle(QuotaExceeded(retry_after=7), {})

    assert response is not None
    assert response.headers["Retry-After"] == "7"


def test_an_unknown_path_is_a_problem() -> None:
    response = APIClient().get("/v1/nothing-here")

    assert response.status_code == 404
    assert set(response.json()) >= MEMBERS


def test_a_wrong_method_is_a_problem(alice: Player) -> None:
    response = alice.client.put("/v1/decisions", {}, format="json")

    assert response.status_code == 405
    assert response.json()["code"] == "method-not-allowed"


@pytest.mark.parametrize(
    "body", ["[" * 5_000, '{"a":' * 5_000, '{"name": 1e999', '{"name": NaN}', "9" * 5_000, "\ufeff"]
)
def test_json_that_cannot_be_read_is_the_callers_mistake(alice: Player, body: str) -> None:
    response = alice.client.post("/v1/collections", body, content_type="application/json")

    assert (response.status_code, response.json()["code"]) == (400, "invalid-request")


def test_an_offered_request_id_is_kept_and_a_bad_one_replaced() -> None:
    client = APIClient()

    assert client.get("/health/live", headers={"X-Request-Id": "abc-12345678"})["X-Request-Id"] == "abc-12345678"
    assert client.get("/health/live", headers={"X-Request-Id": "<script>"})["X-Request-Id"] != "<script>"


def test_a_problem_has_a_detail_without_being_told() -> None:
    assert PlatformError().as_problem()["detail"] == PlatformError.title


def test_a_bug_says_nothing_but_the_request_id(alice: Player, monkeypatch: pytest.MonkeyPatch) -> None:
    def stumble(*_: object, **__: object) -> None:
        raise ZeroDivisionError("secret of the inside")

    monkeypatch.setattr("recognition.services.jobs.list_jobs", stumble)
    client = alice.client
    client.raise_request_exception = False

    response = client.get("/v1/jobs")

    assert (response.status_code, response["Content-Type"]) == (500, "application/problem+json")
    assert response.json()["instance"] == f"urn:custos:request:{response['X-Request-Id']}"
    assert "secret" not in response.content.decode()


def test_what_django_itself_refuses_is_a_problem() -> None:
    response = APIClient().get("/v1/jobs", headers={"Host": "evil.example"})

    assert (response.status_code, response["Content-Type"]) == (400, "application/problem+json")
    assert response.json()["code"] == "invalid-request"


def test_a_database_that_does_not_answer_is_unavailable(alice: Player, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: object, **__: object) -> None:
        raise OperationalError("server closed the connection; password=hunter2")

    monkeypatch.setattr("recognition.services.jobs.list_jobs", gone)

    response = alice.client.get("/v1/jobs")

    assert (response.status_code, response.json()["code"]) == (503, "database-unavailable")
    assert response["Retry-After"] == "1"
    assert "hunter2" not in response.content.decode()


def test_no_answer_of_a_problem_may_be_cached(alice: Player) -> None:
    assert alice.client.get("/v1/decisions?limit=0")["Cache-Control"] == "no-store"
