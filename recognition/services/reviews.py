"""Reading what two reviewers released: judged as the making of the result, under the policy of now."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from common.context import Actor
from governance.casework import reviews
from governance.casework.reviews import Released, ReviewTask
from recognition.engines.base import Box, DetectedFace, Landmark, Pose, Quality
from recognition.errors import JobResultsExpired
from recognition.models import Face
from recognition.selectors import collections as collection_selectors
from recognition.selectors import faces as face_selectors
from recognition.selectors import jobs as job_selectors
from recognition.services.identification import Probe, Search
from recognition.services.results import FaceView, Match, view_of


@dataclass(frozen=True, slots=True)
class ReleasedResult:
    """A review that has ended, and the candidates that both reviewers released, by probe and best first."""

    task: ReviewTask
    searches: tuple[Search, ...]


def read_result(task_id: uuid.UUID, *, actor: Actor) -> ReleasedResult:
    """Return what was released of a review. Who has been deleted since is not named any more.

    Raises:
        ReviewNotFound: there is none of this id, it is over, or it is another tenant's.
        ReviewPending: two reviewers have not judged it yet.
        JobResultsExpired: it is of a job whose results are no longer kept.
        PolicyRefused: the policy does not allow reading it, any more.
    """
    with reviews.reading(actor, task_id=task_id) as result:
        if result.task.job_id is not None:
            job = job_selectors.get_for(actor.tenant_id, job_id=result.task.job_id)
            if not job_selectors.has_results(job):
                raise JobResultsExpired
        faces = _faces_of(result.released, tenant_id=actor.tenant_id, collection_id=result.task.collection_id)
        searches = tuple(
            Search(
                Probe(Box(**probe.box), probe.confidence or 0.0) if probe.box else None,
                tuple(_matches([item for item in result.released if item.probe_number == probe.number], faces=faces)),
            )
            for probe in result.task.probes.all()
        )
        result.admission.complete(n_candidates=sum(len(search.candidates) for search in searches))
    return ReleasedResult(result.task, searches)


def _faces_of(
    released: Sequence[Released], *, tenant_id: uuid.UUID, collection_id: uuid.UUID | None
) -> Mapping[uuid.UUID, Face]:
    ids = {uuid.UUID(item.payload["face_id"]) for item in released if "face_id" in item.payload}
    if not ids or collection_id is None:
        return {}
    collection = collection_selectors.list_for(tenant_id).filter(id=collection_id).first()
    return face_selectors.by_id_in(collection, face_ids=ids) if collection else {}


def _matches(released: Sequence[Released], *, faces: Mapping[uuid.UUID, Face]) -> list[Match]:
    seen = ((item.payload, _face(item.payload, faces=faces)) for item in released)
    return [
        Match(
            similarity=payload["similarity"],
            score=payload["score"],
            fmr=payload["fmr"],
            fmr_words=payload["fmr_words"],
            face=face,
        )
        for payload, face in seen
        if face is not None
    ]


def _face(payload: Mapping[str, Any], *, faces: Mapping[uuid.UUID, Face]) -> FaceView | None:
    if "seen" not in payload:
        row = faces.get(uuid.UUID(payload["face_id"]))
        return view_of(row) if row is not None else None
    seen = payload["seen"]
    return FaceView(
        DetectedFace(
            box=Box(**seen["box"]),
            confidence=seen["confidence"],
            landmarks=tuple(Landmark(**landmark) for landmark in seen["landmarks"]),
            pose=Pose(**seen["pose"]),
            quality=Quality(**seen["quality"]),
        )
    )
