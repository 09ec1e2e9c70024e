"""What a person said of photographs of LFW where a thing is too rare for a random sample alone.

`drawn_labels.csv` names photographs by the SHA-256 of their files. For each attribute people were drawn at random, one
photograph each, and others were looked for by the model's or an early head's score (`ranked`, the best photograph of
each person). They were looked at together, shuffled, without the score; what was not clear is left out. `stands_for`
says how many photographs of the data set one stands for: the random ones for all that were not ranked, the ranked ones
for themselves, so that weighted figures hold for the whole. `training` ones are only learned from.

- `face_occluded`: 1 where an eye, the nose or the mouth is covered in part by a thing: dark sunglasses, a hand, a
  microphone before the lips, a mask. A microphone below the lips, glasses, light sunglasses, hair, a hat, a beard and
  the turn of the head are no such thing. Where a microphone or a hand just touches the lips it is not clear.
- `eye_direction`: `left` or `right` of the lens, as the picture shows it, or `lens`.
- `eye_pitch`: `up`, `down` or `level`; it is measured, and not said.
- `emotions`: what the face shows to one looker, one or two words; `other` is most often somebody who speaks.
"""

from __future__ import annotations

import csv
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

LABELS: Final = Path(__file__).with_name("drawn_labels.csv")


@dataclass(frozen=True, slots=True)
class Drawn:
    """A photograph with one label."""

    path: Path
    attribute: str
    drawn: str
    stands_for: float
    label: str

    @property
    def identity(self) -> str:
        """Who is on it."""
        return self.path.parent.name


def read(folder: Path, *, attribute: str) -> list[Drawn]:
    """Return the photographs that are labelled for an attribute, in the data set of this folder, by path.

    Raises:
        SystemExit: the folder lacks some: it is another data set.
    """
    with LABELS.open(newline="") as file:
        rows = {row["sha256"]: row for row in csv.DictReader(file) if row["attribute"] == attribute}
    found = []
    for path in sorted((folder / "images").rglob("*.jpg")):
        row = rows.pop(hashlib.sha256(path.read_bytes()).hexdigest(), None)
        if row is not None:
            found.append(Drawn(path, attribute, row["drawn"], float(row["stands_for"]), row["label"]))
    if rows:
        raise SystemExit(f"{len(rows)} labelled photographs are not in {folder}.")
    return found


def weights(photographs: list[Drawn]) -> npt.NDArray[np.float64]:
    """Return how many photographs each stands for, float64 (n,)."""
    return np.array([each.stands_for for each in photographs])
