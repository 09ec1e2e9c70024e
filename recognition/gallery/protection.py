"""Template protection: each collection's templates are rotated by a secret orthogonal matrix before they are stored.

Cosines within a collection stay as they are; templates of two collections cannot be compared without the secrets (in
the direction of ISO/IEC 24745). Defence in depth only: about as many known pairs as there are dimensions undo it.

The matrix is made from a 32-byte seed, the same on every machine up to the last bit of a float32:
1. SHAKE-256(domain ‖ dimensions ‖ seed) gives 64-bit words; the top 53 bits of each, plus a half, over 2^53, are
   uniform numbers in (0, 1) that are neither 0 nor 1.
2. The Box–Muller transform makes a matrix of independent standard normal numbers of them.
3. Its QR decomposition, with the signs chosen so that the diagonal of R is positive, gives Q, which is then uniform
   over the orthogonal group (Mezzadri, "How to generate random matrices from the classical compact groups",
   Notices of the AMS 54(5), 2007). Without the sign rule it would depend on the LAPACK in use.
"""

from __future__ import annotations

import hashlib
import secrets
import uuid
from functools import lru_cache
from typing import Final

import numpy as np

from common.sealing import seal, unseal
from recognition.gallery.base import GalleryRef, Vectors

SEED_BYTES: Final = 32
_DOMAIN: Final = b"custos/template-rotation/1"
_CACHED_ROTATIONS: Final = 256  # 64 kB each at 128 dimensions, 1 MB at 512


def new_sealed_seed(*, tenant_id: uuid.UUID, collection_id: uuid.UUID) -> bytes:
    """Return a fresh secret for a collection, sealed under the platform key."""
    return seal(secrets.token_bytes(SEED_BYTES), _context(tenant_id, collection_id))


def protect(vectors: Vectors, *, gallery: GalleryRef) -> Vectors:
    """Rotate vectors, float32 (n, d), from the engine's space into the collection's."""
    return vectors @ _rotation_of(gallery).T


def reveal(vectors: Vectors, *, gallery: GalleryRef) -> Vectors:
    """Rotate vectors, float32 (n, d), from the collection's space back into the engine's."""
    return vectors @ _rotation_of(gallery)


def rotation(seed: bytes, *, dimensions: int) -> Vectors:
    """Return the orthogonal matrix of a seed, float32 (dimensions, dimensions). See the module's docstring."""
    count = dimensions * dimensions
    pairs = (count + 1) // 2
    stream = hashlib.shake_256(_DOMAIN + dimensions.to_bytes(4, "big") + seed).digest(16 * pairs)
    words = np.frombuffer(stream, dtype="<u8") >> np.uint64(11)
    uniform = (words.astype(np.float64) + 0.5) / 2.0**53
    radius = np.sqrt(-2.0 * np.log(uniform[0::2]))
    angle = 2.0 * np.pi * uniform[1::2]
    normal = np.concatenate([radius * np.cos(angle), radius * np.sin(angle)])[:count]
    q, r = np.linalg.qr(normal.reshape(dimensions, dimensions))
    signs = np.where(np.diagonal(r) < 0, -1.0, 1.0)
    matrix: Vectors = np.ascontiguousarray(q * signs, dtype=np.float32)
    matrix.setflags(write=False)
    return matrix


def _rotation_of(gallery: GalleryRef) -> Vectors:
    return _cached_rotation(gallery.sealed_seed, gallery.tenant_id, gallery.collection_id, gallery.dimensions)


@lru_cache(maxsize=_CACHED_ROTATIONS)
def _cached_rotation(sealed: bytes, tenant_id: uuid.UUID, collection_id: uuid.UUID, dimensions: int) -> Vectors:
    return rotation(unseal(sealed, _context(tenant_id, collection_id)), dimensions=dimensions)


def _context(tenant_id: uuid.UUID, collection_id: uuid.UUID) -> bytes:
    return b"collection-rotation" + tenant_id.bytes + collection_id.bytes
