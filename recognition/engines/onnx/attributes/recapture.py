"""Traces of a second capture on a face: rasters and moiré in its spectrum, a texture that is not that of skin.

What a head of `liveness` sees beside the anti-spoofing network. Spectra show periodic patterns (a display's pixels, a
print's raster) as peaks; colour texture is Boulkenafet, Komulainen and Hadid's ("Face Spoofing Detection Using Colour
Texture Analysis", IEEE TIFS 2016): local binary patterns of luma and chroma. Neither asks how light or which colour a
face is.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from recognition.engines.base import FloatArray

SIDE_PX: Final = 128
_RINGS: Final = 16
# What is coarser than the fourth ring from the middle is the face itself.
_COARSE: Final = 2
# The eight neighbours in the order of a turn.
_NEIGHBOURS: Final = ((-1, -1), (-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1))
_PATTERNS: Final = 59
FEATURES: Final = 3 * (2 * _RINGS + _PATTERNS)

_Floats = npt.NDArray[np.float64]


def features(crop: npt.NDArray[np.uint8]) -> FloatArray:
    """Return spectra and textures of a face, float32 (FEATURES,).

    Args:
        crop: uint8 (128, 128, 3), BGR.
    """
    planes = cv2.cvtColor(crop, cv2.COLOR_BGR2YCrCb).transpose(2, 0, 1)
    parts = [part for plane in planes for part in (*_spectrum(plane), _texture(plane))]
    return np.concatenate(parts).astype(np.float32)


def _spectrum(plane: npt.NDArray[np.uint8]) -> tuple[_Floats, _Floats]:
    """Return the mean log power in rings of frequency, relative to the coarsest, and how far peaks stand out of it."""
    window, rings, sizes = _geometry()
    centred = plane - float(plane.mean())
    power = np.log(np.abs(np.fft.rfft2(centred * window)) ** 2 + 1.0).ravel()
    means = np.bincount(rings, power, _RINGS) / sizes
    peaks = np.zeros(_RINGS)
    np.maximum.at(peaks, rings, power)
    return means - means[:_COARSE].mean(), peaks - means


def _texture(plane: npt.NDArray[np.uint8]) -> _Floats:
    """Return the square roots of the shares of uniform local binary patterns (Ojala et al., PAMI 2002)."""
    end = SIDE_PX - 1
    middle = plane[1:end, 1:end]
    codes = np.zeros(middle.shape, np.uint8)
    for bit, (down, across) in enumerate(_NEIGHBOURS):
        is_lighter = plane[1 + down : end + down, 1 + across : end + across] >= middle
        codes |= is_lighter.astype(np.uint8) << np.uint8(bit)
    counts = np.bincount(_pattern_of_code()[codes].ravel(), minlength=_PATTERNS)
    return np.asarray(np.sqrt(counts / counts.sum()), np.float64)


@cache
def _geometry() -> tuple[_Floats, npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return a window against the seam of the picture's borders, the ring of each frequency, and the rings' sizes."""
    radius = np.hypot(np.fft.fftfreq(SIDE_PX)[:, None], np.fft.rfftfreq(SIDE_PX)[None])
    rings = np.minimum(radius * 2 * _RINGS, _RINGS - 1).astype(np.intp).ravel()
    window = np.hanning(SIDE_PX)
    return np.outer(window, window), rings, np.bincount(rings, minlength=_RINGS)


@cache
def _pattern_of_code() -> npt.NDArray[np.intp]:
    """Number the 58 codes with at most two changes around the circle; all others are one."""
    table, following = np.full(256, _PATTERNS - 1, np.intp), 0
    for code in range(256):
        turned = (code << 1 | code >> 7) & 255
        if (code ^ turned).bit_count() <= 2:
            table[code] = following
            following += 1
    return table
