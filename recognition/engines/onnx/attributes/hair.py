"""The colour of the hair: a linear head on colours around the face.

There is no face parsing here (the weights that can be had are for non-commercial use), so hair is looked for where it
is: on four ellipses around the upper half of the face, relative to the skin. The head (`hair.npz`) is trained by
`benchmarks/train_attributes.py`; the service card says how often it is right, and it is not often.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from recognition.engines.alignment import cut_out, similarity_transform
from recognition.engines.attributes import Choice
from recognition.engines.base import FloatArray
from recognition.engines.onnx.attributes.appearance import ANCHORS, PLACES
from recognition.engines.onnx.attributes.appearance import SIDE_PX as FACE_PX
from recognition.engines.onnx.attributes.mesh import Mesh

PATH: Final = Path(__file__).with_name("hair.npz")
COLOURS: Final = ("black", "brown", "blond", "grey")
_SIDE_PX: Final = 128
# The face of `appearance` made smaller and moved down, so that there is room for hair around it.
_SCALE: Final = 0.62
_PLACES: Final = (PLACES * _SCALE + [_SIDE_PX / 2 - FACE_PX / 2 * _SCALE, 46.0]).astype(np.float32)
_MIDDLE: Final = (64.0, 66.0)
# Half axes of the ellipses in pixels of the crop: from the hairline of most people to the outline of most hair.
_ELLIPSES: Final = ((22, 18), (24, 22), (26, 26), (29, 30))
_ANGLES: Final = np.deg2rad(np.arange(-100, 101, 20))
# On top of the head there is hair, at the temples there may be none.
_TOP_WEIGHTS: Final = np.exp(-(((np.arange(len(_ANGLES)) - len(_ANGLES) // 2) / 3.0) ** 2))
_BLUR_PX: Final = 1.5
_QUANTILES: Final = (10, 25, 50, 75)


def read(mesh: Mesh) -> Choice:
    """Return the likeliest colour, with a calibrated confidence."""
    shares = probabilities(features(mesh))
    best = int(np.argmax(shares))
    return Choice(COLOURS[best], 100.0 * float(shares[best]))


def features(mesh: Mesh) -> FloatArray:
    """Return colours around the face and of its skin in Lab, 0…255, float32 (n,)."""
    transform = similarity_transform(mesh.points[ANCHORS], target=_PLACES)
    crop = cut_out(mesh.crop, transform, side_px=_SIDE_PX)
    colours = cv2.GaussianBlur(cv2.cvtColor(crop, cv2.COLOR_BGR2LAB).astype(np.float32), (0, 0), _BLUR_PX)
    skin = np.median(colours[68:92, 50:78].reshape(-1, 3), axis=0)
    rings = [_ring(np.asarray(colours, np.float32), across=across, up=up) for across, up in _ELLIPSES]
    quantiles = np.percentile(np.stack(rings[:3]), _QUANTILES, axis=1).transpose(1, 0, 2)
    tops = [(ring * _TOP_WEIGHTS[:, None]).sum(axis=0) / _TOP_WEIGHTS.sum() for ring in rings]
    parts = [*(each.ravel() for each in (*quantiles, *rings)), *tops, skin, skin - quantiles[0][2]]
    return np.concatenate(parts).astype(np.float32)


def probabilities(seen: FloatArray) -> npt.NDArray[np.float64]:
    """Return how likely each of the colours is, float64 (4,), out of the features of a face."""
    weights, offset, temperature = _head()
    raw = (seen.astype(np.float64) @ weights.T + offset) / temperature
    shares: npt.NDArray[np.float64] = np.exp(raw - raw.max())
    return np.asarray(shares / shares.sum(), np.float64)


def _ring(colours: FloatArray, *, across: float, up: float) -> FloatArray:
    x = np.clip(_MIDDLE[0] + across * np.sin(_ANGLES), 0, _SIDE_PX - 1).astype(int)
    y = np.clip(_MIDDLE[1] - up * np.cos(_ANGLES), 0, _SIDE_PX - 1).astype(int)
    return np.asarray(colours[y, x], np.float32)


@cache
def _head() -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], float]:
    with np.load(PATH, allow_pickle=False) as content:
        return content["weights"].astype(np.float64), content["offset"], float(content["temperature"])
