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
from recognition.engines.base import Template
from recognition.errors import CollectionNotFound, EngineVersionMismatch, GalleryBusy
from recognition.gallery.base import GalleryRef, Hit, SearchResult, Vectors
from recognition.gallery.protection import protect, reveal
from recognition.models import SHARED_PARTITIONS

_INSERT_ROWS: Final = 1_000
_SEARCH_ATTEMPTS: Final = 5

# COPY is refused on tables with row-level security.
_INSERT: Final = """
    INSERT INTO recognition_template (partition_no, tenant_id, collection_id, engine_version, face_id, template)
    SELECT %s, %s, %s, %s, entry.face_id, entry.template::halfvec
    FROM unnest(%s::uuid[], %s::text[]) AS entry (face_id, template)
"""

# One statement, hence one snapshot: the partition that the collection says it is in belongs to the same instant as the
# templates that were read. When it is not the one that was searched, nobody in it was seen, and the search is repeated.
# The distance is written the same way in WHERE and ORDER BY so that it is computed once for what is kept.
_SEARCH: Final = """
    SELECT c.partition_no, c.face_count, probe.number, hit.face_id, hit.distance
    FROM recognition_collection c
    CROSS JOIN (VALUES {probes}) AS probe (number, vector)
    LEFT JOIN LATERAL (
        SELECT t.face_id, t.template <#> probe.vector AS distance
        FROM recognition_template t
        WHERE t.partition_no = %s AND t.tenant_id = %s AND t.collection_id = %s
          AND t.template <#> probe.vector <= %s AND t.face_id IS DISTINCT FROM %s::uuid
        ORDER BY t.template <#> probe.vector, t.face_id
        LIMIT %s
    ) hit ON true
    WHERE c.tenant_id = %s AND c.id = %s
    ORDER BY probe.number, hit.distance, hit.face_id
"""

_WHERE_OWN: Final = "WHERE partition_no = %s AND tenant_id = %s AND collection_id = %s"
_VECTOR: Final = f"SELECT template::text, engine_version FROM recognition_template {_WHERE_OWN} AND face_id = %s"
_REMOVE: Final = f"DELETE FROM recognition_template {_WHERE_OWN} AND face_id = ANY(%s::uuid[])"
_REMOVE_ALL: Final = f"DELETE FROM recognition_template {_WHERE_OWN}"
_FREE: Final = "UPDATE recognition_templatepartition SET is_free = true WHERE partition_no = %s"


class PgvectorGallery:
    """`GalleryIndex` in the tables of this database."""

    def add(self, gallery: GalleryRef, entries: Sequence[tuple[uuid.UUID, Template]], *, permit: Permit) -> None:
        require_permit(permit)
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
        require_permit(permit)
        texts = _texts(protect(_matrix(probes, gallery=gallery), gallery=gallery))
        statement = _SEARCH.format(probes=", ".join(["(%s, %s::halfvec)"] * len(texts)))
        numbered = [value for pair in enumerate(texts) for value in pair]
        whose = (gallery.tenant_id, gallery.collection_id)
        partition_no = gallery.partition_no
        with connections["default"].cursor() as cursor:
            for _ in range(_SEARCH_ATTEMPTS):
                cursor.execute(statement, [*numbered, partition_no, *whose, -min_score, exclude, limit, *whose])
                rows = cursor.fetchall()
                if not rows:
                    raise CollectionNotFound
                searched, partition_no = partition_no, rows[0][0]
                if searched == partition_no:
                    return SearchResult(_hits(rows, n_probes=len(texts)), gallery_size=rows[0][1])
        raise GalleryBusy(retry_after=1)

    def vector_of(self, gallery: GalleryRef, face_id: uuid.UUID, *, permit: Permit) -> Template | None:
        require_permit(permit)
        with connections["default"].cursor() as cursor:
            cursor.execute(_VECTOR, [*_own(gallery), face_id])
            row = cursor.fetchone()
        if row is None:
            return None
        stored = np.array([row[0].strip("[]").split(",")], dtype=np.float32)
        return Template(_unit(reveal(stored, gallery=gallery))[0], row[1])

    def remove(self, gallery: GalleryRef, face_ids: Sequence[uuid.UUID], *, permit: Permit) -> int:
        require_permit(permit)
        with connections["default"].cursor() as cursor:
            cursor.execute(_REMOVE, [*_own(gallery), list(face_ids)])
            return cursor.rowcount

    def remove_all(self, gallery: GalleryRef, *, permit: Permit) -> int:
        require_permit(permit)
        with connections["default"].cursor() as cursor:
            cursor.execute(_REMOVE_ALL, _own(gallery))
            removed = cursor.rowcount
            if gallery.partition_no >= SHARED_PARTITIONS:
                cursor.execute(_FREE, [gallery.partition_no])
        return removed


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
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def _texts(vectors: Vectors) -> list[str]:
    """Return vectors as halfvec literals, rounded to half precision here and so only once."""
    return [f"[{','.join(map(str, row))}]" for row in vectors.astype(np.float16).astype(np.float64).tolist()]


def _hits(rows: Sequence[tuple[Any, ...]], *, n_probes: int) -> tuple[tuple[Hit, ...], ...]:
    found: list[list[Hit]] = [[] for _ in range(n_probes)]
    for _, _, number, face_id, distance in rows:
        if face_id is not None:
            found[number].append(Hit(face_id, max(-1.0, min(1.0, -distance))))
    return tuple(map(tuple, found))
