"""The gallery in PostgreSQL with pgvector: exact search in the collection's partition (SEARCH 2.1).

Every statement names the partition, the tenant and the collection as literals (Django binds on the client), so that
the planner prunes to one partition and the row-level policy becomes a one-time filter.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from typing import Any, Final

from django.db import connections

from common.permits import Permit, require_permit
from common.vocabulary import Operation
from recognition.engines.base import Template
from recognition.errors import CollectionNotFound, EngineVersionMismatch, GalleryBusy
from recognition.gallery.base import GalleryRef, Hit, SearchResult, Vectors
from recognition.gallery.halfvec import farthest_of, template_of, texts_of, vectors_of
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

# One statement, hence one snapshot: the partition that the index of this engine version is in belongs to the same
# instant as the templates that were read. When it is not the one that was searched, nobody in it was seen, and the
# search is repeated.
# Faces whose time is over take no place among the hits: ids grow with time. A day is left for clocks that differ: the
# last day's are left to who names the hits (`selectors.retention`). OFFSET 0: computed once, not for every row.
# The distance is written the same way in WHERE and ORDER BY so that it is computed once for what is kept.
_INDEX: Final = """recognition_collection c
    LEFT JOIN recognition_templateindex i
        ON i.tenant_id = c.tenant_id AND i.collection_id = c.id AND i.engine_version = %s"""
_SEARCH: Final = """
    SELECT i.partition_no, c.face_count, probe.number, hit.face_id, hit.distance
    FROM index_of_the_collection
    CROSS JOIN LATERAL (SELECT custos_oldest_kept_id(c.kept_days) AS id OFFSET 0) oldest
    CROSS JOIN (VALUES {probes}) AS probe (number, vector)
    LEFT JOIN LATERAL (
        SELECT t.face_id, t.template <#> probe.vector AS distance
        FROM recognition_template t
        WHERE t.partition_no = %s AND t.tenant_id = %s AND t.collection_id = %s
          AND t.template <#> probe.vector <= %s AND t.face_id >= oldest.id AND t.face_id <> ALL(%s::uuid[])
        ORDER BY t.template <#> probe.vector, t.face_id
        LIMIT %s
    ) hit ON true
    WHERE c.tenant_id = %s AND c.id = %s
    ORDER BY probe.number, hit.distance, hit.face_id
""".replace("index_of_the_collection", _INDEX)

# The partition in the same snapshot, as in _SEARCH.
_VECTOR: Final = """
    SELECT i.partition_no, t.template::text
    FROM index_of_the_collection
    LEFT JOIN recognition_template t
        ON t.partition_no = %s AND t.tenant_id = %s AND t.collection_id = %s AND t.face_id = %s
        AND t.face_id >= custos_oldest_kept_id(c.kept_days)
    WHERE c.tenant_id = %s AND c.id = %s
""".replace("index_of_the_collection", _INDEX)
_VECTORS: Final = """
    SELECT i.partition_no, t.face_id, t.template::text
    FROM index_of_the_collection
    LEFT JOIN recognition_template t
        ON t.partition_no = %s AND t.tenant_id = %s AND t.collection_id = %s
        AND t.face_id >= custos_oldest_kept_id(c.kept_days)
    WHERE c.tenant_id = %s AND c.id = %s
    ORDER BY t.face_id
