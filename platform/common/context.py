"""Who is asking, for what, and inside which tenant: the context that a request or a task carries.

`tenant_scope` (or, for a few statements on their own, `run_in_tenant_scope`) is the only way to reach a tenant's rows:
the row-level policies compare `tenant_id` with `current_setting('app.tenant')`, which raises when no scope set it
(docs/decisions/0002).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import psycopg
from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg.errors import error_from_result
from psycopg.pq import DiagnosticField, ExecStatus

_request_id: ContextVar[str] = ContextVar("custos_request_id", default="")
_decision_id: ContextVar[uuid.UUID | None] = ContextVar("custos_decision_id", default=None)
_receipt: ContextVar[str] = ContextVar("custos_receipt", default="")
_task_tenant: ContextVar[uuid.UUID | None] = ContextVar("custos_task_tenant", default=None)


class ActorKind(StrEnum):
    API_KEY = "api_key"
    USER = "user"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Usage:
    """What a request is for, after the key's defaults and the governance headers have been put together.

    `circumstances` are slugs of `common.vocabulary.Circumstance` that the request states against itself.
    """

    purpose: str | None
    on_behalf_of: str | None
    jurisdiction: str | None
    case_ref: str | None = None
    circumstances: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Actor:
    """An authenticated API key or member, acting for one tenant."""

    kind: ActorKind
    id: uuid.UUID
    tenant_id: uuid.UUID
    usage: Usage

    @property
    def is_authenticated(self) -> bool:
        """Always true; DRF asks it of `request.user`."""
        return True

    @property
    def pk(self) -> uuid.UUID:
        """The id under the name that DRF's throttles use."""
        return self.id


class TenantScopeError(RuntimeError):
    """A tenant's rows were asked for inside the scope of another tenant."""


@contextmanager
def tenant_scope(tenant_id: uuid.UUID) -> Iterator[None]:
    """Open a transaction (or savepoint) in which `tenant_id`'s rows, and only those, can be reached.

    Raises:
        TenantScopeError: the enclosing scope belongs to another tenant.
    """
    connection = connections["default"]
    is_outermost = not connection.in_atomic_block
    with transaction.atomic():
        if is_outermost:
            _begin_in_scope(connection, tenant_id)
        elif (outer := getattr(connection, "custos_tenant", None)) is not None:
            if outer != tenant_id:
                raise TenantScopeError("A scope of another tenant is open.")
            yield
            return
        else:
            with connection.cursor() as cursor:
                cursor.execute("SELECT set_config('app.tenant', %s, true)", [str(tenant_id)])
        connection.custos_tenant = tenant_id  # type: ignore[attr-defined]
        try:
            yield
            if connection.savepoint_ids:
                # The scope was a savepoint: without this the setting would outlive it in the outer transaction.
                # (After an error the rollback to the savepoint takes the setting back.)
                with connection.cursor() as cursor:
                    cursor.execute("SELECT set_config('app.tenant', '', true)")
        finally:
            connection.custos_tenant = None  # type: ignore[attr-defined]


def _begin_in_scope(connection: BaseDatabaseWrapper, tenant_id: uuid.UUID) -> None:
    """Begin the transaction that `atomic` has asked for, and set the tenant in the same message to the server.

    The driver would begin with a message of its own before the first statement. (It would also say how the transaction
    is isolated, where a connection says so; here the session's options do.)
    """
    connection.ensure_connection()
    with connection.wrap_database_errors:
        # Rebuilt from its number, so that it is a UUID, whatever was passed.
        text = str(uuid.UUID(int=tenant_id.int)).encode()
        result = connection.connection.pgconn.exec_(b"BEGIN; SELECT set_config('app.tenant', '%s', true)" % text)
        if result.status != ExecStatus.TUPLES_OK:
            if result.error_field(DiagnosticField.SQLSTATE):
                raise error_from_result(result)
            raise psycopg.OperationalError(result.get_error_message())


def run_in_tenant_scope(tenant_id: uuid.UUID, statements: str, parameters: Sequence[Any]) -> None:
    """Run statements as one transaction in a tenant's scope, all in one message to the server, outside any other.

    PostgreSQL runs what comes in one message as one transaction, so that the setting ends with it.

    Raises:
        TenantScopeError: a transaction is open already.
        django.db.DatabaseError: nothing of it was done.
    """
    connection = connections["default"]
    if connection.in_atomic_block:
        raise TenantScopeError("A transaction is open: use its scope.")
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT set_config('app.tenant', %s, true); {statements}", [str(tenant_id), *parameters])


def bind_request_id(value: str) -> None:
    _request_id.set(value)


def current_request_id() -> str:
    return _request_id.get()


def bind_decision_id(value: uuid.UUID | None) -> None:
    _decision_id.set(value)


def current_decision_id() -> uuid.UUID | None:
    return _decision_id.get()


def bind_receipt(value: str) -> None:
    _receipt.set(value)


def current_receipt() -> str:
    return _receipt.get()


def bind_task_tenant(value: uuid.UUID | None) -> None:
    _task_tenant.set(value)


def task_tenant_id() -> uuid.UUID:
    """Return the tenant that the running task's message header names.

    Raises:
        TenantScopeError: the message carries none.
    """
    tenant_id = _task_tenant.get()
    if tenant_id is None:
        raise TenantScopeError("The task message carries no tenant.")
    return tenant_id
