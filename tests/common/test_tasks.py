"""A task's message carries tenant and request; the tenant is bound while the task runs, and not a moment longer."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from celery import shared_task

from common import context
from common.context import TenantScopeError, task_tenant_id
from common.tasks import REQUEST_HEADER, TENANT_HEADER, PlatformTask, TenantTask, message_headers

seen: list[Any] = []


@shared_task(name="tests.look_around", base=TenantTask)
def look_around(fails: bool = False) -> None:
    seen.append((task_tenant_id(), context.current_request_id(), context.current_decision_id()))
    if fails:
        raise ZeroDivisionError


@shared_task(name="tests.look_around_for_nobody", base=PlatformTask)
def look_around_for_nobody(fails: bool = False) -> None:
    seen.append((context.current_request_id(), context.current_decision_id()))
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


@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize("task", [look_around, look_around_for_nobody])
def test_the_next_task_inherits_neither_request_nor_decision(task: Any, fails: bool) -> None:
    decision_id = uuid.uuid4()
    context.bind_request_id("before")
    context.bind_decision_id(decision_id)

    result = task.apply(args=[fails], headers={TENANT_HEADER: str(uuid.uuid4()), REQUEST_HEADER: "during"})

    assert result.failed() is fails
    assert seen[0][-2:] == ("during", None)
    assert (context.current_request_id(), context.current_decision_id()) == ("before", decision_id)


def test_a_task_of_the_platform_has_a_request_id_of_its_own() -> None:
    context.bind_request_id("of-another-task")

    results = [look_around_for_nobody.apply() for _ in range(2)]

    assert seen == [(f"task-{result.id}", None) for result in results]
    assert results[0].id != results[1].id
