"""Celery entry points."""

from __future__ import annotations

from celery import shared_task

from common.tasks import PlatformTask
from traffic import idempotency


@shared_task(name="traffic.purge_answers", base=PlatformTask)
def purge_answers() -> None:
    """Delete kept answers that are older than a day."""
    idempotency.purge()
