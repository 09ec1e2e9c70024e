"""GalleryIndex: what every store of templates offers. Exact unless a collection explicitly chose otherwise."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from common.permits import Permit
from recognition.engines.base import Template

Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class GalleryRef:
    """One index of a collection, as it was read: its templates of one engine version.

    Attributes:
        partition_no: may be out of date; searches notice and follow.
        sealed_seed: sealed seed of the collection's rotation.
    """

    tenant_id: uuid.UUID
    collection_id: uuid.UUID
    engine_version: str
    dimensions: int
    partition_no: int
    sealed_seed: bytes


@dataclass(frozen=True, slots=True)
class Hit:
    """One reference that is similar enough: its face and the cosine, in [-1, 1]."""

    face_id: uuid.UUID
    score: float


@dataclass(frozen=True, slots=True)
class SearchResult:
    """Hits of each probe, best first, and how many references the same snapshot held."""

    hits: tuple[tuple[Hit, ...], ...]
    gallery_size: int


@dataclass(frozen=True, slots=True)
class PersonHit:
    """One person who is similar enough, and the cosine, in [-1, 1]."""

    person_id: uuid.UUID
    score: float


@dataclass(frozen=True, slots=True)
class PersonsFound:
    """Persons, best first, and how many the same snapshot held that can be found."""

    hits: tuple[PersonHit, ...]
    gallery_size: int


class GalleryIndex(Protocol):
    """Stores and searches templates. Every entry point takes a permit and runs in the caller's `tenant_scope`.

    Vectors go in and come out in the engine's space, unit length; how they are protected at rest is the index's own.
    """

    def add(self, gallery: GalleryRef, entries: Sequence[tuple[uuid.UUID, Template]], *, permit: Permit) -> None:
        """Store templates under their face ids. The caller holds the collection's row locked.

        Raises:
            EngineVersionMismatch: a template of another engine version.
        """

    def search(
        self,
        gallery: GalleryRef,
        probes: Sequence[Template],
        *,
        limit: int,
        min_score: float,
        permit: Permit,
        exclude: Collection[uuid.UUID] = (),
    ) -> SearchResult:
        """Return the `limit` most similar references of each probe with a cosine of at least `min_score`.

        Args:
            exclude: faces that are not to be found (those searched for).

        Raises:
            EngineVersionMismatch: a probe of another engine version.
            CollectionNotFound: the collection is gone.
            GalleryBusy: the collection moved during every attempt.
        """

    def vector_of(self, gallery: GalleryRef, face_id: uuid.UUID, *, permit: Permit) -> Template | None:
        """Return the template of a face; None when there is none."""

    def all_vectors(self, gallery: GalleryRef, *, permit: Permit) -> tuple[list[uuid.UUID], Vectors]:
        """Return every face id with its vector, float32 (n, d), in the order of the ids.

        Raises:
            CollectionNotFound, GalleryBusy: as in `search`.
        """

    def remove(self, gallery: GalleryRef, face_ids: Sequence[uuid.UUID], *, permit: Permit) -> int:
        """Delete templates from every index; return how many. The caller holds the collection's row locked."""

    def remove_all(self, gallery: GalleryRef, *, permit: Permit) -> int:
        """Delete every template of the collection, in every index, and give its partitions back.

        The caller holds its row locked.
        """
