"""`manage.py demo_code officer-1`: the one-time code of a member of the demo world's staff, for now."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from typing import Any

from allauth.mfa import app_settings
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from demo import world


class Command(BaseCommand):
    help = "Print the one-time code of a demo log-in, as an authenticator app would show it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username", help="A user name of demo/credentials.json.")

    def handle(self, *args: Any, **options: Any) -> None:
        credentials = world.read_credentials(settings.CUSTOS_HOME)
        people = [*credentials.staff, *(u for t in credentials.tenants for u in t.users)] if credentials else []
        found = next((person for person in people if person.username == options["username"]), None)
        if found is None or not found.totp_secret:
            raise CommandError(f"{options['username']} has no second factor in the demo world.")
        counter = int(time.time()) // app_settings.TOTP_PERIOD
        self.stdout.write(format_hotp_value(hotp_value(found.totp_secret, counter)))