""".replace("index_of_the_collection", _INDEX)
_REMOVE_ALL: Final = (
    "DELETE FROM recognition_template WHERE partition_no = %s AND tenant_id = %s AND collection_id = %s"
)
_REMOVE: Final = _REMOVE_ALL + " AND face_id = ANY(%s::uuid[])"
_PARTITIONS: Final = "SELECT partition_no FROM recognition_templateindex WHERE tenant_id = %s AND collection_id = %s"
_FREE: Final = "UPDATE recognition_templatepartition SET is_free = true WHERE partition_no = %s"


class PgvectorGallery:
    """`GalleryIndex` in the tables of this database."""

    def add(self, gallery: GalleryRef, entries: Sequence[tuple[uuid.UUID, Template]], *, permit: Permit) -> None:
        """Store templates: see `GalleryIndex`."""
        require_permit(permit, tenant_id=gallery.tenant_id, operations=_TO_ADD)
        if not entries:
            return
        texts = texts_of([template for _, template in entries], gallery=gallery)
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
        exclude: Collection[uuid.UUID] = (),
    ) -> SearchResult:
        """Search exactly: see `GalleryIndex`."""
        require_permit(permit, tenant_id=gallery.tenant_id, operations=_TO_SEARCH)
        texts = texts_of(probes, gallery=gallery)
        statement = _SEARCH.format(probes=", ".join(["(%s, %s::halfvec)"] * len(texts)))
        numbered = [value for pair in enumerate(texts) for value in pair]
        after = [farthest_of(min_score), list(exclude), limit]
        rows = _follow(gallery, statement, before=numbered, after=after)
        return SearchResult(_hits(rows, n_probes=len(texts)), gallery_size=rows[0][1])

    def vector_of(self, gallery: GalleryRef, face_id: uuid.UUID, *, permit: Permit) -> Template | None:
        """Return a face's template: see `GalleryIndex`."""
        require_permit(permit, tenant_id=gallery.tenant_id, operations=_TO_SEARCH)
        ((_, text),) = _follow(gallery, _VECTOR, before=[], after=[face_id])
        return None if text is None else template_of(text, gallery=gallery)

    def all_vectors(self, gallery: GalleryRef, *, permit: Permit) -> tuple[list[uuid.UUID], Vectors]:
        """Return all templates: see `GalleryIndex`."""
        require_permit(permit, tenant_id=gallery.tenant_id, operations=_TO_EVALUATE)
        rows = [row[1:] for row in _follow(gallery, _VECTORS, before=[], after=[]) if row[1] is not None]
        return [face_id for face_id, _ in rows], vectors_of([text for _, text in rows], gallery=gallery)

    def remove(self, gallery: GalleryRef, face_ids: Sequence[uuid.UUID], *, permit: Permit) -> int:
        """Delete templates: see `GalleryIndex`."""
        require_permit(permit, tenant_id=gallery.tenant_id, operations=_TO_REMOVE)
        return sum(
            _execute(_REMOVE, [partition_no, gallery.tenant_id, gallery.collection_id, list(face_ids)])
            for partition_no in _partitions(gallery)
        )

    def remove_all(self, gallery: GalleryRef, *, permit: Permit) -> int:
        """Delete all templates: see `GalleryIndex`."""
        require_permit(permit, tenant_id=gallery.tenant_id, operations=_TO_REMOVE)
        return sum(empty(partition_no, gallery=gallery) for partition_no in _partitions(gallery))


def _follow(gallery: GalleryRef, statement: str, *, before: list[Any], after: list[Any]) -> list[tuple[Any, ...]]:
    """Run a statement that gives the index's partition first, until it is the partition that was read.

    Its parameters are engine version, `before`, partition, tenant, collection, `after`, tenant, collection.

    Raises:
        CollectionNotFound: the collection is gone.
        EngineVersionMismatch: it has no index of this engine version any more.
        GalleryBusy: it moved during every attempt.
    """
    whose = (gallery.tenant_id, gallery.collection_id)
    partition_no = gallery.partition_no
    with connections["default"].cursor() as cursor:
        for _ in range(_READ_ATTEMPTS):
            cursor.execute(statement, [gallery.engine_version, *before, partition_no, *whose, *after, *whose])
            rows: list[tuple[Any, ...]] = cursor.fetchall()
            if not rows:
                raise CollectionNotFound
            read, partition_no = partition_no, rows[0][0]
            if partition_no is None:
                raise EngineVersionMismatch("The collection moved to another engine meanwhile.")
            if read == partition_no:
                return rows
    raise GalleryBusy(retry_after=1)


def _partitions(gallery: GalleryRef) -> list[int]:
    """Return the partitions of all indexes of the collection: who goes, goes from each."""
    with connections["default"].cursor() as cursor:
        cursor.execute(_PARTITIONS, [gallery.tenant_id, gallery.collection_id])
        return [number for (number,) in cursor.fetchall()]


def empty(partition_no: int, *, gallery: GalleryRef, gives_back: bool = True) -> int:
    """Delete the collection's templates in a partition, and give it back if it was its own; return how many.

    For this package: whoever calls it has asked for a permit.
    """
    removed = _execute(_REMOVE_ALL, [partition_no, gallery.tenant_id, gallery.collection_id])
    if gives_back and partition_no >= SHARED_PARTITIONS:
        _execute(_FREE, [partition_no])
    return removed


def _execute(statement: str, parameters: list[Any]) -> int:
    with connections["default"].cursor() as cursor:
        cursor.execute(statement, parameters)
        return int(cursor.rowcount)


def _hits(rows: Sequence[tuple[Any, ...]], *, n_probes: int) -> tuple[tuple[Hit, ...], ...]:
    found: list[list[Hit]] = [[] for _ in range(n_probes)]
    for _, _, number, face_id, distance in rows:
        if face_id is not None:
            found[number].append(Hit(face_id, max(-1.0, min(1.0, -distance))))
    return tuple(map(tuple, found))
