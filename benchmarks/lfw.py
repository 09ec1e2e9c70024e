"""The development photographs of LFW through the project's own engine: one template and one quality an image."""

from __future__ import annotations

import argparse
import csv
import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

if TYPE_CHECKING:
    from common.permits import Permit
    from recognition.engines.base import DetectedFace, FaceEngine
    from recognition.evaluation.labelled import Labelled


@dataclass(frozen=True, slots=True, eq=False)
class Encoded:
    """What the engine made of the photographs.

    Attributes:
        index: image path (as in the CSV files) → row.
        vectors: float32 (n, d), unit rows; zero where no face was found.
        quality: float32 (n,), 0…100.
        undetected: images without a face.
        digest: of the pairs file, which names the data.
    """

    index: dict[str, int]
    vectors: npt.NDArray[np.float32]
    quality: npt.NDArray[np.float32]
    undetected: int
    digest: str


def data_argument(description: str | None) -> tuple[argparse.Namespace, Path | None]:
    """Parse `--data FOLDER`; return None for the folder when it is missing or is not the data set."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder with images/, pairs.csv and identification.csv")
    parser.add_argument("--engine", help="calibrate: deepface:<detector>+<model> instead of the default engine")
    parser.add_argument("--write", type=Path, help="calibrate: where to write the calibration")
    arguments = parser.parse_args()
    folder: Path | None = arguments.data
    return arguments, folder if folder is not None and (folder / "pairs.csv").is_file() else None


MISSING = "This benchmark needs the LFW development photographs: make bench-accuracy DATA=/path/to/lfw-dev"


def read_rows(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file."""
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def encode(folder: Path, *, permit: Permit, engine: FaceEngine | None = None) -> Encoded:
    """Decode, detect, align and extract every image; of several faces the one nearest to the middle counts.

    Args:
        folder: the data set.
        permit: from a recorded decision.
        engine: None: the default one.
    """
    from recognition.engines import registry

    works = engine or registry.get()
    paths = sorted(str(path.relative_to(folder)) for path in (folder / "images").rglob("*.jpg"))
    with ThreadPoolExecutor(2) as pool:
        answers = pool.map(lambda path: _encode_one(folder / path, engine=works, permit=permit), paths)
        found = list(tqdm(answers, total=len(paths), disable=None, desc="photographs", unit="image"))
    return Encoded(
        index={path: row for row, path in enumerate(paths)},
        vectors=np.stack([vector for vector, _ in found]),
        quality=np.array([quality for _, quality in found], np.float32),
        undetected=sum(not vector.any() for vector, _ in found),
        digest=hashlib.sha256((folder / "pairs.csv").read_bytes()).hexdigest(),
    )


def middle_row(found: npt.NDArray[np.float32], *, pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Return the detection nearest to the middle of its picture, out of at least one."""
    middle = np.array(pixels.shape[1::-1]) / 2
    row: npt.NDArray[np.float32] = found[np.argmin(np.linalg.norm(found[:, :2] + found[:, 2:4] / 2 - middle, axis=1))]
    return row


def labelled(encoded: Encoded, *, folder: Path) -> Labelled:
    """Return the templates with who is on them, and the groups that `groups.csv` names."""
    from recognition.evaluation.labelled import Labelled

    seen = encoded.vectors.any(axis=1)
    names = np.array([Path(path).parent.name for path in encoded.index])[seen]
    people, numbers = np.unique(names, return_inverse=True)
    groups = {row["identity"]: row["gender"] for row in read_rows(folder / "groups.csv")}
    vectors = encoded.vectors[seen] / np.linalg.norm(encoded.vectors[seen], axis=1, keepdims=True)
    return Labelled(vectors, numbers.astype(np.int64), tuple(groups.get(person, "") for person in people))


def _encode_one(path: Path, *, engine: FaceEngine, permit: Permit) -> tuple[Any, float]:
    from recognition import images

    image = images.decode(path.read_bytes())
    faces = engine.detect(image, permit=permit)
    if not faces:
        return np.zeros(engine.dimensions, np.float32), 0.0
    face = min(faces, key=_distance_from_middle)
    return engine.extract(image, [face], permit=permit)[0].vector, face.quality.score


def _distance_from_middle(face: DetectedFace) -> float:
    box = face.box
    return (box.left + box.width / 2 - 0.5) ** 2 + (box.top + box.height / 2 - 0.5) ** 2
