"""`manage.py transparency_report`: write the report of a period as JSON, CSV and HTML."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.template.loader import render_to_string

from common.errors import PlatformError
from governance import transparency


class Command(BaseCommand):
    help = "Write the transparency report of a period (days in UTC, both included) into a folder."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("first", type=date.fromisoformat, help="first day, such as 2026-01-01")
        parser.add_argument("last", type=date.fromisoformat, help="last day, such as 2026-03-31")
        parser.add_argument("--into", type=Path, default=Path(), help="folder to write into")

    def handle(self, *args: Any, **options: Any) -> None:
        first, last = options["first"], options["last"]
        try:
            since, until = transparency.period_of(first, last)
            report = transparency.make_report(since=since, until=until)
        except PlatformError as error:
            raise CommandError(error.detail) from error
        stem = f"transparency-{first}-{last}"
        texts = {
            "json": report.as_json(),
            "csv": report.as_csv(),
            "html": render_to_string("governance/transparency.html", {"report": report}),
        }
        for suffix, text in texts.items():
            path = options["into"] / f"{stem}.{suffix}"
            path.write_text(text)
            self.stdout.write(str(path))
