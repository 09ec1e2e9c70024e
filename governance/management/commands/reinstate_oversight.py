"""`manage.py reinstate_oversight NAME`: the way out when no two of the oversight are left who could sign."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from common.errors import PlatformError
from governance import services


class Command(BaseCommand):
    help = (
        "Let an oversight member who was shut out in again, while fewer than two of them are active; the log says that"
        " the operator did it. A new password is asked for by mail, a second factor set up at the first sign-in."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")

    def handle(self, *args: Any, username: str, **options: Any) -> None:
        try:
            services.reinstate_without_quorum(username)
        except PlatformError as error:
            raise CommandError(error.detail) from error
        self.stdout.write(f"{username} may ask for a new password.")
