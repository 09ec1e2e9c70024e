"""Celery entry points."""

from __future__ import annotations

import uuid

from celery import shared_task

from common.tasks import PlatformTask
from governance import replays


@shared_task(name=replays.TASK, base=PlatformTask)
def run_replay(replay_id: str) -> None:
    """Judge the decisions of the last days under candidate rules."""
    replays.run_replay(uuid.UUID(replay_id))


@shared_task(name="governance.send_replays", base=PlatformTask)
def send_replays() -> None:
    """Send again the replays that no worker has begun."""
    replays.send_waiting()
