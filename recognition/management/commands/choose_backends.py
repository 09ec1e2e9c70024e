"""`manage.py choose_backends`: measure each model on every runtime, device and precision here, and choose."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from recognition.engines.errors import WeightsAltered, WeightsMissing
from recognition.engines.manifest import MODELS, OPTIONAL_MODELS, SFACE
from recognition.engines.onnx import choosing, golden, pair_check
from recognition.engines.onnx.choosing import Measured
from recognition.engines.weights import verified_path


class Command(BaseCommand):
    help = (
        "Measure agreement (cosine to the golden vector) and speed of each model on every runtime, device and precision"
        " of this machine, and let engines made from now on use the fastest that agrees. With --pairs, a template"
        " model must not decide pairs of photographs worse, either."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--pairs", type=Path, help="a CSV file: path1,path2,same (0 or 1), beside the photographs")
        parser.add_argument("--dry-run", action="store_true", help="only measure and say what would be chosen")

    def handle(self, *args: Any, **options: Any) -> None:
        models_dir = settings.CUSTOS_MODELS_DIR
        chosen = {}
        optional = [card for card in OPTIONAL_MODELS if (models_dir / card.file_name).exists()]
        for card in (*MODELS, *optional):
            try:
                verified_path(card, models_dir=models_dir)
            except (WeightsMissing, WeightsAltered) as error:
                raise CommandError(error.detail) from error
            measured = choosing.measure(card, models_dir=models_dir)
            least = golden.load(card.name).least_cosine
            if card == SFACE and options["pairs"]:
                measured = self._with_pairs(measured, pairs=options["pairs"], models_dir=models_dir)
            best = choosing.choose(measured, least_cosine=least)
            for each in measured:
                mark = "*" if each is best else " "
                self.stdout.write(
                    f"{mark} {card.name:<26} {each.backend!s:<22} cosine {each.cosine:.6f} (≥ {least})"
                    f" {each.milliseconds:8.3f} ms"
                )
            if best is None:
                raise CommandError(f"{card.name} agrees with its golden vector on nothing that is here.")
            chosen[card] = best
        if not options["dry_run"]:
            self.stdout.write(f"Written to {choosing.write(chosen, models_dir=models_dir)}.")

    def _with_pairs(self, measured: list[Measured], *, pairs: Path, models_dir: Path) -> list[Measured]:
        """Leave out what decides the pairs worse than full precision does."""
        found = pair_check.accuracies([each.backend for each in measured], pairs=pairs, models_dir=models_dir)
        for backend, accuracy in found.items():
            self.stdout.write(f"  pairs: {backend!s:<22} {100 * accuracy:.2f} % right")
        full = max(accuracy for backend, accuracy in found.items() if backend.precision == "f32")
        return [each for each in measured if found[each.backend] >= full - pair_check.MOST_LOST]
