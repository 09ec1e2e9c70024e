"""Measure what an engine's scores mean, and write its calibration.

    make bench-calibrate DATA=/path/to/lfw-dev
    python benchmarks/calibrate.py --data /path/to/lfw-dev --engine deepface:yunet+ArcFace

Every image is compared with every other one; the score that a ten-thousandth of the impostor comparisons reaches, and
its like, become the anchors. Writes `recognition/engines/onnx/sface_calibration.json`, or with `--engine` the model's
`<model>.calibration.json` beside its weights: a new calibration is a new engine version, so that collections made with
the old one say so.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from benchmarks import lfw
from benchmarks.instance import bench_instance, benchmark_permit
from benchmarks.rows import Row, data_missing, write

if TYPE_CHECKING:
    from recognition.engines.base import FaceEngine

FMRS = (0.5, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6)


def main() -> int:
    """Measure, write the calibration and the rows."""
    arguments, folder = lfw.data_argument(__doc__)
    if folder is None:
        return data_missing(lfw.MISSING.replace("accuracy", "calibrate"))
    with bench_instance() as tenant:
        engine, destination = _subject(arguments.engine)
        encoded = lfw.encode(folder, permit=benchmark_permit(tenant.actor), engine=engine)
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
            command="make bench-calibrate DATA=/path/to/lfw-dev"
            if arguments.engine is None
            else f"python benchmarks/calibrate.py --data /path/to/lfw-dev --engine {arguments.engine}",
            note=(
                "All images against all others. Wrong labels in the data fill the tail near 1e-6, so that the true"
                " false match rates there are lower than said."
            ),
        ),
    )
    calibration.save(arguments.write or destination)
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


def _subject(name: str | None) -> tuple[FaceEngine, Path]:
    """Return the engine to measure, and where its calibration belongs."""
    from django.conf import settings

    from recognition.engines import registry
    from recognition.engines.deepface.catalogue import PREFIX, folder_of, parse
    from recognition.engines.deepface.engine import DeepfaceEngine
    from recognition.engines.onnx.engine import CALIBRATION_PATH
    from recognition.evaluation.calibration import Calibration, Provenance

    if name is None:
        return registry.get(), CALIBRATION_PATH
    family, _, selection = name.partition(":")
    if family != PREFIX:
        raise SystemExit(f"--engine names an engine of the deepface library: {PREFIX}:<detector>+<model>.")
    # Never shown to anybody: it stands where the measurement that is about to be made will be.
    unmeasured = Calibration(((-1.0, 0.0), (1.0, 12.0)), -1.0, Provenance("none", 0, 0, "none", "not measured yet"))
    _, recogniser = parse(selection)
    destination = folder_of(settings.CUSTOS_MODELS_DIR) / f"{recogniser.name}.calibration.json"
    return DeepfaceEngine(settings.CUSTOS_MODELS_DIR, selection, calibration=unmeasured), destination


if __name__ == "__main__":
    sys.exit(main())
