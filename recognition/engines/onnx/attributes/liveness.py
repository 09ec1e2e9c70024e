"""Whether a photograph of a face looks like one of a person, or like one of a picture: passive and advisory.

Two looks are weighed by a linear head: the anti-spoofing network (Liu et al., "Deep Tree Learning for Zero-shot Face
Anti-Spoofing", CVPR 2019) and traces of a second capture (`recapture`). The head and the scale of scores
(`liveness.npz`) are made by `benchmarks/train_liveness.py` on genuine photographs and **simulated** re-photographs of
them: nobody has measured this on a real attack.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from recognition.engines.alignment import cut_out
from recognition.engines.base import FloatArray
from recognition.engines.onnx.attributes import recapture
from recognition.engines.onnx.attributes.mesh import unit_rgb
from recognition.engines.onnx.session import Session
from recognition.engines.presentation_attacks import EvidenceKind, Medium, PresentationAttackEvidence

PATH: Final = Path(__file__).with_name("liveness.npz")
SIDE_PX: Final = 256
LEAVES: Final = 8
FEATURES: Final = recapture.FEATURES + LEAVES
ITS_THRESHOLD: Final = 0.2
# The sizes of faces that it was measured on, in pixels of the picture; of others nothing is said. Both looks answer to
# size and sharpness: genuine portraits of 320 to 480 px, shrunk to this size, score below 1.2 (service card).
LEAST_SIDE_PX: Final = 80.0
MOST_SIDE_PX: Final = 180.0


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """What was seen of a face.

    Attributes:
        features: float32 (FEATURES,), for the head: traces of a second capture, and the network's leaves.
        verdict: the network's own, of the leaf that its routing chooses: near 0 for a person, near 1 for an attack.
            Users of the package call more than `ITS_THRESHOLD` an attack; here it is measured and not used.
    """

    features: FloatArray
    verdict: float


class LivenessReader:
    """The network, and the head over it. Holds no state between faces."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def read(self, pixels: npt.NDArray[np.uint8], *, box: FloatArray) -> PresentationAttackEvidence | None:
        """Return the evidence; None where nothing was measured on faces of this size.

        Args:
            pixels: uint8 (h, w, 3), BGR.
            box: float32 (4,): left, top, width, height in pixels.
        """
        if not LEAST_SIDE_PX <= float(max(box[2], box[3])) <= MOST_SIDE_PX:
            return None
        score = score_of(self.look(pixels, box=box).features)
        return PresentationAttackEvidence(kind=EvidenceKind.PASSIVE, score=score, measured_on=Medium.PHOTOGRAPH)

    def look(self, pixels: npt.NDArray[np.uint8], *, box: FloatArray) -> Look:
        """Return what is seen of a face.

        The network's input is as the package makes it (its FaceAntiSpoofing.kt) and as it was trained: the upright
        square of the detector's box, RGB 0…1.
        """
        crop = _square(pixels, box=box, side_px=SIDE_PX)
        leaves, routed = (output.ravel() for output in self._session.run(unit_rgb(crop)))
        traces = recapture.features(_square(pixels, box=box, side_px=recapture.SIDE_PX))
        return Look(np.concatenate([traces, np.abs(leaves)]), float(np.abs(leaves) @ routed))


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """The shipped numbers.

    Attributes:
        weights: float64 (n + 1,), of the features and, last, the offset; the sum is larger for what looks genuine.
        quantiles: float64 (m,), of that sum over genuine photographs, at even steps from 0 to 100 %.
    """

    weights: npt.NDArray[np.float64]
    quantiles: npt.NDArray[np.float64]

    def raw(self, seen: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
        """Return the sums for the features of faces, (n,) or (faces, n)."""
        return np.asarray(seen.astype(np.float64) @ self.weights[:-1] + self.weights[-1])


def score_of(seen: FloatArray) -> float:
    """Return how many of a hundred genuine photographs look less genuine than what has these features."""
    head = shipped()
    shares = np.linspace(0.0, 100.0, len(head.quantiles))
    return float(np.interp(float(head.raw(seen)), head.quantiles, shares))


@cache
def shipped() -> Head:
    """Return the head beside this file."""
    with np.load(PATH, allow_pickle=False) as content:
        return Head(content["weights"].astype(np.float64), content["quantiles"].astype(np.float64))


def _square(pixels: npt.NDArray[np.uint8], *, box: FloatArray, side_px: int) -> npt.NDArray[np.uint8]:
    """Cut the square around a box out, moved into the picture where it would reach beyond it."""
    left, top, width, height = (float(value) for value in box)
    side = max(width, height, 1.0)
    corner = [
        min(max(0.0, middle - side / 2), max(0.0, length - side))
        for middle, length in ((left + width / 2, pixels.shape[1]), (top + height / 2, pixels.shape[0]))
    ]
    scale = side_px / side
    transform = np.array([[scale, 0.0, -scale * corner[0]], [0.0, scale, -scale * corner[1]]], np.float32)
    return cut_out(pixels, transform, side_px=side_px)
