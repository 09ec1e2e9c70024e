"""The gallery in PostgreSQL with pgvector: exact search in the collection's partition (SEARCH 2.1).

Every statement names the partition, the tenant and the collection as literals (Django binds on the client), so that
the planner prunes to one partition and the row-level policy becomes a one-time filter.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from django.db import connections

from common.permits import Permit, require_permit
from common.vocabulary import Operation
from recognition.engines.base import Template
from recognition.errors import CollectionNotFound, EngineVersionMismatch, GalleryBusy
from recognition.gallery.base import GalleryRef, Hit, SearchResult, Vectors
from recognition.gallery.protection import protect, reveal
from recognition.models import SHARED_PARTITIONS

_INSERT_ROWS: Final = 1_000
_READ_ATTEMPTS: Final = 5
# What a permit must have been given for.
_TO_ADD: Final = (Operation.ENROL,)
_TO_SEARCH: Final = (Operation.SEARCH,)
_TO_EVALUATE: Final = (Operation.EVALUATE,)
_TO_REMOVE: Final = (Operation.DELETE,)

# COPY is refused on tables with row-level security.
_INSERT: Final = """
    INSERT INTO recognition_template (partition_no, tenant_id, collection_id, engine_version, face_id, template)
    SELECT %s, %s, %s, %s, entry.face_id, entry.template::halfvec
    FROM unnest(%s::uuid[], %s::text[]) AS entry (face_id, template)
"""

# One statement, hence one snapshot: the partition that the collection says it is in belongs to the same instant as the
# templates that were read. When it is not the one that was searched, nobody in it was seen, and the search is repeated.
# Faces whose time is over take no place among the hits: ids grow with time. A day is left for clocks that differ: the
# last day's are left to who names the hits (`selectors.retention`). OFFSET 0: computed once, not for every row.
# The distance is written the same way in WHERE and ORDER BY so that it is computed once for what is kept.
_SEARCH: Final = """
    SELECT c.partition_no, c.face_count, probe.number, hit.face_id, hit.distance
    FROM recognition_collection c
    CROSS JOIN LATERAL (SELECT custos_oldest_kept_id(c.retention_days) AS id OFFSET 0) oldest
    CROSS JOIN (VALUES {probes}) AS probe (number, vector)
    LEFT JOIN LATERAL (
        SELECT t.face_id, t.template <#> probe.vector AS distance
        FROM recognition_template t
        WHERE t.partition_no = %s AND t.tenant_id = %s AND t.collection_id = %s
          AND t.template <#> probe.vector <= %s AND t.face_id >= oldest.id AND t.face_id IS DISTINCT FROM %s::uuid
        ORDER BY t.template <#> probe.vector, t.face_id
        LIMIT %s
    ) hit ON true
    WHERE c.tenant_id = %s AND c.id = %s
    ORDER BY probe.number, hit.distance, hit.face_id
"""

# The partition in the same snapshot, as in _SEARCH.
_VECTOR: Final = """
    SELECT c.partition_no, t.template::text, t.engine_version
    FROM recognition_collection c
    LEFT JOIN recognition_template t
        ON t.partition_no = %s AND t.tenant_id = %s AND t.collection_id = %s AND t.face_id = %s
        AND t.face_id >= custos_oldest_kept_id(c.retention_days)
    WHERE c.tenant_id = %s AND c.id = %s
"""
_VECTORS: Final = """
    SELECT c.partition_no, t.face_id, t.template::text
    FROM recognition_collection c
    LEFT JOIN recognition_template t
        ON t.partition_no = %s AND t.tenant_id = %s AND t.collection_id = %s
        AND t.face_id >= custos_oldest_kept_id(c.retention_days)
    WHERE c.tenant_id = %s AND c.id = %s
    ORDER BY t.face_id
