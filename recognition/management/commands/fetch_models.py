"""`manage.py fetch_models`: put the model weights in place; does nothing when they are."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from common.downloads import DownloadFailed
from common.progress import TransferBar
from recognition.engines.deepface.files import check_shipped, link_shipped
from recognition.engines.errors import WeightsAltered, WeightsMissing
from recognition.engines.manifest import MODELS, OPTIONAL_MODELS, ModelCard
from recognition.engines.weights import Installed, install, verified_path


class Command(BaseCommand):
    help = (
        "Fetch, verify (SHA-256) and convert the model weights into CUSTOS_MODELS_DIR. What is there already is only"
        " verified, so repeating it is cheap and needs no network. An optional model that cannot be had is skipped."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="only verify; exit with 1 when something is missing")
        parser.add_argument("--required-only", action="store_true", help="leave out the optional models")

    def handle(self, *args: Any, **options: Any) -> None:
        models_dir, only_checks = settings.CUSTOS_MODELS_DIR, options["check"]
        try:
            for card in MODELS:
                self._put(card, only_checks=only_checks)
            (check_shipped if only_checks else link_shipped)(models_dir=models_dir)
        except (DownloadFailed, WeightsMissing) as error:
            raise CommandError(error.detail) from error
        for card in () if options["required_only"] else OPTIONAL_MODELS:
            self._put_optional(card, only_checks=only_checks)

    def _put(self, card: ModelCard, *, only_checks: bool) -> None:
        found = self._check(card) if only_checks else self._install(card)
        said = "installed" if found is Installed.NOW else "verified"
        self.stdout.write(f"  {card.name:<16} {card.role}: {said} ({card.size / 1e6:.1f} MB, {card.licence})")

    def _put_optional(self, card: ModelCard, *, only_checks: bool) -> None:
        """Put it in place or say in one line that it is not; nothing that is always needed depends on it."""
        try:
            self._put(card, only_checks=only_checks)
        except WeightsAltered as error:
            raise CommandError(error.detail) from error
        except (DownloadFailed, WeightsMissing) as error:
            why = "not installed" if only_checks else _reason(error)
            self.stdout.write(f"  {card.name:<16} {card.role}: optional, skipped ({why})")

    def _check(self, card: ModelCard) -> Installed:
        verified_path(card, models_dir=settings.CUSTOS_MODELS_DIR)
        return Installed.ALREADY

    def _install(self, card: ModelCard) -> Installed:
        with TransferBar(card.name) as bar:
            return install(
                card,
                models_dir=settings.CUSTOS_MODELS_DIR,
                cache_dir=settings.CUSTOS_CACHE_DIR,
                progress=bar.show,
            )


def _reason(error: DownloadFailed | WeightsMissing) -> str:
    """Return the first thing that was tried, in one line; a failed download lists one source a line."""
    lines = error.detail.splitlines()
    return (lines[1] if len(lines) > 1 else lines[0]).removeprefix("- ")
