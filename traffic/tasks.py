"""Celery entry points."""

from __future__ import annotations

from celery import Task, shared_task

from traffic import idempotency


@shared_task(name="traffic.purge_answers", base=Task, acks_late=True)
def purge_answers() -> None:
    """Delete kept answers that are older than a day."""
    idempotency.purge()
