"""What a job did with its images: how the candidates of a search are kept in a row, and how they are read again.

A row holds ids and scores only, and of a result under review neither: the review has them. Who the candidates are is
read anew each time, so that nobody is named who has been deleted since.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from recognition.engines.base import Box
from recognition.models import Face, JobItem
from recognition.selectors import faces as selectors
from recognition.services.identification import Identification, Probe, Search
from recognition.services.results import Match, view_of


@dataclass(frozen=True, slots=True)
class ItemResult:
    """An item of a job and, for a search, what was found for it."""

    item: JobItem
    search: Identification | None


def stored(found: Identification) -> dict[str, Any]:
    """Return what is kept of a search."""
    return {
        "gallery_size": found.gallery_size,
        "expected_false_candidates": found.expected_false_candidates,
        "engine_version": found.engine_version,
        "threshold": found.threshold,
        "threshold_words": found.threshold_words,
        "notice": found.notice,
        "review_task": str(found.review_task) if found.review_task else None,
        "searches": [
            {
                "probe": asdict(search.probe) if search.probe else None,
                "candidates": [
                    {
                        "face_id": str(match.face.id),
                        "similarity": match.similarity,
                        "score": match.score,
                        "fmr": match.fmr,
                        "fmr_words": match.fmr_words,
                    }
                    for match in search.candidates
                ],
            }
            for search in found.searches
        ],
    }


def results_of(items: Sequence[JobItem]) -> list[ItemResult]:
    """Return the results of items of one job, in the open scope; one statement finds the faces of all candidates."""
    ids = {
        uuid.UUID(candidate["face_id"])
        for item in items
        for search in (item.search or {}).get("searches", ())
        for candidate in search["candidates"]
    }
    collection = items[0].job.collection if ids else None
    faces = selectors.by_id_in(collection, face_ids=ids) if collection else {}
    return [ItemResult(item, _read(item.search, faces=faces) if item.search else None) for item in items]


def _read(content: Mapping[str, Any], *, faces: Mapping[uuid.UUID, Face]) -> Identification:
    return Identification(
        searches=tuple(
            Search(_probe(search["probe"]), tuple(_matches(search["candidates"], faces=faces)))
            for search in content["searches"]
        ),
        gallery_size=content["gallery_size"],
        expected_false_candidates=content["expected_false_candidates"],
        engine_version=content["engine_version"],
        threshold=content["threshold"],
        threshold_words=content.get("threshold_words", ""),
        notice=content["notice"],
        review_task=uuid.UUID(content["review_task"]) if content.get("review_task") else None,
    )


def _probe(content: Mapping[str, Any] | None) -> Probe | None:
    return Probe(Box(**content["box"]), content["confidence"]) if content else None


def _matches(candidates: Sequence[Mapping[str, Any]], *, faces: Mapping[uuid.UUID, Face]) -> list[Match]:
    named = ((candidate, faces.get(uuid.UUID(candidate["face_id"]))) for candidate in candidates)
    return [
        Match(
            similarity=candidate["similarity"],
            score=candidate["score"],
            fmr=candidate["fmr"],
            fmr_words=candidate["fmr_words"],
            face=view_of(face),
        )
        for candidate, face in named
        if face is not None
    ]
