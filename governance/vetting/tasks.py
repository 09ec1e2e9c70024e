"""Celery entry points."""

from __future__ import annotations

from celery import shared_task

from common.tasks import PlatformTask
from governance.vetting import assigning, expiry


@shared_task(name="vetting.keep_up", base=PlatformTask)
def keep_up() -> None:
    """Assign what waits for officers, remind of approvals that end, mark those that have ended."""
    assigning.assign_waiting()
    expiry.remind_and_expire()
