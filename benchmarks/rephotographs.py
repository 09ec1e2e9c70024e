"""Simulated presentation attacks: what a camera would see of a photograph that is printed, cut out or on a screen.

Nobody held anything before a lens for these: they are arithmetic on photographs, and real paper, ink, displays and
cameras differ. Each kind draws its circumstances (pitch, angle, light) anew from a generator. Whatever is done to an
attack last, the camera does to the genuine photographs of a head's training as well (`saved_again`), so that a
compressed or blurred picture alone is no attack.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
_Light = npt.NDArray[np.float32]
_GAMMA: Final = 2.2
# What a face is enlarged by before it is rastered: a cell of a halftone or a pixel of a display takes several of these.
_SCALE: Final = 4


def printed(picture: Pixels, *, rng: np.random.Generator) -> Pixels:
    """Return the picture printed in four rastered inks on paper and photographed.

    Args:
        picture: uint8 (h, w, 3), BGR.
        rng: draws pitch of the raster, paper, light and camera.
    """
    large = _light(picture, scale=_SCALE)
    pitch = rng.uniform(2.5, 7.0)  # of the raster: a half to two pixels of the original
    inks = 1.0 - large[..., ::-1]  # cyan, magenta, yellow: the red, green and blue that is missing
    black = inks.min(axis=2) * np.float32(rng.uniform(0.3, 0.9))
    plates = [(inks[..., index] - black) / np.maximum(1.0 - black, 1e-3) for index in range(3)] + [black]
    angles = np.deg2rad([15.0, 75.0, 0.0, 45.0]) + rng.uniform(-0.1, 0.1)
    covered = [
        _dots(np.clip(plate, 0, 1), pitch=pitch, angle=angle) for plate, angle in zip(plates, angles, strict=True)
    ]
    spread = float(rng.uniform(0.15, 0.35)) * pitch  # of the ink in the paper
    covered = [cv2.GaussianBlur(plate, (0, 0), spread).astype(np.float32) for plate in covered]
    rgb = np.stack([(1 - covered[index]) * (1 - covered[3]) for index in range(3)], axis=2)
    return _photographed(_paper(rgb[..., ::-1], rng=rng), size=picture.shape[:2], rng=rng)


def cut_out(picture: Pixels, *, rng: np.random.Generator) -> Pixels:
    """Return a glossy print of the picture with a white border, cut out and held before another background.

    Its tones are continuous: there is no raster to be seen, only paper, light and a second lens.
    """
    height, width = picture.shape[:2]
    scale = 2
    photograph = _paper(_light(picture, scale=scale), rng=rng)
    share = rng.uniform(0.6, 0.85)
    border = round(width * scale * rng.uniform(0.01, 0.05))
    photograph = cv2.copyMakeBorder(photograph, *[border] * 4, cv2.BORDER_CONSTANT, value=(0.8, 0.82, 0.85))
    noise = (rng.uniform(0.02, 0.5, (4, 4, 1)) * rng.uniform(0.7, 1.0, (4, 4, 3))).astype(np.float32)
    scene = cv2.resize(noise, (photograph.shape[1], photograph.shape[0]), interpolation=cv2.INTER_CUBIC)
    held = cv2.getRotationMatrix2D(
        (photograph.shape[1] / 2, photograph.shape[0] / 2), float(rng.uniform(-8, 8)), float(share)
    )
    size = (photograph.shape[1], photograph.shape[0])
    there = cv2.warpAffine(np.ones(photograph.shape[:2], np.float32), held, size)[..., None]
    seen = cv2.warpAffine(photograph, held, size, flags=cv2.INTER_AREA)
    together = np.clip(scene * (1 - there) + seen, 0, 1).astype(np.float32)
    return _photographed(_reflecting(together, most=0.12, rng=rng), size=(height, width), rng=rng)


def on_screen(picture: Pixels, *, rng: np.random.Generator) -> Pixels:
    """Return the picture shown on a display of which the camera half sees the sub-pixels, so that there is a moiré."""
    return _shown(picture, pixel=float(rng.uniform(2.5, 7.0)), rng=rng)


def on_fine_screen(picture: Pixels, *, rng: np.random.Generator) -> Pixels:
    """Return the picture shown on a display whose pixels are too fine for the camera: light and glass only."""
    return _shown(picture, pixel=None, rng=rng)


def saved_again(picture: Pixels, *, rng: np.random.Generator) -> Pixels:
    """Return the genuine picture made smaller, blurred, brightened and compressed as messengers do. No attack."""
    light = _light(picture, scale=1)
    scale = float(rng.uniform(0.6, 1.0))
    height, width = picture.shape[:2]
    small = cv2.resize(light, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_AREA)
    return _photographed(small.astype(np.float32), size=(height, width), rng=rng, is_turned=False)


KINDS: Final[dict[str, Callable[..., Pixels]]] = {
    "print": printed,
    "cut-out photograph": cut_out,
    "screen": on_screen,
    "fine screen": on_fine_screen,
}


def _light(picture: Pixels, *, scale: int) -> _Light:
    """Return linear light, 0…1, enlarged."""
    light = (picture.astype(np.float32) / 255.0) ** _GAMMA
    if scale == 1:
        return light.astype(np.float32)
    large = cv2.resize(light, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    return np.clip(large, 0.0, 1.0).astype(np.float32)


def _dots(plate: _Light, *, pitch: float, angle: float) -> _Light:
    """Return where there is ink: round dots on a turned grid that grow with the tone (clustered-dot ordered dither)."""
    rows, columns = np.mgrid[: plate.shape[0], : plate.shape[1]].astype(np.float32)
    u = (columns * math.cos(angle) + rows * math.sin(angle)) * (2 * math.pi / pitch)
    v = (-columns * math.sin(angle) + rows * math.cos(angle)) * (2 * math.pi / pitch)
    # The mean of two cosines, made even over 0…1, so that a tone covers about its share of the paper.
    wave = (np.cos(u) + np.cos(v)) / 4 + 0.5
    even = np.clip(0.5 + np.sign(wave - 0.5) * np.sqrt(np.abs(2 * wave - 1)) / 2, 0, 1)
    return (plate > 1 - even).astype(np.float32)


def _paper(light: _Light, *, rng: np.random.Generator) -> _Light:
    """Return what paper makes of light: its white is not white, its black not black, its tones are bent."""
    black, white = rng.uniform(0.01, 0.05), rng.uniform(0.6, 0.9)
    bent = np.clip(light, 0, 1) ** rng.uniform(0.85, 1.2)
    tint = rng.uniform(0.93, 1.0, 3)
    return np.asarray((black + (white - black) * bent) * tint, np.float32)


def _shown(picture: Pixels, *, pixel: float | None, rng: np.random.Generator) -> Pixels:
    height, width = picture.shape[:2]
    large = _light(picture, scale=_SCALE if pixel else 2)
    large = np.asarray((large * rng.uniform(0.7, 1.1) + rng.uniform(0.0, 0.03)) * rng.uniform(0.85, 1.1, 3), np.float32)
    if pixel:
        large = large * _sub_pixels(large.shape[:2], pixel=pixel, dark=float(rng.uniform(0.1, 0.5)))
    lit = _reflecting(np.clip(large, 0, 1).astype(np.float32), most=0.25, rng=rng)
    return _photographed(lit, size=(height, width), rng=rng)


def _sub_pixels(size: tuple[int, int], *, pixel: float, dark: float) -> _Light:
    """Return how much of each colour a display's pixel lets out where: stripes of red, green, blue; a dark row."""
    rows = np.arange(size[0], dtype=np.float32) / pixel % 1.0
    columns = np.arange(size[1], dtype=np.float32) / pixel % 1.0
    stripes = np.stack([np.clip(1.5 - 4.5 * np.abs((columns - centre + 0.5) % 1.0 - 0.5), dark / 3, 1.0)
                        for centre in (5 / 6, 1 / 2, 1 / 6)], axis=1)  # fmt: skip
    stripes /= stripes.mean(axis=0)
    lines = np.where(rows < 0.2, dark, 1.0)
    return np.asarray(lines[:, None, None] / lines.mean() * stripes[None], np.float32)


