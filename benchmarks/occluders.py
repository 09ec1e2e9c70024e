"""Things drawn before faces: hands, microphones, masks, scarves, sunglasses and whatever, for training heads.

Everything is drawn from a seed, from simple shapes with shading and noise; no photograph but the face's own is used.
What covers an eye, the nose or the mouth is drawn by `cover`; the same things beside the face or below the chin by
`miss`, so that a head learns where a thing is and not that there is one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]
Points = npt.NDArray[np.float32]
Generator = np.random.Generator
Drawing = Callable[[Picture, Points, Generator], Picture]

# Points of the mesh: outer and inner corners of the eyes, tip of the nose, corners of the mouth, chin, jaws, forehead.
_EYES: Final = ((33, 133), (362, 263))
_NOSE, _MOUTH, _CHIN, _FOREHEAD = 4, (61, 291), 152, 10
_LOWER_FACE: Final = (234, 93, 132, 58, 172, 150, 148, 152, 377, 379, 397, 288, 361, 323, 454)


def cover(pixels: Picture, points: Points, random: Generator) -> Picture:
    """Return the picture with one thing over an eye, the nose or the mouth.

    Args:
        pixels: uint8 (h, w, 3), BGR.
        points: float32 (478, 2), of the mesh, in pixels.
        random: what decides everything.
    """
    # What is met most often is drawn twice as often.
    drawings: tuple[Drawing, ...] = (_hand, _microphone, _mask, _sunglasses, _patch, _hand, _microphone, _patch)
    return drawings[random.integers(len(drawings))](pixels, points, random)


def miss(pixels: Picture, points: Points, random: Generator) -> Picture:
    """Return the picture with a thing that covers neither eyes nor nose nor mouth."""
    down, across = _axes(points)
    chin, side = points[_CHIN], random.choice([-1.0, 1.0])
    ways = (
        chin + down * random.uniform(0.1, 0.35) + across * random.uniform(-0.4, 0.4),
        points[_FOREHEAD] - down * random.uniform(0.12, 0.3) + across * random.uniform(-0.3, 0.3),
        points[_NOSE] + across * side * random.uniform(0.85, 1.1) + down * random.uniform(-0.3, 0.5),
    )
    way = int(random.integers(len(ways)))
    if way == 0:
        return _rod(pixels, ways[0], points, random)
    size = np.linalg.norm(across) * random.uniform(0.12, 0.22)
    return _blob(pixels, ways[way], size, random)


def _axes(points: Points) -> tuple[Points, Points]:
    """Return the vectors from forehead to chin and from the picture's left jaw to the right one."""
    return points[_CHIN] - points[_FOREHEAD], points[454] - points[234]


def _target(points: Points, random: Generator) -> Points:
    places = [points[list(eye)].mean(axis=0) for eye in _EYES]
    places += [points[_NOSE], points[list(_MOUTH)].mean(axis=0), points[_MOUTH[random.integers(2)]]]
    place: Points = places[random.integers(len(places))]
    return place


def _skin(pixels: Picture, points: Points) -> npt.NDArray[np.float64]:
    cheeks = [tuple(np.clip(points[index].astype(int), 0, np.array(pixels.shape[1::-1]) - 1)) for index in (50, 280)]
    return np.mean([pixels[y, x] for x, y in cheeks], axis=0)


def _blend(pixels: Picture, mask: Picture, colours: npt.NDArray[np.float64], random: Generator) -> Picture:
    """Put colours where the mask is, with a soft edge and the picture's own grain."""
    soft = cv2.GaussianBlur(mask, (0, 0), random.uniform(0.5, 1.3)).astype(np.float64)[..., None] / 255
    grain = cv2.GaussianBlur(
        random.normal(0, random.uniform(2, 10), pixels.shape[:2]), (0, 0), random.uniform(0.5, 1.5)
    )
    drawn = np.clip(colours + grain[..., None], 0, 255)
    return (pixels * (1 - soft) + drawn * soft).astype(np.uint8)


def _shaded(pixels: Picture, colour: npt.NDArray[np.float64], random: Generator) -> npt.NDArray[np.float64]:
    """Return a colour as large as the picture, lighter on one side, float64 (h, w, 3)."""
    height, width = pixels.shape[:2]
    angle, strength = random.uniform(0, 2 * np.pi), random.uniform(0, 0.5)
    y, x = np.mgrid[:height, :width]
    slope = (np.cos(angle) * (x / width - 0.5) + np.sin(angle) * (y / height - 0.5)) * strength
    return colour * (1 + slope[..., None])


def _texture(pixels: Picture, random: Generator) -> npt.NDArray[np.float64]:
    """Return plain, striped or blotched colours as large as the picture, float64 (h, w, 3)."""
    colour = random.uniform(0, 255, 3) if random.random() < 0.4 else np.full(3, random.uniform(5, 245))
    colours = _shaded(pixels, colour, random)
    kind = random.integers(3)
    if kind == 1:
        y, x = np.mgrid[: pixels.shape[0], : pixels.shape[1]]
        angle, length = random.uniform(0, np.pi), random.uniform(4, 20)
        waves = np.sin((x * np.cos(angle) + y * np.sin(angle)) * 2 * np.pi / length)
        colours = colours + waves[..., None] * random.uniform(-60, 60, 3)
    if kind == 2:
        blotches = cv2.GaussianBlur(random.normal(0, 1, pixels.shape[:2]), (0, 0), random.uniform(2, 8))
        colours = colours + (blotches / blotches.std())[..., None] * random.uniform(-40, 40, 3)
    return colours


def _empty(pixels: Picture) -> Picture:
    return np.zeros(pixels.shape[:2], np.uint8)


