"""The library's files: weights that must be there before it is asked for anything, and calibrations of its models."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from recognition.engines import weights
from recognition.engines.deepface.catalogue import SFACE_FILE, SHIPPED, YUNET_FILE, Detector, Recogniser, folder_of
from recognition.engines.errors import CalibrationMissing, WeightsMissing
from recognition.engines.onnx.engine import CALIBRATION_PATH
from recognition.evaluation.calibration import Calibration


def link_shipped(*, models_dir: Path) -> None:
    """Offer what `fetch_models` installed under the library's names. What lies there already is left alone.

    Raises:
        WeightsMissing, WeightsAltered: a model is not installed.
    """
    folder = folder_of(models_dir)
    for file_name, card in SHIPPED.items():
        weights.verified_path(card, models_dir=models_dir)
        folder.mkdir(parents=True, exist_ok=True)
        link = folder / file_name
        if link.exists():
            continue
        # Relative, so that the folder of models may be moved or mounted elsewhere; whole or not at all.
        partial = folder / f".{file_name}.{os.getpid()}"
        partial.unlink(missing_ok=True)
        partial.symlink_to(Path("..") / card.file_name)
        partial.replace(link)


def check_shipped(*, models_dir: Path) -> None:
    """Check that what `link_shipped` offers is there, the links themselves and what they lead to.

    Raises:
        WeightsMissing: a file is not there under the library's name, or its link leads nowhere.
    """
    folder = folder_of(models_dir)
    for file_name in SHIPPED:
        if not (folder / file_name).exists():
            raise missing(file_name, folder=folder)


def digests_of(detector: Detector, recogniser: Recogniser, *, models_dir: Path) -> dict[str, str]:
    """Return SHA-256 by name of every file that the two need, YuNet's for the five points included.

    Raises:
        WeightsMissing: one is not there; the library would download it.
    """
    folder = folder_of(models_dir)
    points = () if detector.has_points else (YUNET_FILE,)
    return {name: _digest(name, folder=folder) for name in (*detector.files, *points, *recogniser.files)}


def _digest(name: str, *, folder: Path) -> str:
    try:
        with (folder / name).open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest()
    except FileNotFoundError:
        raise missing(name, folder=folder) from None


def missing(name: str, *, folder: Path) -> WeightsMissing:
    """Return the error for a file that is not there: it says which, where it belongs, and how it gets there."""
    remedy = (
        "Run `make models` (or `manage.py fetch_models`)."
        if name in SHIPPED
        else "Custos does not download it: put it there."
    )
    return WeightsMissing(f"The weight file {name} of the deepface library is not in {folder}. {remedy}")


def calibration_of(
    detector: Detector, recogniser: Recogniser, *, models_dir: Path, digests: dict[str, str]
) -> Calibration:
    """Return what the model's scores mean: the operator's own measurement, else the shipped one where it holds.

    The shipped one was measured on the manifest's SFace with faces aligned by YuNet's points, so it holds for these
    weights alone, and not for a detector that brings points of its own.

    Raises:
        CalibrationMissing: nobody measured this model, or the file is not a calibration.
    """
    own = folder_of(models_dir) / f"{recogniser.name}.calibration.json"
    if own.is_file():
        try:
            return Calibration.load(own)
        except (ValueError, KeyError, TypeError) as error:
            raise CalibrationMissing(f"{own} is not a calibration: {error}") from error
    if _is_measured(detector, recogniser, digests=digests):
        return Calibration.load(CALIBRATION_PATH)
    raise CalibrationMissing(
        f"Nobody measured what the scores of {detector.name}+{recogniser.name} with these weights mean, so no per cent"
        f" and no threshold can be given. Measure it into {own} (docs/reference/models.md)."
    )


def _is_measured(detector: Detector, recogniser: Recogniser, *, digests: dict[str, str]) -> bool:
    points_are_yunets = detector.name == "yunet" or not detector.has_points
    return (
        recogniser.files == (SFACE_FILE,)
        and points_are_yunets
        and all(digests[name] == SHIPPED[name].sha256 for name in (SFACE_FILE, YUNET_FILE))
    )