"""
_REMOVE_ALL: Final = (
    "DELETE FROM recognition_template WHERE partition_no = %s AND tenant_id = %s AND collection_id = %s"
)
_REMOVE: Final = _REMOVE_ALL + " AND face_id = ANY(%s::uuid[])"
_FREE: Final = "UPDATE recognition_templatepartition SET is_free = true WHERE partition_no = %s"


class PgvectorGallery:
    """`GalleryIndex` in the tables of this database."""

    def add(self, gallery: GalleryRef, entries: Sequence[tuple[uuid.UUID, Template]], *, permit: Permit) -> None:
        """Store templates: see `GalleryIndex`."""
        require_permit(permit, tenant_id=gallery.tenant_id, operations=_TO_ADD)
        if not entries:
            return
        texts = _texts(protect(_matrix([t for _, t in entries], gallery=gallery), gallery=gallery))
        ids = [face_id for face_id, _ in entries]
        own = (gallery.partition_no, gallery.tenant_id, gallery.collection_id, gallery.engine_version)
        with connections["default"].cursor() as cursor:
            for start in range(0, len(ids), _INSERT_ROWS):
                part = slice(start, start + _INSERT_ROWS)
                cursor.execute(_INSERT, [*own, ids[part], texts[part]])

    def search(
        self,
        gallery: GalleryRef,
        probes: Sequence[Template],
        *,
        limit: int,
        min_score: float,
        permit: Permit,
        exclude: uuid.UUID | None = None,
    ) -> SearchResult:
        """Search exactly: see `GalleryIndex`."""
        require_permit(permit, tenant_id=gallery.tenant_id, operations=_TO_SEARCH)
        texts = _texts(protect(_matrix(probes, gallery=gallery), gallery=gallery))
        statement = _SEARCH.format(probes=", ".join(["(%s, %s::halfvec)"] * len(texts)))
        numbered = [value for pair in enumerate(texts) for value in pair]
        # Without a threshold even the opposite passes, whose distance half precision may bring a little beyond 1.
        farthest = -min_score if min_score > -1.0 else 2.0
        rows = _follow(gallery, statement, before=numbered, after=[farthest, exclude, limit])
        return SearchResult(_hits(rows, n_probes=len(texts)), gallery_size=rows[0][1])

    def vector_of(self, gallery: GalleryRef, face_id: uuid.UUID, *, permit: Permit) -> Template | None:
        """Return a face's template: see `GalleryIndex`."""
        require_permit(permit, tenant_id=gallery.tenant_id, operations=_TO_SEARCH)
        ((_, text, engine_version),) = _follow(gallery, _VECTOR, before=[], after=[face_id])
        if text is None:
            return None
        stored = np.array([text.strip("[]").split(",")], dtype=np.float32)
        return Template(_unit(reveal(stored, gallery=gallery))[0], engine_version)

    def all_vectors(self, gallery: GalleryRef, *, permit: Permit) -> tuple[list[uuid.UUID], Vectors]:
        """Return all templates: see `GalleryIndex`."""
        require_permit(permit, tenant_id=gallery.tenant_id, operations=_TO_EVALUATE)
        rows = [row[1:] for row in _follow(gallery, _VECTORS, before=[], after=[]) if row[1] is not None]
        if not rows:
            return [], np.empty((0, gallery.dimensions), np.float32)
        numbers = np.array(",".join(text.strip("[]") for _, text in rows).split(","), np.float32)
        stored = numbers.reshape(len(rows), gallery.dimensions)
        return [face_id for face_id, _ in rows], _unit(reveal(stored, gallery=gallery))

    def remove(self, gallery: GalleryRef, face_ids: Sequence[uuid.UUID], *, permit: Permit) -> int:
        """Delete templates: see `GalleryIndex`."""
        require_permit(permit, tenant_id=gallery.tenant_id, operations=_TO_REMOVE)
        with connections["default"].cursor() as cursor:
            cursor.execute(_REMOVE, [*_own(gallery), list(face_ids)])
            return int(cursor.rowcount)

    def remove_all(self, gallery: GalleryRef, *, permit: Permit) -> int:
        """Delete all templates: see `GalleryIndex`."""
        require_permit(permit, tenant_id=gallery.tenant_id, operations=_TO_REMOVE)
        with connections["default"].cursor() as cursor:
            cursor.execute(_REMOVE_ALL, _own(gallery))
            removed = int(cursor.rowcount)
            if gallery.partition_no >= SHARED_PARTITIONS:
                cursor.execute(_FREE, [gallery.partition_no])
        return removed


def _follow(gallery: GalleryRef, statement: str, *, before: list[Any], after: list[Any]) -> list[tuple[Any, ...]]:
    """Run a statement that gives the collection's partition first, until it is the partition that was read.

    Its parameters are `before`, partition, tenant, collection, `after`, tenant, collection.

    Raises:
        CollectionNotFound: the collection is gone.
        GalleryBusy: it moved during every attempt.
    """
    whose = (gallery.tenant_id, gallery.collection_id)
    partition_no = gallery.partition_no
    with connections["default"].cursor() as cursor:
        for _ in range(_READ_ATTEMPTS):
            cursor.execute(statement, [*before, partition_no, *whose, *after, *whose])
            rows: list[tuple[Any, ...]] = cursor.fetchall()
            if not rows:
                raise CollectionNotFound
            read, partition_no = partition_no, rows[0][0]
            if read == partition_no:
                return rows
    raise GalleryBusy(retry_after=1)


def _own(gallery: GalleryRef) -> tuple[Any, ...]:
    return gallery.partition_no, gallery.tenant_id, gallery.collection_id


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


def _texts(vectors: Vectors) -> list[str]:
    """Return vectors as halfvec literals, rounded to half precision here and so only once."""
    return [f"[{','.join(map(str, row))}]" for row in vectors.astype(np.float16).astype(np.float64).tolist()]


def _hits(rows: Sequence[tuple[Any, ...]], *, n_probes: int) -> tuple[tuple[Hit, ...], ...]:
    found: list[list[Hit]] = [[] for _ in range(n_probes)]
    for _, _, number, face_id, distance in rows:
        if face_id is not None:
            found[number].append(Hit(face_id, max(-1.0, min(1.0, -distance))))
    return tuple(map(tuple, found))
