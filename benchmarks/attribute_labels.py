"""What a person said of photographs of LFW: the labels that attributes are trained and measured on.

`attribute_labels.csv` names photographs by the SHA-256 of their files, so it holds no name. `sample` says how a
photograph came in: `random` (480 people drawn at random, one photograph each, every label set or left empty where it
was not clear) or `ranked` (found by an early head among the others, so that rare things are there often enough to
train on; never used to measure). `age` is 2003 less the year of birth of public figures, true to about a year and a
half. `hair_colour` is of 384 of the random ones, left empty where a hat, a
bald head or the light hides it. Labelled by eye from crops of 150 to 180 px.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

LABELS: Final = Path(__file__).with_name("attribute_labels.csv")
YES_OR_NO: Final = ("eyeglasses", "sunglasses", "beard", "moustache", "smile", "mouth_open", "eyes_closed")


@dataclass(frozen=True, slots=True)
class Labelled:
    """A photograph with what is known of it; empty: not known."""

    path: Path
    identity: str
    is_random: bool
    labels: Mapping[str, str]

    def truth(self, name: str) -> bool | None:
        """Return yes or no, or None where nobody could say."""
        return {"1": True, "0": False}.get(self.labels[name])


def read(folder: Path) -> list[Labelled]:
    """Return the labelled photographs of the data set in this folder, by path.

    Raises:
        SystemExit: the folder lacks some: it is another data set.
    """
    with LABELS.open(newline="") as file:
        rows = {row["sha256"]: row for row in csv.DictReader(file)}
    found = []
    for path in sorted((folder / "images").rglob("*.jpg")):
        row = rows.pop(hashlib.sha256(path.read_bytes()).hexdigest(), None)
        if row is not None:
            found.append(Labelled(path, path.parent.name, row["sample"] == "random", row))
    if rows:
        raise SystemExit(f"{len(rows)} labelled photographs are not in {folder}.")
    return found
