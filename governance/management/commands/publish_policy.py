"""`manage.py publish_policy`: put the shipped default policy in force (does nothing when it was before)."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from governance import services


class Command(BaseCommand):
    help = "Publish the shipped default policy; does nothing when it was published before. Safe to run again."

    def handle(self, *args: Any, **options: Any) -> None:
        version = services.publish_shipped_policy()
        self.stdout.write(f"Policy version {version} is published.")
