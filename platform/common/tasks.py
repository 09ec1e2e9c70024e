"""Celery task bases: a request id for every run; the tenant and the request id travel in the message headers."""

from __future__ import annotations

import uuid
from typing import Any

from celery import Task

from common import context

TENANT_HEADER = "custos_tenant"
REQUEST_HEADER = "custos_request"


class PlatformTask(Task):  # type: ignore[type-arg]
    """A task that runs under a request id of its own, or its sender's, and leaves nothing of it to the next one."""

    abstract = True
    acks_late = True

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        before = context.current_request_id(), context.current_decision_id()
        context.bind_request_id(self._header(REQUEST_HEADER) or f"task-{self.request.id}")
        context.bind_decision_id(None)
        try:
            return super().__call__(*args, **kwargs)
        finally:
            context.bind_request_id(before[0])
            context.bind_decision_id(before[1])

    def _header(self, name: str) -> str:
        # Redis carries custom headers beside the task's own; which attribute holds them depends on eager mode.
        headers = self.request.headers or {}
        return str(headers.get(name) or getattr(self.request, name, "") or "")


class TenantTask(PlatformTask):
    """A task that acts for the tenant its message header names; redelivered when its worker dies."""

    abstract = True
    reject_on_worker_lost = True

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        tenant = self._header(TENANT_HEADER)
        context.bind_task_tenant(uuid.UUID(tenant) if tenant else None)
        try:
            return super().__call__(*args, **kwargs)
        finally:
            context.bind_task_tenant(None)


def message_headers(tenant_id: uuid.UUID) -> dict[str, str]:
    """Return the headers to send with a task that acts for a tenant."""
    return {TENANT_HEADER: str(tenant_id), REQUEST_HEADER: context.current_request_id()}
