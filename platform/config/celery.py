"""The Celery application."""

from __future__ import annotations

from celery import Celery

from config.boot import choose_settings

choose_settings()
app = Celery("custos")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
