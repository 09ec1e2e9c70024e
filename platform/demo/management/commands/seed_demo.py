"""`manage.py seed_demo`: build the demo world once."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from common.errors import PlatformError
from common.progress import TransferBar
from demo import world
from demo.photographs import fetch_photographs


class Command(BaseCommand):
    help = (
        "Build the demo world (four tenants, staff, a moratorium) and write its log-ins."
        " Goes on where it was killed; does nothing when the world is there."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--base-url", required=True, help="Where the web server will listen.")

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.CUSTOS_ENV == "production":
            raise CommandError("The demo world has known log-ins; it is not for production.")
        if world.read_credentials(settings.CUSTOS_HOME) is not None:
            self.stdout.write("The demo world is there already.")
            return
        try:
            with TransferBar("photographs") as bar:
                photographs = fetch_photographs(settings.CUSTOS_CACHE_DIR, progress=bar.show)
            world.build(
                home=settings.CUSTOS_HOME,
                base_url=options["base_url"],
                photographs=photographs,
                report=lambda line: self.stdout.write(f"  {line}"),
            )
        except PlatformError as error:
            raise CommandError(error.detail) from error
        except world.WorldWithoutLogIns as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Log-ins: {world.credentials_path(settings.CUSTOS_HOME)}")
