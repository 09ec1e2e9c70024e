"""Turning a face upright and to the size that the template model was trained on.

The five-point template is ArcFace's (Deng et al., CVPR 2019), 112 x 112 px; the similarity transform is the
least-squares one of Umeyama, IEEE PAMI 13 (1991).
"""

from __future__ import annotations

import math
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from recognition.engines.base import FloatArray

SIDE_PX: Final = 112
# Eyes, nose tip, corners of the mouth; left ones of the picture first, in pixels of the aligned crop.
POINTS: Final = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]], np.float32
)
# Shrinking by more than this, bilinear interpolation would skip pixels.
_LEAST_PLAIN_SCALE: Final = 0.5
# Of a face as wide as a thousand of the largest pictures that are decoded.
_LEAST_SQUARE_OF_SCALE: Final = 1e-10


def similarity_transform(points: FloatArray, *, target: FloatArray = POINTS) -> FloatArray:
    """Return the rotation, scale and shift that bring points nearest to where they belong.

    Args:
        points: float32 (n, 2), pixels.
        target: float32 (n, 2), pixels of the crop; by default the template's five.

    Returns:
        float32 (2, 3), for `cv2.warpAffine`.
    """
    # In the plane Umeyama's rotation and scale are one complex number, with no need of a decomposition. Plain numbers:
    # for five points NumPy would take eight times as long.
    source, wanted = points.tolist(), target.tolist()
    (x_mean, y_mean), (u_mean, v_mean) = _middle(source), _middle(wanted)
    along = across = spread = 0.0
    for (x, y), (u, v) in zip(source, wanted, strict=True):
        x, y, u, v = x - x_mean, y - y_mean, u - u_mean, v - v_mean
        along += x * u + y * v
        across += x * v - y * u
        spread += x * x + y * y
    # Points that coincide have no scale; any will do for what is no face.
    turn, skew = along / max(spread, 1e-9), across / max(spread, 1e-9)
    shift = u_mean - turn * x_mean + skew * y_mean, v_mean - skew * x_mean - turn * y_mean
    return np.array([[turn, -skew, shift[0]], [skew, turn, shift[1]]], np.float32)


def _middle(points: list[list[float]]) -> tuple[float, float]:
    return sum(x for x, _ in points) / len(points), sum(y for _, y in points) / len(points)


def aligned_crop(pixels: npt.NDArray[np.uint8], points: FloatArray) -> npt.NDArray[np.uint8]:
    """Cut a face out, upright.

    Args:
        pixels: uint8 (h, w, 3).
        points: float32 (5, 2): eyes, nose tip, corners of the mouth, in pixels.

    Returns:
        uint8 (112, 112, 3); black where the picture ends.
    """
    return cut_out(pixels, similarity_transform(points), side_px=SIDE_PX)


def grey_crop(pixels: npt.NDArray[np.uint8], points: FloatArray) -> npt.NDArray[np.uint8]:
    """Cut a face out as `aligned_crop` does, in grey: made grey first, which leaves a third to interpolate.

    Args:
        pixels: uint8 (h, w, 3), BGR.
        points: float32 (5, 2): eyes, nose tip, corners of the mouth, in pixels.

    Returns:
        uint8 (112, 112); black where the picture ends.
    """
    transform = similarity_transform(points)
    # With what lies between the outermost pixels and their neighbours.
    left, top, right, bottom = _needed(transform, side_px=SIDE_PX, picture=pixels, margin=2)
    if left >= right or top >= bottom:
        return np.zeros((SIDE_PX, SIDE_PX), np.uint8)
    part = cv2.cvtColor(pixels[top:bottom, left:right], cv2.COLOR_BGR2GRAY).astype(np.uint8, copy=False)
    transform[:, 2] += transform[:, :2] @ np.array([left, top], np.float32)
    return cut_out(part, transform, side_px=SIDE_PX)


def cut_out(pixels: npt.NDArray[np.uint8], transform: FloatArray, *, side_px: int) -> npt.NDArray[np.uint8]:
    """Cut a square out of a picture, averaging where it is shrunk much.

    Args:
        pixels: uint8 (h, w, 3) or (h, w).
        transform: float32 (2, 3), from pixels of the picture to pixels of the square; rotation, one scale, shift.
        side_px: of the square.

    Returns:
        uint8 (side_px, side_px, 3) or (side_px, side_px); black where the picture ends.
    """
    scale = math.hypot(*transform[:, 0].tolist())
    if scale < _LEAST_PLAIN_SCALE:
        pixels, transform = _shrunk(pixels, transform=transform, scale=scale, side_px=side_px)
    return cv2.warpAffine(pixels, transform, (side_px, side_px), flags=cv2.INTER_LINEAR).astype(np.uint8, copy=False)


def _shrunk(
    pixels: npt.NDArray[np.uint8], *, transform: FloatArray, scale: float, side_px: int
) -> tuple[npt.NDArray[np.uint8], FloatArray]:
    """Shrink the part of the picture that is needed by a whole factor, averaging; adapt the transform to it."""
    left, top, right, bottom = _needed(transform, side_px=side_px, picture=pixels)
    factor = int(1.0 / max(scale, math.sqrt(_LEAST_SQUARE_OF_SCALE)))
    columns, rows = (right - left) // factor, (bottom - top) // factor
    if columns < 1 or rows < 1:
        return pixels, transform  # the face lies beyond the picture
    part = pixels[top : top + rows * factor, left : left + columns * factor]
    small = cv2.resize(part, (columns, rows), interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    # A pixel of the small picture stands for the centre of `factor` pixels of the large one.
    centre = np.array([left, top], np.float32) + (factor - 1) / 2
    shift = transform[:, 2] + transform[:, :2] @ centre
    return small, np.hstack([transform[:, :2] * factor, shift[:, None]]).astype(np.float32)


def _needed(
    transform: FloatArray, *, side_px: int, picture: npt.NDArray[np.uint8], margin: int = 0
) -> tuple[int, int, int, int]:
    """Return left, top, right and bottom of the part of a picture that a square shows; empty where it lies beyond."""
    (turn, _, right_by), (skew, _, down_by) = transform.tolist()
    square_of_scale = math.hypot(turn, skew) ** 2
    if not math.isfinite(square_of_scale + right_by + down_by) or square_of_scale < _LEAST_SQUARE_OF_SCALE:
        return 0, 0, 0, 0  # points that are one, or none
    corners = [(x - right_by, y - down_by) for x in (0, side_px) for y in (0, side_px)]
    xs = [(turn * x + skew * y) / square_of_scale for x, y in corners]
    ys = [(turn * y - skew * x) / square_of_scale for x, y in corners]
    height, width = picture.shape[:2]
    left, top = max(0, math.floor(min(xs)) - margin), max(0, math.floor(min(ys)) - margin)
    return left, top, min(width, math.ceil(max(xs)) + margin), min(height, math.ceil(max(ys)) + margin)
