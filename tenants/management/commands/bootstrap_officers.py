"""`manage.py bootstrap_officers`: the first members of the platform's staff, once."""

from __future__ import annotations

import secrets
from argparse import ArgumentParser
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError
from django.db import connections, transaction

from common.errors import PlatformError
from common.vocabulary import StaffRole
from governance.audit import ledger
from tenants import services
from tenants.models import User

_LEAST: Final = 2  # approving takes two officers, resuming two oversight members


class Command(BaseCommand):
    help = (
        "Create the first staff and print their first passwords, once; a second factor is set up at the first sign-in."
        " Refuses when there is staff already."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        for role in (StaffRole.OFFICER, StaffRole.OVERSIGHT):
            parser.add_argument(
                f"--{role}", action="append", required=True, metavar="NAME=ADDRESS", help="Give it at least twice."
            )

    def handle(self, *args: Any, **options: Any) -> None:
        people = [
            (role, *self._parts_of(text))
            for role in (StaffRole.OFFICER, StaffRole.OVERSIGHT)
            for text in self._enough(options[role.value], role=role)
        ]
        passwords = {name: secrets.token_urlsafe(18) for _, name, _ in people}
        with transaction.atomic():
            # Two that run at once: the second waits here, and then finds the staff of the first.
            self._lock()
            if User.objects.exclude(staff_role="").exists():
                raise CommandError("There is staff already; this works once.")
            for role, name, address in people:
                try:
                    services.create_staff(
                        username=name, password=passwords[name], role=role, actor=ledger.SYSTEM, email=address
                    )
                except PlatformError as error:
                    raise CommandError(error.detail) from error
        for role, name, _ in people:
            self.stdout.write(f"{role} {name} {passwords[name]}")

    def _lock(self) -> None:
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext('custos/bootstrap_officers'))")

    def _enough(self, texts: list[str], *, role: StaffRole) -> list[str]:
        if len(texts) < _LEAST:
            raise CommandError(f"Name at least {_LEAST} people with --{role}: nobody decides alone.")
        return texts

    def _parts_of(self, text: str) -> tuple[str, str]:
        name, _, address = text.partition("=")
        if not name or "@" not in address:
            raise CommandError(f"{text!r} is not NAME=ADDRESS.")
        return name, address
