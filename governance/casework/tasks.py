"""Celery entry points."""

from __future__ import annotations

from celery import shared_task

from common.tasks import PlatformTask
from governance.casework import maintenance


@shared_task(name="casework.end_what_is_due", base=PlatformTask)
def end_what_is_due() -> None:
    """Purge what unratified urgent uses brought, and end and delete reviews that are too old."""
    maintenance.end_what_is_due()
