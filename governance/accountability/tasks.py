"""Celery entry points."""

from __future__ import annotations

from celery import shared_task

from common.tasks import PlatformTask
from governance.accountability import complaints


@shared_task(name="accountability.keep_clocks", base=PlatformTask)
def keep_clocks() -> None:
    """Record complaints that were not acknowledged or answered in time, and forget those answered long ago."""
    complaints.record_overdue()
    complaints.forget_answered()
