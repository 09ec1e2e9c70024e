"""Shadow scoring: while a collection has two indexes, each search is scored in the other one as well.

What is kept says how both agree, never whom either found: whether the best candidate is the same, and its similarity in
each. Of a result that must be reviewed nothing is kept, since even that there was a candidate is not to be told.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Collection as CollectionOf
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Avg, Count, StdDev

from common.context import tenant_scope
from common.errors import PlatformError
from common.permits import Permit
from common.vocabulary import JobStatus
from recognition.engines import registry
from recognition.engines.base import DetectedFace, FaceEngine, Template
from recognition.errors import EngineMoveNotFound, EngineVersionMismatch
from recognition.gallery.base import GalleryRef, Hit
from recognition.images import UprightImage
from recognition.models import Collection, EngineMove, ShadowScore
from recognition.selectors import engine_moves as selectors
from recognition.services.references import gallery
from recognition.services.same_faces import same_faces

logger = logging.getLogger(__name__)

BAND_PER_CENT: Final = 5
_BANDS: Final = range(0, 100, BAND_PER_CENT)


@dataclass(frozen=True, slots=True)
class Shadow:
    """The other index of a collection, with its engine; or, as `templates`, the probes of a search in its terms."""

    move: EngineMove
    engine: FaceEngine
    index: GalleryRef
    templates: tuple[Template | None, ...] = ()


def shadow_of(collection: Collection) -> Shadow | None:
    """Return the other index, once it is filled and where its engine works here. Opens a scope of its own."""
    if not collection.is_moving:
        return None
    try:
        with tenant_scope(collection.tenant_id):
            move = selectors.open_of(collection)
        if move.job is not None and move.job.status != JobStatus.SUCCEEDED:
            return None
        engine = registry.get(move.engine)
    except EngineMoveNotFound:
        return None  # ended a moment ago
    except PlatformError:
        logger.exception("the second index of a collection cannot be scored here")
        return None
    if engine.version != move.engine_version:
        return None
    return Shadow(move, engine, selectors.second_gallery(move, collection=collection))


def with_probes(shadow: Shadow, image: UprightImage, faces: Sequence[DetectedFace], *, permit: Permit) -> Shadow:
    """Return the shadow with the probes of a picture. No transaction may be open."""
    again = same_faces([face.box for face in faces], image, engine=shadow.engine, permit=permit)
    seen = [face for face in again if face is not None]
    templates = iter(shadow.engine.extract(image, seen, permit=permit) if seen else ())
    return _with(shadow, tuple(None if face is None else next(templates) for face in again))


def with_enrolled(shadow: Shadow, face_id: uuid.UUID, *, permit: Permit) -> Shadow | None:
    """Return the shadow with an enrolled face as its probe, in the open scope; None where it has no template of it."""
    try:
        template = gallery.vector_of(shadow.index, face_id, permit=permit)
    except EngineVersionMismatch:
        return None  # ended a moment ago
    return _with(shadow, (template,)) if template else None


def record(
    shadow: Shadow,
    *,
    best: Sequence[tuple[Hit, float] | None],
    threshold: float,
    exclude: CollectionOf[uuid.UUID],
    permit: Permit,
) -> None:
    """Search the other index for the same probes and keep how it agrees, in the open scope.

    Args:
        shadow: the other index, with its probes.
        best: the best candidate of each probe and its similarity in per cent, as it is answered.
        threshold: similarity in per cent that candidates reach.
        exclude: faces that are not to be found.
        permit: of the search.
    """
    pairs = [(hit, probe) for hit, probe in zip(best, shadow.templates, strict=True) if probe is not None]
    if not pairs:
        return
    calibration = shadow.engine.calibration
    try:
        found = gallery.search(
            shadow.index,
            [probe for _, probe in pairs],
            limit=1,
            min_score=calibration.score(threshold),
            permit=permit,
            exclude=exclude,
        )
    except EngineVersionMismatch:
        return  # ended a moment ago
    ShadowScore.objects.bulk_create(
        _score(answered, hits[0] if hits else None, shadow=shadow)
        for (answered, _), hits in zip(pairs, found.hits, strict=True)
    )


def summary_of(move: EngineMove) -> dict[str, Any]:
    """Return what the searches said, in the open scope: counts, statistics and numbers of each band of similarity."""
    rows = ShadowScore.objects.filter(tenant_id=move.tenant_id, move_id=move.id)
    counted = dict(rows.values_list("agreement").annotate(n=Count("id")))
    counts = {str(kind): counted.get(kind, 0) for kind in ShadowScore.Agreement.values}
    statistics = rows.aggregate(
        mean=Avg("similarity"),
        deviation=StdDev("similarity"),
        shadow_mean=Avg("shadow_similarity"),
        shadow_deviation=StdDev("shadow_similarity"),
    )
    n_searches = sum(counts.values())
    agreeing = counts["same"] + counts["neither"]
    return {
        "n_searches": n_searches,
        "rank_one_agreement": agreeing / n_searches if n_searches else None,
        "counts": counts,
        **statistics,
        "bands": _bands(rows.values_list("similarity", "shadow_similarity")),
    }


def _with(shadow: Shadow, templates: tuple[Template | None, ...]) -> Shadow:
    return Shadow(shadow.move, shadow.engine, shadow.index, templates)


def _score(answered: tuple[Hit, float] | None, found: Hit | None, *, shadow: Shadow) -> ShadowScore:
    agreement = ShadowScore.Agreement
    if answered is None:
        kind = agreement.NEITHER if found is None else agreement.ONLY_SHADOW
    elif found is None:
        kind = agreement.ONLY_ANSWERED
    else:
        kind = agreement.SAME if answered[0].face_id == found.face_id else agreement.DIFFERENT
    return ShadowScore(
        tenant_id=shadow.move.tenant_id,
        move_id=shadow.move.id,
        is_switched=shadow.move.is_switched,
        agreement=kind,
        similarity=answered[1] if answered else None,
        shadow_similarity=shadow.engine.calibration.similarity(found.score) if found else None,
    )


def _bands(pairs: Any) -> list[dict[str, int]]:
    """Return how many best similarities fell into each band of five per cent, those bands that have any."""
    answered, shadowed = [0] * len(_BANDS), [0] * len(_BANDS)
    for similarity, shadow_similarity in pairs:
        for counts, value in ((answered, similarity), (shadowed, shadow_similarity)):
            if value is not None:
                counts[min(int(value // BAND_PER_CENT), len(_BANDS) - 1)] += 1
    return [
        {"from": start, "answered": one, "shadow": other}
        for start, one, other in zip(_BANDS, answered, shadowed, strict=True)
        if one or other
    ]
