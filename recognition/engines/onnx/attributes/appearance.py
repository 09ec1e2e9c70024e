"""Eyeglasses, sunglasses, beard, moustache, covered faces: linear heads on gradients and colours of an aligned face.

The features are histograms of oriented gradients (Dalal and Triggs, CVPR 2005) and coarse colours relative to the
middle of the face. The heads (`heads.npz`, 28 kB) are trained by `benchmarks/train_attributes.py` and
`benchmarks/train_drawn.py` on labelled photographs; no photograph and no vector of a person is in them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from recognition.engines.alignment import cut_out, similarity_transform
from recognition.engines.attributes import Presence
from recognition.engines.base import FloatArray
from recognition.engines.onnx.attributes import calibration
from recognition.engines.onnx.attributes.mesh import Mesh

PATH: Final = Path(__file__).with_name("heads.npz")
SIDE_PX: Final = 96
# Corners of the eyes, bridge and tip of the nose, corners of the mouth, chin: points of the mesh, and their mean places
# over 480 photographs of LFW in pixels of the crop, made symmetric.
ANCHORS: Final = [33, 133, 362, 263, 6, 4, 61, 291, 152]
PLACES: Final = np.array(
    [[25.3, 31.1], [39, 31.8], [57, 31.8], [70.7, 31.1], [48, 33], [48, 48], [33.6, 65.9], [62.4, 65.9], [48, 93.1]],
    np.float32,
)
_CELL_PX: Final = 8
_BLOCKS: Final = SIDE_PX // _CELL_PX - 1
_COLOUR_CELLS: Final = 16


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of the crop that an attribute shows in, in pixels."""

    first: int
    end: int


ROWS: Final = {
    "eyeglasses": Rows(16, 52),
    "sunglasses": Rows(16, 52),
    "beard": Rows(48, 96),
    "moustache": Rows(48, 84),
    "face_occluded": Rows(16, 96),
}


def read(mesh: Mesh, *, names: list[str]) -> dict[str, Presence]:
    """Return the named attributes of a face."""
    parts = describe(mesh)
    return {name: calibration.presence(name, raw(parts, name=name)) for name in names}


def describe(mesh: Mesh) -> tuple[FloatArray, FloatArray]:
    """Return gradients, float32 (11, 11, 36), and colours relative to the face's own, float32 (16, 16, 3)."""
    transform = similarity_transform(mesh.points[ANCHORS], target=PLACES)
    crop = cut_out(mesh.crop, transform, side_px=SIDE_PX)
    block, cell = 2 * _CELL_PX, _CELL_PX
    histogram = cv2.HOGDescriptor((SIDE_PX, SIDE_PX), (block, block), (cell, cell), (cell, cell), 9)
    described = np.asarray(histogram.compute(cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY)), np.float32)
    gradients = described.reshape(_BLOCKS, _BLOCKS, -1)
    colours = cv2.cvtColor(crop, cv2.COLOR_BGR2LAB).astype(np.float32) / 255.0
    coarse = cv2.resize(colours, (_COLOUR_CELLS, _COLOUR_CELLS), interpolation=cv2.INTER_AREA)
    own = coarse[4:12].mean(axis=(0, 1))
    # OpenCV writes the blocks column by column.
    return gradients.transpose(1, 0, 2), np.asarray(coarse - own, np.float32)


def features(parts: tuple[FloatArray, FloatArray], *, name: str) -> FloatArray:
    """Return what the head of an attribute sees of `describe`'s answer, float32 (n,)."""
    gradients, colours = parts
    rows, cell = ROWS[name], SIDE_PX // _COLOUR_CELLS
    seen = gradients[max(0, rows.first // _CELL_PX - 1) : rows.end // _CELL_PX]
    return np.concatenate([seen.ravel(), 2.0 * colours[rows.first // cell : rows.end // cell].ravel()])


def raw(parts: tuple[FloatArray, FloatArray], *, name: str) -> float:
    """Return the raw number that the calibration of an attribute was fitted on."""
    weights: npt.NDArray[np.float32] = _heads()[name]
    return float(features(parts, name=name) @ weights[:-1] + weights[-1])


@cache
def _heads() -> dict[str, npt.NDArray[np.float32]]:
    with np.load(PATH, allow_pickle=False) as content:
        return {name: content[name].astype(np.float32) for name in ROWS}
