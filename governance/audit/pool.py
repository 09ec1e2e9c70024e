"""The ledger's own connections, outside Django's DATABASES and never borrowed from the request's.

From one pool for both, every request would hold a connection while it waits for a second: all would time out
(GOVERNANCE 5).
"""

from __future__ import annotations

import os
import threading
from typing import Any

import psycopg
from django.conf import settings
from psycopg_pool import ConnectionPool

from common.database.ended import has_ended

_lock = threading.Lock()
_pool: tuple[int, ConnectionPool[psycopg.Connection[Any]]] | None = None

ACQUIRE_TIMEOUT_SECONDS = 5.0


def ledger_pool() -> ConnectionPool[psycopg.Connection[Any]]:
    """Return this process's pool, opening it on first use; a forked child opens its own."""
    global _pool
    with _lock:
        if _pool is None or _pool[0] != os.getpid():
            _pool = (os.getpid(), _open())
        return _pool[1]


def close_ledger_pool() -> None:
    """Close the pool; the next use opens it anew (tests move to another database)."""
    global _pool
    with _lock:
        if _pool is not None and _pool[0] == os.getpid():
            _pool[1].close()
        _pool = None


def _check(connection: psycopg.Connection[Any]) -> None:
    """Refuse a connection that the server has closed; the pool's own check is a statement."""
    if has_ended(connection):
        connection.close()  # the pool replaces what is closed, and would only put back what is not
        # The others have most likely ended too, and the pool pauses longer after each that it finds.
        ledger_pool().drain()
        raise psycopg.OperationalError("The server has closed the connection.")


def _open() -> ConnectionPool[psycopg.Connection[Any]]:
    database = settings.DATABASES["default"]
    return ConnectionPool(
        kwargs={
            **database["OPTIONS"],  # sslmode and its like, and the session's options, as on the request's connections
            "host": database["HOST"],
            "port": database["PORT"],
            "dbname": database["NAME"],
            "user": database["USER"],
            "password": database["PASSWORD"],
            "autocommit": True,
            "cursor_factory": psycopg.RawCursor,  # as `common.prepared`
            "application_name": "custos-ledger",
        },
        min_size=1,
        max_size=settings.LEDGER_POOL_SIZE,
        timeout=ACQUIRE_TIMEOUT_SECONDS,
        check=_check,
        name="ledger",
        open=True,
    )
