"""Metering: one counter for each tenant, key, operation and day.

A request adds to its counter after it has been answered, in a transaction of its own that does not wait for the disk:
the counter's row is locked for a fraction of a millisecond. What a crash of the database machine may lose is the count
of the last half second, never a decision: those are in the audit log.
"""

from __future__ import annotations

import logging
import uuid
from typing import Final

from django.db.utils import Error as DatabaseError
from django.http import HttpRequest, HttpResponse

from common.context import Actor, run_in_tenant_scope
from common.ids import new_id
from traffic import allowances

logger = logging.getLogger(__name__)

_IMAGES: Final = "custos_images"
_OPERATION: Final = "custos_operation"
_STATUS: Final = "custos_status"
_REFUSED: Final = 403
_THROTTLED: Final = 429
_FIRST_ERROR: Final = 400

_ADD: Final = """
    SET LOCAL synchronous_commit TO off;
    INSERT INTO traffic_usagecounter AS counter
        (id, tenant_id, actor_kind, actor_id, operation, day, requests, refused, throttled, failed, images)
    VALUES (%s, %s, %s, %s, %s, (clock_timestamp() AT TIME ZONE 'UTC')::date, 1, %s, %s, %s, %s)
    ON CONFLICT (tenant_id, day, actor_id, operation) DO UPDATE SET
        requests = counter.requests + 1,
        refused = counter.refused + excluded.refused,
        throttled = counter.throttled + excluded.throttled,
        failed = counter.failed + excluded.failed,
        images = counter.images + excluded.images
"""


def note_images(request: HttpRequest, *, actor: Actor, count: int) -> None:
    """Remember how many pictures a request sent, and charge those beyond the first.

    Raises:
        QuotaExceeded: too much today.
    """
    setattr(request, _IMAGES, count)
    allowances.charge(actor, units=count - 1)


def images_of(request: HttpRequest) -> int:
    """Return how many pictures the request sent, as far as it got."""
    return int(getattr(request, _IMAGES, 0))


def note_operation(request: HttpRequest, name: str) -> None:
    """Name the operation of a request whose route serves many."""
    setattr(request, _OPERATION, name)


def operation_of(request: HttpRequest) -> str | None:
    """Return the name that was noted; None: the route's own holds."""
    name: str | None = getattr(request, _OPERATION, None)
    return name


def note_status(response: HttpResponse, status: int) -> None:
    """Say how a request ended whose protocol tells it otherwise than by the status of HTTP."""
    setattr(response, _STATUS, status)


def status_of(response: HttpResponse) -> int:
    """Return how a request ended, as a status of HTTP."""
    return int(getattr(response, _STATUS, response.status_code))


def count(actor: Actor, *, operation: str, status: int, images: int) -> None:
    """Add an answered request to its counter. The answer stands, whatever happens here."""
    refused, throttled = int(status == _REFUSED), int(status == _THROTTLED)
    failed = int(status >= _FIRST_ERROR) - refused - throttled
    numbers = [refused, throttled, failed, images]
    whose: list[uuid.UUID | str] = [new_id(), actor.tenant_id, actor.kind.value, actor.id, operation]
    try:
        run_in_tenant_scope(actor.tenant_id, _ADD, [*whose, *numbers])
    except DatabaseError:
        logger.exception("a request of tenant %s could not be counted", actor.tenant_id)
