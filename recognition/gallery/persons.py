"""Templates of persons: made from those of their faces, and searched exactly (decision 0015).

A person's template is the mean of the templates of its faces, brought to unit length. It never leaves the collection's
rotated space on the way: rotation keeps means, and the database computes them.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from typing import Any, Final

from django.db import connections

from common.permits import Permit, require_permit
from common.vocabulary import Operation
from recognition.engines.base import Template
from recognition.errors import EngineVersionMismatch
from recognition.gallery.base import GalleryRef, PersonHit, PersonsFound
from recognition.gallery.halfvec import farthest_of, template_of, texts_of

# What a permit must have been given for.
_TO_CHANGE: Final = (Operation.ENROL, Operation.CLUSTER, Operation.DELETE)
_TO_COMPARE: Final = (Operation.CLUSTER,)
_TO_SEARCH: Final = (Operation.SEARCH,)

_REFRESH: Final = """
    UPDATE recognition_person p
    SET (template, face_count) = (
            SELECT l2_normalize(avg(t.template)), count(*)
            FROM recognition_face f
            JOIN recognition_template t
                ON t.partition_no = %s AND t.tenant_id = %s AND t.collection_id = %s AND t.face_id = f.id
            WHERE f.tenant_id = p.tenant_id AND f.collection_id = p.collection_id AND f.person_id = p.id
        ),
        revision = revision + 1
    WHERE p.tenant_id = %s AND p.collection_id = %s AND p.id = ANY(%s::uuid[])
"""

_SCORE: Final = """
    SELECT -(t.template <#> p.template)
    FROM recognition_person p, recognition_template t
    WHERE p.tenant_id = %s AND p.collection_id = %s AND p.id = %s
      AND t.partition_no = %s AND t.tenant_id = %s AND t.collection_id = %s AND t.face_id = %s
"""

# Whose faces' time is over cannot be found, nor searched for, although the purge has not come by yet.
_HAS_A_LIVE_FACE: Final = """
    EXISTS (
        SELECT FROM recognition_face f JOIN recognition_collection c ON c.id = f.collection_id
        WHERE f.person_id = p.id AND f.id >= custos_oldest_kept_id(c.kept_days)
    )
"""

_TEMPLATE: Final = """
    SELECT p.template::text FROM recognition_person p
    WHERE p.tenant_id = %s AND p.collection_id = %s AND p.id = %s AND has_a_live_face
      AND EXISTS (SELECT FROM recognition_collection c WHERE c.id = p.collection_id AND c.engine_version = %s)
""".replace("has_a_live_face", _HAS_A_LIVE_FACE)

# One statement, hence one snapshot: who is found is among those who are counted. All distances are computed anyway,
# but none with persons whose templates are of another engine version: the collection may have moved.
_SEARCH: Final = """
    WITH now AS MATERIALIZED (
        SELECT engine_version = %s AS is_ours FROM recognition_collection WHERE tenant_id = %s AND id = %s
    ), scored AS MATERIALIZED (
        SELECT id, template <#> %s::halfvec AS distance
        FROM recognition_person
        WHERE tenant_id = %s AND collection_id = %s AND template IS NOT NULL AND (SELECT is_ours FROM now)
    )
    SELECT now.is_ours, (SELECT count(*) FROM scored), hit.id, hit.distance
    FROM now
    LEFT JOIN LATERAL (
        SELECT p.id, p.distance FROM scored p
        WHERE p.distance <= %s AND p.id IS DISTINCT FROM %s::uuid AND has_a_live_face
        ORDER BY p.distance, p.id
        LIMIT %s
    ) hit ON true
    ORDER BY hit.distance, hit.id
""".replace("has_a_live_face", _HAS_A_LIVE_FACE)


def refresh(gallery: GalleryRef, person_ids: Collection[uuid.UUID], *, permit: Permit) -> None:
    """Make the templates of persons anew after their faces changed, and count the faces.

    The caller holds the collection's row locked, and `gallery` is what it says.
    """
    require_permit(permit, tenant_id=gallery.tenant_id, operations=_TO_CHANGE)
    whose = (gallery.tenant_id, gallery.collection_id)
    with connections["default"].cursor() as cursor:
        cursor.execute(_REFRESH, [gallery.partition_no, *whose, *whose, list(person_ids)])


def score_of(gallery: GalleryRef, *, person_id: uuid.UUID, face_id: uuid.UUID, permit: Permit) -> float | None:
    """Return the cosine of a face and a person; None when the person has no face yet. The row is locked, as above."""
    require_permit(permit, tenant_id=gallery.tenant_id, operations=_TO_COMPARE)
    whose = (gallery.tenant_id, gallery.collection_id)
    with connections["default"].cursor() as cursor:
        cursor.execute(_SCORE, [*whose, person_id, gallery.partition_no, *whose, face_id])
        ((score,),) = cursor.fetchall()
    return None if score is None else max(-1.0, min(1.0, score))


def person_template(gallery: GalleryRef, person_id: uuid.UUID, *, permit: Permit) -> Template | None:
    """Return the template of a person in the engine's space; None when there is no such person, or it has no face."""
    require_permit(permit, tenant_id=gallery.tenant_id, operations=_TO_SEARCH)
    with connections["default"].cursor() as cursor:
        cursor.execute(_TEMPLATE, [gallery.tenant_id, gallery.collection_id, person_id, gallery.engine_version])
        row = cursor.fetchone()
    return template_of(row[0], gallery=gallery) if row and row[0] else None


def search_persons(
    gallery: GalleryRef,
    probe: Template,
    *,
    limit: int,
    min_score: float,
    permit: Permit,
    exclude: uuid.UUID | None = None,
) -> PersonsFound:
    """Return the `limit` most similar persons with a cosine of at least `min_score`, and how many were looked at.

    Args:
        exclude: a person who is not to be found (the one searched for).

    Raises:
        EngineVersionMismatch: a probe of another engine version, or the collection has moved to another one.
    """
    require_permit(permit, tenant_id=gallery.tenant_id, operations=_TO_SEARCH)
    (text,) = texts_of([probe], gallery=gallery)
    whose = (gallery.tenant_id, gallery.collection_id)
    parameters: list[Any] = [gallery.engine_version, *whose, text, *whose, farthest_of(min_score), exclude, limit]
    with connections["default"].cursor() as cursor:
        cursor.execute(_SEARCH, parameters)
        rows = cursor.fetchall()
    if rows and not rows[0][0]:
        raise EngineVersionMismatch("The collection moved to another engine meanwhile.")
    hits = tuple(PersonHit(person_id, max(-1.0, min(1.0, -distance))) for *_, person_id, distance in rows if person_id)
    return PersonsFound(hits, rows[0][1] if rows else 0)
