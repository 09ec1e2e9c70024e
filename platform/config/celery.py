"""The Celery application."""

from __future__ import annotations

import os
from typing import Any

import django
from celery import Celery
from celery.signals import beat_init, worker_init

from config.boot import choose_settings, unsafe_settings

choose_settings()
app = Celery("custos")
# `current_app` is a matter of the thread: without this, requests would be sent to a broker of nobody's choice.
app.set_default()
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_init.connect
@beat_init.connect
def refuse_unsafe_settings(**kwargs: Any) -> None:
    """Stop a worker or scheduler whose settings are unsafe.

    Raises:
        SystemExit: they are. (Celery logs any other exception of a signal's receiver and goes on.)
    """
    django.setup()
    if found := unsafe_settings():
        # The scheduler has replaced `sys.stderr` by now: what is printed there, by SystemExit too, is lost.
        os.write(2, f"Custos does not start with these settings. {' '.join(found)}\n".encode())
        raise SystemExit(1)
