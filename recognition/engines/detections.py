"""From what a detector says to `DetectedFace`: the part that every engine on real photographs shares.

A detection is a row of fifteen numbers in pixels of the picture: left, top, width, height of the box; x and y of five
points (eyes, nose tip, corners of the mouth; left ones of the picture first); a score, 0…1.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from recognition.engines.alignment import grey_crop
from recognition.engines.base import Box, DetectedFace, FloatArray, Landmark
from recognition.engines.pose import pose_of
from recognition.engines.quality import quality_of

# Columns of a detection.
BOX: Final = slice(0, 4)
POINTS: Final = slice(4, 14)
SCORE: Final = 14
COLUMNS: Final = 15

# Of YuNet, whichever runtime it is on. Longer side of what the network sees. At 1280 faces of 20 px in a picture of
# that size are found (27 of 28 measured).
LONGEST_SIDE_PX: Final = 1280
# A thorough look also takes tiles of the picture, each enlarged to the longest side: twice the size, or what is left of
# that for a picture of more than so many tiles. Faces of 14 px in the picture are found.
TILE_PX: Final = LONGEST_SIDE_PX // 2
MOST_TILES: Final = 48
_TILE_OVERLAP: Final = 0.2
# What tiles are for: faces that are small in the view of the whole picture. Larger ones were seen there, and elbows and
# handbags look like faces when they are enlarged.
_SMALL_PX: Final = 40.0
_LEAST_TILE_SCORE: Final = 0.65
# The network was trained on faces of 10 to 300 px: a larger one fills too much of the picture to be seen. Where no face
# that is sure was found, smaller views of the same picture are looked at.
SMALLER_SIDES_PX: Final = (480, 192)
SURE_SCORE: Final = 0.8
LEAST_SCORE: Final = 0.5
MOST_OVERLAP: Final = 0.3
CANDIDATES: Final = 5000
_PART_INSIDE: Final = 0.8
_LANDMARKS: Final = ("eyeLeft", "eyeRight", "nose", "mouthLeft", "mouthRight")


def detect_at_sizes(
    pixels: npt.NDArray[np.uint8], *, look: Callable[[npt.NDArray[np.uint8]], FloatArray]
) -> FloatArray:
    """Run YuNet on the views of a picture that it needs to see small and large faces.

    Args:
        pixels: uint8 (h, w, 3), BGR, upright.
        look: runs the network once; takes a view, returns float32 (n, 15) in pixels of that view.

    Returns:
        float32 (n, 15), largest box first, in pixels of `pixels`.
    """
    longest = max(pixels.shape[:2])
    found = _detect_at(pixels, scale=min(1.0, LONGEST_SIDE_PX / longest), look=look)
    for side in SMALLER_SIDES_PX:
        if longest <= side or (len(found) and found[:, SCORE].max() >= SURE_SCORE):
            continue
        found = suppress(np.concatenate([found, _detect_at(pixels, scale=side / longest, look=look)]))
    return largest_first(without_parts(found))


def detect_thoroughly(
    pixels: npt.NDArray[np.uint8], *, look: Callable[[npt.NDArray[np.uint8]], FloatArray]
) -> FloatArray:
    """Run YuNet on the picture and on enlarged tiles of it; takes as long as there are tiles.

    Args and Returns: as in `detect_at_sizes`.
    """
    found = [detect_at_sizes(pixels, look=look)]
    whole_scale = min(1.0, LONGEST_SIDE_PX / max(pixels.shape[:2]))
    for left, top, side in _tiles(*pixels.shape[:2]):
        tile = np.ascontiguousarray(pixels[top : top + side, left : left + side])
        scale = min(2.0, LONGEST_SIDE_PX / side)
        view = cv2.resize(tile, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR).astype(np.uint8, copy=False)
        seen = look(view)
        seen[:, :SCORE] /= scale
        wanted = _is_whole(seen, tile=tile, left=left, top=top, picture=pixels)
        wanted &= (seen[:, SCORE] >= _LEAST_TILE_SCORE) & (seen[:, 2:4].max(axis=1) * whole_scale <= _SMALL_PX)
        seen[:, :2] += (left, top)
        seen[:, POINTS] += np.tile(np.array((left, top), np.float32), 5)
        found.append(seen[wanted])
    return largest_first(without_parts(suppress(np.concatenate(found))))


def _tiles(height: int, width: int) -> list[tuple[int, int, int]]:
    """Return left, top and side of overlapping squares that cover the picture, at most `MOST_TILES`."""
    side = TILE_PX
    while True:
        rows, columns = (_starts(length, side=side) for length in (height, width))
        if len(rows) * len(columns) <= MOST_TILES:
            return [(left, top, side) for top in rows for left in columns]
        side = round(side * 1.15)


def _starts(length: int, *, side: int) -> list[int]:
    if length <= side:
        return [0]
    number = math.ceil((length - side) / (side * (1.0 - _TILE_OVERLAP))) + 1
    return [round(index * (length - side) / (number - 1)) for index in range(number)]


def _is_whole(
    seen: FloatArray,
    *,
    tile: npt.NDArray[np.uint8],
    left: int,
    top: int,
    picture: npt.NDArray[np.uint8],
) -> npt.NDArray[np.bool_]:
    """Say which detections do not touch a cut: what is cut off lies whole in the next tile, or in the picture."""
    height, width = tile.shape[:2]
    cut = np.zeros(len(seen), bool)
    if left > 0:
        cut |= seen[:, 0] <= 1
    if top > 0:
        cut |= seen[:, 1] <= 1
    if left + width < picture.shape[1]:
        cut |= seen[:, 0] + seen[:, 2] >= width - 1
    if top + height < picture.shape[0]:
        cut |= seen[:, 1] + seen[:, 3] >= height - 1
    return ~cut


def _detect_at(
    pixels: npt.NDArray[np.uint8], *, scale: float, look: Callable[[npt.NDArray[np.uint8]], FloatArray]
) -> FloatArray:
    if scale < 1.0:
        # INTER_AREA: a plain bilinear shrink of a large photograph loses small faces to aliasing.
        height, width = (max(1, round(side * scale)) for side in pixels.shape[:2])
        pixels = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    found = look(pixels)
    found[:, :SCORE] /= scale
    return found


def suppress(found: FloatArray) -> FloatArray:
    """Keep the best of overlapping detections (non-maximum suppression at an intersection over union of 0.3)."""
    if not len(found):
        return found
    kept = cv2.dnn.NMSBoxes(found[:, BOX].tolist(), found[:, SCORE].tolist(), LEAST_SCORE, MOST_OVERLAP)
    return found[np.asarray(kept, dtype=np.intp).reshape(-1)]


def without_parts(found: FloatArray) -> FloatArray:
    """Drop what lies inside a larger box of a higher score: an eye or a chin of a face that fills the picture."""
    if len(found) < 2:
        return found
    near, far = found[:, :2], found[:, :2] + found[:, 2:4]
    shared = np.clip(np.minimum(far[:, None], far[None]) - np.maximum(near[:, None], near[None]), 0.0, None)
    areas = found[:, 2] * found[:, 3]
    inside = shared.prod(axis=2) >= _PART_INSIDE * areas[:, None]
    lesser = (areas[:, None] < areas[None]) & (found[:, None, SCORE] < found[None, :, SCORE])
    kept: FloatArray = found[~(inside & lesser).any(axis=1)]
    return kept


def largest_first(found: FloatArray) -> FloatArray:
    """Order detections by the area of their boxes."""
    return found[np.argsort(-found[:, 2] * found[:, 3], kind="stable")]


def face_of(row: FloatArray, *, pixels: npt.NDArray[np.uint8]) -> DetectedFace:
    """Turn one detection into fractions of the picture, with pose and quality.

    Args:
        row: float32 (15,), in pixels.
        pixels: uint8 (h, w, 3), BGR, the picture that it was found in.
    """
    height, width = pixels.shape[:2]
    points = row[POINTS].reshape(5, 2)
    left, top, box_width, box_height = (float(value) for value in row[BOX])
    pose = pose_of(points)
    eye_distance_px = math.dist(points[0].tolist(), points[1].tolist())
    return DetectedFace(
        box=Box(left / width, top / height, box_width / width, box_height / height),
        confidence=100.0 * float(row[SCORE]),
        landmarks=tuple(
            Landmark(kind, float(x) / width, float(y) / height) for kind, (x, y) in zip(_LANDMARKS, points, strict=True)
        ),
        pose=pose,
        quality=quality_of(
            grey_crop(pixels, points),
            pose=pose,
            eye_distance_px=eye_distance_px,
            confidence=100.0 * float(row[SCORE]),
        ),
    )


def points_of(face: DetectedFace, *, pixels: npt.NDArray[np.uint8]) -> FloatArray:
    """Return the five points of a face in pixels of its picture, float32 (5, 2)."""
    height, width = pixels.shape[:2]
    return np.array([[landmark.x * width, landmark.y * height] for landmark in face.landmarks], np.float32)