def _reflecting(light: _Light, *, most: float, rng: np.random.Generator) -> _Light:
    """Return the light with that of a lamp or a window reflected in it, softly."""
    height, width = light.shape[:2]
    glow = np.zeros((16, 16), np.float32)
    for _ in range(int(rng.integers(1, 3))):
        top, left = rng.integers(0, 13, 2)
        glow[top : top + rng.integers(1, 4), left : left + rng.integers(1, 4)] = rng.uniform(0.2, 1.0)
    glow = cv2.resize(cv2.GaussianBlur(glow, (0, 0), 1.2), (width, height), interpolation=cv2.INTER_CUBIC)
    return np.asarray(light + most * rng.uniform(0.2, 1.0) * np.clip(glow, 0, 1)[..., None], np.float32)


def _photographed(light: _Light, *, size: tuple[int, int], rng: np.random.Generator, is_turned: bool = True) -> Pixels:
    """Return what a camera makes of a scene: turn, lens, sensor, compression.

    Args:
        light: float32 (h, w, 3), linear.
        size: height and width of the picture, in pixels.
        rng: draws all of it.
        is_turned: whether the camera is held askew, as before an object it is.
    """
    height, width = size
    scale = height / light.shape[0]
    # The lens blurs before the sensor samples: by less than what it takes to hide a raster, or nobody would see moiré.
    lens = float(rng.uniform(0.25, 0.55)) / scale
    light = cv2.GaussianBlur(light, (0, 0), lens).astype(np.float32)
    if is_turned:
        corners = np.float32([[0, 0], [light.shape[1], 0], [light.shape[1], light.shape[0]], [0, light.shape[0]]])
        askew = corners * scale + rng.uniform(-0.04, 0.04, (4, 2)).astype(np.float32) * width
        turn = cv2.getPerspectiveTransform(corners, askew.astype(np.float32))
        light = cv2.warpPerspective(light, turn, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    else:
        light = cv2.resize(light, (width, height), interpolation=cv2.INTER_LINEAR)
    light = np.clip(light * rng.uniform(0.85, 1.15) * rng.uniform(0.96, 1.04, 3), 0, 1)
    noisy = light ** (1 / _GAMMA) * 255.0 + rng.normal(0, rng.uniform(0.5, 3.0), light.shape)
    # A chip sharpens what it read.
    sharp = np.float32(rng.uniform(0.0, 0.6))
    noisy = noisy + sharp * (noisy - cv2.GaussianBlur(noisy, (0, 0), 1.0))
    quality = int(rng.integers(70, 97))
    _, coded = cv2.imencode(".jpg", np.clip(noisy, 0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded = cv2.imdecode(coded, cv2.IMREAD_COLOR)
    return np.asarray(decoded, np.uint8)
