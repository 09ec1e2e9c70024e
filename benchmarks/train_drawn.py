"""Train the head of what covers a face, and fit the calibrations of gaze and expressions, on labelled photographs.

    make bench-train-drawn DATA=/path/to/lfw-dev

Writes into `heads.npz` and `calibration.json` beside the code that reads them, and prints what `bench-accuracy` prints
of these attributes. The labels are in `drawn_labels.csv`.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import expressions, eye_directions, lfw, occlusion
from benchmarks.attribute_raw import Reader
from benchmarks.rows import REPOSITORY, data_missing, write


def main() -> int:
    """Train, write head and calibrations, print the rows."""
    _, folder = lfw.data_argument(__doc__)
    if folder is None:
        return data_missing(lfw.MISSING.replace("accuracy", "train-drawn"))
    sys.path.insert(0, str(REPOSITORY / "platform"))
    reader = Reader()
    parts = (occlusion, eye_directions, expressions)
    rows = [row for part in parts for row in part.measured(folder, reader=reader, trains=True)]
    return write("train_drawn", rows)


if __name__ == "__main__":
    sys.exit(main())
