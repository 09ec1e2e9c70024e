"""Liveness and readiness probes."""

from __future__ import annotations

from django.conf import settings
from django.db import connections
from django.db.utils import Error as DatabaseError
from django.http import HttpRequest, JsonResponse
from kombu import Connection
from kombu.exceptions import OperationalError as BrokerError

from governance.audit import staleness


def live(request: HttpRequest) -> JsonResponse:
    """200 while the process answers at all."""
    return JsonResponse({"status": "ok"})


def ready(request: HttpRequest) -> JsonResponse:
    """200 when database and broker answer; 503 with the parts that do not.

    An audit log that is `behind` makes nothing unready: reading goes on, and the gate stops what weighs most (AUD-002).
    """
    parts = {"database": _database_answers(), "broker": _broker_answers()}
    is_ready = all(parts.values())
    said = {name: "ok" if answers else "down" for name, answers in parts.items()}
    if parts["database"]:
        said["audit_log"] = "behind" if staleness.stale_parts() else "ok"
    body = {"status": "ok" if is_ready else "unavailable", "parts": said}
    return JsonResponse(body, status=200 if is_ready else 503)


def _database_answers() -> bool:
    try:
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT epoch FROM governance_policyepoch")
            return cursor.fetchone() is not None
    except (DatabaseError, OSError):
        return False


def _broker_answers() -> bool:
    try:
        with Connection(settings.CELERY_BROKER_URL or "", connect_timeout=2) as connection:
            connection.ensure_connection(max_retries=1, timeout=2)
        return True
    except (BrokerError, OSError):
        return False
