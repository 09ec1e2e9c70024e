"""`manage.py demo`: play the demonstration against a running instance."""

from __future__ import annotations

from argparse import ArgumentParser
from dataclasses import replace
from typing import Any

import requests
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from demo import story, world
from demo.photographs import fetch_photographs


class Command(BaseCommand):
    help = "Play the demonstration against a running instance with a fresh demo world; fails when any step fails."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--base-url", help="Default: the one that the demo world was built for.")

    def handle(self, *args: Any, **options: Any) -> None:
        credentials = world.read_credentials(settings.CUSTOS_HOME)
        if credentials is None:
            raise CommandError("There is no demo world in this home: run `manage.py seed_demo` first.")
        if options["base_url"]:
            credentials = replace(credentials, base_url=options["base_url"].rstrip("/"))
        stage = story.Stage(credentials, fetch_photographs(settings.CUSTOS_CACHE_DIR), self.stdout.write)
        try:
            story.tell(stage)
        except (story.StoryFailed, requests.RequestException) as error:
            raise CommandError(f"The demonstration failed: {error}") from error
        self.stdout.write(
            self.style.SUCCESS(f"\nThe demonstration is complete: {len(story.SCENES)} scenes, all as promised.")
        )
