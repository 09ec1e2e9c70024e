"""A task's message carries tenant and request; the tenant is bound while the task runs, and not a moment longer."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from celery import shared_task

from common import context
from common.context import TenantScopeError, task_tenant_id
from common.tasks import REQUEST_HEADER, TENANT_HEADER, TenantTask, message_headers

seen: list[Any] = []


@shared_task(name="tests.look_around", base=TenantTask)
def look_around(fails: bool = False) -> None:
    seen.append((task_tenant_id(), context.current_request_id(), context.current_decision_id()))
    if fails:
        raise ZeroDivisionError


@pytest.fixture(autouse=True)
def nothing_seen() -> None:
    seen.clear()
    context.bind_decision_id(uuid.uuid4())


def test_it_runs_with_tenant_and_request_of_its_message() -> None:
    tenant_id = uuid.uuid4()
    context.bind_request_id("request-of-the-sender")
    headers = message_headers(tenant_id)
    context.bind_request_id("something-else")

    look_around.apply(headers=headers).get()

    assert headers == {TENANT_HEADER: str(tenant_id), REQUEST_HEADER: "request-of-the-sender"}
    assert seen == [(tenant_id, "request-of-the-sender", None)]


@pytest.mark.parametrize("fails", [False, True])
def test_the_next_task_does_not_inherit_the_tenant(fails: bool) -> None:
    result = look_around.apply(args=[fails], headers=message_headers(uuid.uuid4()))
    assert result.failed() is fails

    with pytest.raises(TenantScopeError):
        task_tenant_id()


def test_it_has_a_request_id_without_being_told() -> None:
    result = look_around.apply(headers={TENANT_HEADER: str(uuid.uuid4())})

    assert seen[0][1] == f"task-{result.id}"


@pytest.mark.parametrize("headers", [{}, {TENANT_HEADER: ""}, {TENANT_HEADER: "nobody"}, None])
def test_a_message_without_a_tenant_is_refused(headers: dict[str, str] | None) -> None:
    result = look_around.apply(headers=headers)

    assert result.failed()
    assert isinstance(result.result, (TenantScopeError, ValueError))
    assert seen == []


def test_it_is_acknowledged_late_and_comes_back_when_its_worker_dies() -> None:
    assert look_around.acks_late is True
    assert look_around.reject_on_worker_lost is True