def _hand(pixels: Picture, points: Points, random: Generator) -> Picture:
    """Draw two to four fingers that come from below or from a side."""
    down, across = _axes(points)
    size = float(np.linalg.norm(across))
    way = down * random.uniform(0.5, 1.0) + across * random.uniform(-0.8, 0.8)
    way /= np.linalg.norm(way)
    beside = np.array([-way[1], way[0]])
    width, tip = size * random.uniform(0.09, 0.14), _target(points, random)
    skin = _skin(pixels, points) * random.uniform(0.75, 1.2)
    for finger in range(int(random.integers(2, 5))):
        mask = _empty(pixels)
        start = tip + beside * finger * width * random.uniform(0.9, 1.15) + way * size * random.uniform(-0.1, 0.15)
        end = start + way * size * random.uniform(0.8, 1.6)
        cv2.line(mask, _whole(start), _whole(end), 255, max(2, int(width)), cv2.LINE_AA)
        distance = cv2.distanceTransform((mask > 127).astype(np.uint8), cv2.DIST_L2, 3)
        light = 0.72 + 0.28 * np.clip(distance / (width / 2 + 1e-6), 0, 1)
        pixels = _blend(pixels, mask, _shaded(pixels, skin, random) * light[..., None], random)
    return pixels


def _rod(pixels: Picture, head: Points, points: Points, random: Generator) -> Picture:
    """Draw a microphone: a head of foam or wire at this place, and its rod downwards."""
    down, across = _axes(points)
    size = float(np.linalg.norm(across))
    radius = size * random.uniform(0.09, 0.2)
    way = down * random.uniform(0.7, 1.0) + across * random.uniform(-0.6, 0.6)
    dark = np.full(3, random.uniform(5, 70)) if random.random() < 0.75 else random.uniform(20, 230, 3)
    mask = _empty(pixels)
    cv2.line(
        mask, _whole(head), _whole(head + way * 2), 255, max(2, int(radius * random.uniform(0.5, 1.2))), cv2.LINE_AA
    )
    pixels = _blend(pixels, mask, _shaded(pixels, dark * random.uniform(0.6, 1.6), random), random)
    mask = _empty(pixels)
    angle = float(np.degrees(np.arctan2(way[1], way[0])))
    cv2.ellipse(
        mask, _whole(head), (int(radius * random.uniform(1.0, 1.7)), int(radius)), angle, 0, 360, 255, -1, cv2.LINE_AA
    )
    return _blend(pixels, mask, _shaded(pixels, dark, random), random)


def _microphone(pixels: Picture, points: Points, random: Generator) -> Picture:
    down, across = _axes(points)
    mouth = points[list(_MOUTH)].mean(axis=0)
    return _rod(pixels, mouth + down * random.uniform(-0.06, 0.08) + across * random.uniform(-0.2, 0.2), points, random)


def _mask(pixels: Picture, points: Points, random: Generator) -> Picture:
    """Draw cloth from the nose, or from the mouth, down over the chin: a mask or a scarf."""
    down, _ = _axes(points)
    start, end = points[6], points[0]
    height = start + (end - start) * random.uniform(0.35, 1.05)
    upright = down / np.linalg.norm(down)
    outline = points[list(_LOWER_FACE)].copy()
    cut = float(height @ upright)
    below = [point + upright * max(0.0, cut - float(point @ upright)) for point in outline]
    shape = np.array([height, *below, height]).astype(np.int32)
    mask = _empty(pixels)
    cv2.fillPoly(mask, [cv2.convexHull(shape)], 255, cv2.LINE_AA)
    return _blend(pixels, mask, _texture(pixels, random), random)


def _sunglasses(pixels: Picture, points: Points, random: Generator) -> Picture:
    mask = _empty(pixels)
    corners = [points[list(eye)] for eye in _EYES]
    scale, flat = random.uniform(0.75, 1.15), random.uniform(0.6, 0.95)
    for one, other in corners:
        along = other - one
        axes = (int(np.linalg.norm(along) * scale), int(np.linalg.norm(along) * scale * flat))
        angle = float(np.degrees(np.arctan2(along[1], along[0])))
        middle = (one + other) / 2 + np.array([-along[1], along[0]]) * random.uniform(-0.05, 0.2)
        cv2.ellipse(mask, _whole(middle), axes, angle, 0, 360, 255, -1, cv2.LINE_AA)
    cv2.line(mask, _whole(corners[0][1]), _whole(corners[1][0]), 255, int(random.integers(2, 6)), cv2.LINE_AA)
    dark = np.full(3, random.uniform(5, 70)) * random.uniform(0.7, 1.3, 3)
    return _blend(pixels, mask, _shaded(pixels, dark, random), random)


def _patch(pixels: Picture, points: Points, random: Generator) -> Picture:
    _, across = _axes(points)
    return _blob(pixels, _target(points, random), float(np.linalg.norm(across)) * random.uniform(0.15, 0.35), random)


def _blob(pixels: Picture, place: Points, size: float, random: Generator) -> Picture:
    """Draw a shape of some corners, straight or round."""
    corners = int(random.integers(3, 9))
    angles = np.sort(random.uniform(0, 2 * np.pi, corners))
    reach = size * random.uniform(0.7, 1.6, corners)
    shape = place + np.stack([np.cos(angles), np.sin(angles)], axis=1) * reach[:, None]
    mask = _empty(pixels)
    cv2.fillPoly(mask, [cv2.convexHull(shape.astype(np.int32))], 255, cv2.LINE_AA)
    if random.random() < 0.5:
        mask = np.where(cv2.GaussianBlur(mask, (0, 0), size / 4) > 127, 255, 0).astype(np.uint8)
    return _blend(pixels, mask, _texture(pixels, random), random)


def _whole(point: npt.NDArray[np.floating]) -> tuple[int, int]:
    return round(float(point[0])), round(float(point[1]))
