"""`manage.py rules_reference docs/reference/rules.md`: write the page of all rules and facts from the catalogue."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from governance.catalogue import as_markdown


class Command(BaseCommand):
    help = "Write the reference page of all rules and facts from the catalogue; without a file to the terminal."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", nargs="?", type=Path, help="where to write it")

    def handle(self, *args: Any, file: Path | None, **options: Any) -> None:
        if file is None:
            self.stdout.write(as_markdown(), ending="")
        else:
            file.write_text(as_markdown(), encoding="utf-8")
