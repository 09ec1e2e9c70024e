"""Measure what the default engine's scores mean, and write its calibration.

    make bench-calibrate DATA=/path/to/lfw-dev

Every image is compared with every other one; the score that a ten-thousandth of the impostor comparisons reaches, and
its like, become the anchors. Writes `recognition/engines/onnx/sface_calibration.json`: a new calibration is a new
engine version, so that collections made with the old one say so.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from benchmarks import lfw
from benchmarks.instance import bench_instance, benchmark_permit
from benchmarks.rows import Row, data_missing, write

FMRS = (0.5, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6)


def main() -> int:
    """Measure, write the calibration and the rows."""
    arguments, folder = lfw.data_argument(__doc__)
    if folder is None:
        return data_missing(lfw.MISSING.replace("accuracy", "calibrate"))
    with bench_instance() as tenant:
        encoded = lfw.encode(folder, permit=benchmark_permit(tenant.actor))
    from recognition.engines.onnx.engine import CALIBRATION_PATH
    from recognition.evaluation.calibration import Provenance, fit
    from recognition.evaluation.scores import compare_all

    seen = encoded.vectors.any(axis=1)
    people = np.array([Path(path).parent.name for path in encoded.index])[seen]
    histogram = compare_all(encoded.vectors[seen], identities=np.unique(people, return_inverse=True)[1])
    anchors = [(round(float(-np.log10(fmr)), 5), round(histogram.impostor_score_at(fmr), 4)) for fmr in FMRS]
    calibration = fit(
        anchors,
        provenance=Provenance(
            data=f"LFW development half (deep-funneled, 250 px), pairs.csv SHA-256 {encoded.digest}",
            impostor_comparisons=int(histogram.impostor.sum()),
            genuine_comparisons=int(histogram.genuine.sum()),
            command="make bench-calibrate DATA=/path/to/lfw-dev",
            note=(
                "All images against all others. Wrong labels in the data fill the tail near 1e-6, so that the true"
                " false match rates there are lower than said."
            ),
        ),
    )
    calibration.save(arguments.write or CALIBRATION_PATH)
    rows = [
        Row(
            name=f"score at FMR {10.0**-decades:.0e}, and TMR there",
            value=score,
            unit="cosine",
            n=int(histogram.impostor.sum()),
            baseline="all genuine comparisons",
            ratio=histogram.true_match_rate(score),
            data_digest=encoded.digest,
        )
        for decades, score in anchors
    ]
    return write("calibrate", rows)


if __name__ == "__main__":
    sys.exit(main())
