"""Between templates in the engine's space and `halfvec` values in the collection's rotated space."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from recognition.engines.base import Template
from recognition.errors import EngineVersionMismatch
from recognition.gallery.base import GalleryRef, Vectors
from recognition.gallery.protection import protect, reveal


def texts_of(templates: Sequence[Template], *, gallery: GalleryRef) -> list[str]:
    """Return templates as rotated halfvec literals, rounded to half precision here and so only once.

    Raises:
        EngineVersionMismatch: a template of another engine version.
    """
    rotated = protect(_matrix(templates, gallery=gallery), gallery=gallery)
    return [f"[{','.join(map(str, row))}]" for row in rotated.astype(np.float16).astype(np.float64).tolist()]


def template_of(text: str, *, gallery: GalleryRef) -> Template:
    """Return the template that a stored literal of the collection stands for."""
    return Template(vectors_of([text], gallery=gallery)[0], gallery.engine_version)


def vectors_of(texts: Sequence[str], *, gallery: GalleryRef) -> Vectors:
    """Return the vectors that stored literals of the collection stand for, float32 (n, d), rows of unit length."""
    if not texts:
        return np.empty((0, gallery.dimensions), np.float32)
    numbers = np.array(",".join(text.strip("[]") for text in texts).split(","), np.float32)
    return _unit(reveal(numbers.reshape(len(texts), gallery.dimensions), gallery=gallery))


def farthest_of(min_score: float) -> float:
    """Return the largest negative inner product (pgvector's `<#>`) that still reaches the cosine."""
    # Without a threshold even the opposite passes, whose distance half precision may bring a little beyond 1.
    return -min_score if min_score > -1.0 else 2.0


def _matrix(templates: Sequence[Template], *, gallery: GalleryRef) -> Vectors:
    """Return the vectors as float32 (n, d); vectors of two engine versions never meet."""
    for template in templates:
        if template.engine_version != gallery.engine_version:
            raise EngineVersionMismatch(
                f"The collection holds templates of {gallery.engine_version}, not of {template.engine_version}."
            )
    return np.stack([template.vector for template in templates]).astype(np.float32, copy=False)


def _unit(vectors: Vectors) -> Vectors:
    """Half precision moves lengths by some 1e-4: bring them back to one."""
    lengths: Vectors = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / lengths
