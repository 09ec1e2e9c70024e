"""A search among persons under review: each candidate is shown, and released, by one of their faces (decision 0033)."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import TYPE_CHECKING

from common.context import tenant_scope
from governance import gate
from recognition.models import Collection
from recognition.selectors import persons as selectors
from recognition.services import identification, masking
from recognition.services.portraits import Portrait, portrait_of_enrolled
from recognition.services.results import Match, view_of

if TYPE_CHECKING:  # it imports this module
    from recognition.services.person_search import PersonSearch


def mask(
    found: PersonSearch,
    *,
    portrait: Portrait | None,
    words: str,
    limit: int,
    collection: Collection,
    admission: gate.Admission,
) -> PersonSearch:
    """Put the candidates under review, each by one face, as a search among faces would; name nobody."""
    shown = selectors.shown_faces_in(collection, person_ids={match.person.id for match in found.candidates})
    matches = tuple(
        Match(
            similarity=match.similarity,
            score=match.score,
            fmr=match.fmr,
            fmr_words=match.fmr_words,
            face=view_of(shown[match.person.id]),
        )
        for match in found.candidates
        if match.person.id in shown
    )
    seen = identification.Probe(found.probe.box, found.probe.confidence) if found.probe else None
    as_faces = identification.Identification(
        searches=(identification.Search(seen, matches),),
        gallery_size=found.gallery_size,
        expected_false_candidates=found.expected_false_candidates,
        engine_version=found.engine_version,
        threshold=found.threshold,
        threshold_words=words,
        notice=found.notice,
    )
    masked = masking.mask(as_faces, portraits=[portrait], limit=limit, collection=collection, admission=admission)
    return replace(found, candidates=(), review_task=masked.review_task)


def portrait_of_probe(
    face_id: uuid.UUID | None, person: str | None, *, collection: Collection, admission: gate.Admission
) -> Portrait | None:
    """Return what a reviewer sees of a probe that is enrolled: the face, or the first one of the person."""
    if not masking.is_masked(admission) or (face_id is None and person is None):
        return None
    if face_id is None:
        with tenant_scope(collection.tenant_id):
            found = selectors.get_in(collection, name=person or "")
            face = selectors.shown_faces_in(collection, person_ids={found.id}).get(found.id)
        face_id = face.id if face is not None else None
    return portrait_of_enrolled(face_id, tenant_id=collection.tenant_id) if face_id is not None else None
