"""What the quality score and its bars are worth: the error against the share of faces that is rejected.

    make bench-quality DATA=/path/to/lfw-dev

Pairs of photographs of one person; the first of each pair is left as it is or made small, blurred or dark, by a seeded
draw. An error is a comparison below the score of a false match rate of 1e-3. Writes the curve as
`docs/reference/error-versus-reject.csv` and `.svg`.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import cv2
import numpy as np
import numpy.typing as npt

from benchmarks import lfw
from benchmarks.instance import bench_instance, benchmark_permit
from benchmarks.rows import REPOSITORY, Goal, Row, data_missing, write

if TYPE_CHECKING:
    from common.permits import Permit
    from recognition.engines.base import DetectedFace, FaceEngine
    from recognition.images import UprightImage

PAIRS = 1300
FMR = 1e-3
SHARES = np.arange(0.0, 0.51, 0.05)
CURVE = REPOSITORY / "docs" / "reference" / "error-versus-reject"
_Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Judged:
    """The changed photograph's face, its shorter side, and whether the comparison failed."""

    face: DetectedFace
    side_px: float
    failed: bool


def main() -> int:
    """Measure; write the curve and the rows."""
    _, folder = lfw.data_argument(__doc__)
    if folder is None:
        return data_missing(lfw.MISSING.replace("accuracy", "quality"))
    with bench_instance() as tenant:
        judged, lost = _judge(folder, permit=benchmark_permit(tenant.actor))
    return write("quality", _rows(judged, lost=lost))


def _judge(folder: Path, *, permit: Permit) -> tuple[list[Judged], int]:
    from recognition import images
    from recognition.engines import registry

    engine = registry.get()
    least = next(float(score) for score in np.arange(0.2, 0.6, 0.001) if engine.calibration.fmr(float(score)) <= FMR)
    rng = np.random.default_rng(3)
    pairs = [pair for pair in lfw.read_rows(folder / "pairs.csv") if pair["same"] == "1"]
    judged, lost = [], 0
    for index in rng.permutation(len(pairs))[:PAIRS]:
        first, second = (images.decode((folder / pairs[index][name]).read_bytes()) for name in ("path1", "path2"))
        changed = _changed(first, rng=rng)
        one, other = (_middle_face(engine, image, permit=permit) for image in (changed, second))
        if one is None or other is None:
            lost += one is None
            continue
        vectors = [
            engine.extract(image, [face], permit=permit)[0].vector for image, face in ((changed, one), (second, other))
        ]
        side_px = min(one.box.width * changed.width, one.box.height * changed.height)
        judged.append(Judged(one, side_px, float(vectors[0] @ vectors[1]) < least))
    return judged, lost


def _changed(image: UprightImage, *, rng: np.random.Generator) -> UprightImage:
    from dataclasses import replace

    kind = int(rng.integers(0, 6))
    pixels: _Pixels = np.array(image.pixels)
    if kind in (1, 4):
        pixels = _shrunk(pixels, scale=float(rng.uniform(0.12, 0.6)))
    if kind in (2, 4):
        pixels = cv2.GaussianBlur(pixels, (0, 0), float(rng.uniform(0.5, 4.5)) * len(pixels) / 250).astype(np.uint8)
    if kind in (3, 5):
        noisy = pixels * rng.uniform(0.04, 0.6) + rng.normal(0, 4, pixels.shape)
        pixels = np.clip(noisy, 0, 255).astype(np.uint8)
    if kind == 5:
        pixels = _shrunk(pixels, scale=0.4)
    height, width = pixels.shape[:2]
    return replace(image, pixels=np.ascontiguousarray(pixels), width=width, height=height)


def _shrunk(pixels: _Pixels, *, scale: float) -> _Pixels:
    return cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA).astype(np.uint8)


def _middle_face(engine: FaceEngine, image: UprightImage, *, permit: Permit) -> DetectedFace | None:
    faces = engine.detect(image, permit=permit)
    return min(faces, key=lfw._distance_from_middle, default=None)


def _rows(judged: list[Judged], *, lost: int) -> list[Row]:
    from recognition.engines.quality import HIGH, LOW, MEDIUM, shortcomings

    failed = np.array([each.failed for each in judged])
    order = np.argsort([each.face.quality.score for each in judged], kind="stable")
    errors = [float(failed[order[round(share * len(order)) :]].mean()) for share in SHARES]
    _draw(errors)
    rows = [Row(name="no face found", value=100 * lost / (len(judged) + lost), unit="%", n=len(judged) + lost)]
    for share, error in zip(SHARES, errors, strict=True):
        goal = Goal(at_most=0.6, of_ratio=True) if np.isclose(share, 0.3) else None
        rows.append(
            Row(
                name=f"errors, lowest {share:.0%} of the score rejected",
                value=100 * error,
                unit="%",
                n=len(judged),
                baseline="errors with none rejected",
                ratio=error / errors[0],
                goal=goal,
            )
        )
    for name, bar in (("LOW", LOW), ("MEDIUM", MEDIUM), ("HIGH", HIGH)):
        passes = np.array([not shortcomings(each.face, side_px=each.side_px, bar=bar) for each in judged])
        rows += [
            Row(name=f"bar {name}: faces that pass", value=100 * float(passes.mean()), unit="%", n=len(judged)),
            Row(name=f"bar {name}: errors of those", value=100 * float(failed[passes].mean()), unit="%", n=len(judged)),
            Row(name=f"bar {name}: errors of rest", value=100 * float(failed[~passes].mean()), unit="%", n=len(judged)),
        ]  # fmt: skip
    return rows


def _draw(errors: list[float]) -> None:
    """Write the curve as numbers and as a picture."""
    lines = [f"{share:.2f},{error:.4f}" for share, error in zip(SHARES, errors, strict=True)]
    CURVE.with_suffix(".csv").write_text("\n".join(["rejected,error", *lines]) + "\n")
    width, height, top = 520, 260, 1.15 * max(errors)
    points = " ".join(
        f"{60 + share / SHARES[-1] * (width - 80):.1f},{height - 40 - error / top * (height - 60):.1f}"
        for share, error in zip(SHARES, errors, strict=True)
    )
    levels = [(52.0, height - 36 - level / top * (height - 60), level) for level in np.arange(0, top, 0.02)]
    shares = [(60 + share / SHARES[-1] * (width - 80), height - 22.0, share) for share in SHARES[::2]]
    steps = "".join(
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{"end" if x == 52.0 else "middle"}">{label:.0%}</text>'
        for x, y, label in (*levels, *shares)
    )
    CURVE.with_suffix(".svg").write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" font-family="sans-serif"'
        ' font-size="11" fill="#555"><title>Error against the share that is rejected</title>'
        f'<path d="M60 20V{height - 40}H{width - 20}" fill="none" stroke="#888"/>{steps}'
        f'<text x="{width / 2}" y="{height - 4}" text-anchor="middle">faces rejected, lowest score first</text>'
        f'<polyline points="{points}" fill="none" stroke="#2563eb" stroke-width="2"/></svg>\n'
    )


if __name__ == "__main__":
    sys.exit(main())
