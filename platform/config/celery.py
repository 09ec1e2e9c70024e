"""The Celery application."""

from __future__ import annotations

from celery import Celery

from config.boot import choose_settings

choose_settings()
app = Celery("custos")
# `current_app` is a matter of the thread: without this, requests would be sent to a broker of nobody's choice.
app.set_default()
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
