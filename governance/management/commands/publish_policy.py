"""`manage.py publish_policy`: put the shipped default policy in force (does nothing when it is already)."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from governance import services
from governance.catalogue import DEFAULT_POLICY_BODY


class Command(BaseCommand):
    help = "Publish the shipped default policy; does nothing when it is in force already. Safe to run again."

    def handle(self, *args: Any, **options: Any) -> None:
        version = services.publish_policy(
            dict(DEFAULT_POLICY_BODY), author="custos shipped policy", approver="operator of this instance"
        )
        self.stdout.write(f"Policy version {version} is published.")
