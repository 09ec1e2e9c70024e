"""How right the default engine is on LFW pairs and labelled faces, through the project's own decoding and alignment.

make bench-accuracy DATA=/path/to/lfw-dev
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from benchmarks import attribute_figures, lfw
from benchmarks.instance import bench_instance, benchmark_permit
from benchmarks.rows import Goal, Row, data_missing, write


def main() -> int:
    """Measure and write the rows."""
    _, folder = lfw.data_argument(__doc__)
    if folder is None:
        return data_missing(lfw.MISSING)
    with bench_instance() as tenant:
        encoded = lfw.encode(folder, permit=benchmark_permit(tenant.actor))
    return write("accuracy", [*_rows(encoded, folder=folder), *attribute_figures.rows(folder)])


def _rows(encoded: lfw.Encoded, *, folder: Path) -> list[Row]:
    from recognition.evaluation.curves import equal_error_rate, folded_accuracy, true_match_rate_at

    pairs = lfw.read_rows(folder / "pairs.csv")
    first, second = (np.array([encoded.index[pair[name]] for pair in pairs]) for name in ("path1", "path2"))
    genuine = np.array([pair["same"] == "1" for pair in pairs])
    scores = np.einsum("ij,ij->i", encoded.vectors[first], encoded.vectors[second])
    accuracy = folded_accuracy(scores, genuine)
    quality = np.minimum(encoded.quality[first], encoded.quality[second])
    kept = quality >= np.quantile(quality, 0.1)

    def row(name: str, value: float, *, goal: Goal | None = None, n: int = len(pairs)) -> Row:
        return Row(name=name, value=100 * value, unit="%", n=n, goal=goal, data_digest=encoded.digest)

    return [
        row("accuracy, 10 folds", accuracy.mean, goal=Goal(at_least=99.5)),
        row("standard deviation over the folds", accuracy.deviation),
        row("TMR at FMR 0.1 %", true_match_rate_at(scores, genuine, fmr=1e-3), goal=Goal(at_least=99.2)),
        row("equal error rate", equal_error_rate(scores, genuine)),
        row(
            "equal error rate, lowest tenth of quality left out",
            equal_error_rate(scores[kept], genuine[kept]),
            n=int(kept.sum()),
        ),
        row("images without a face", encoded.undetected / len(encoded.vectors), n=len(encoded.vectors)),
    ]


if __name__ == "__main__":
    sys.exit(main())
