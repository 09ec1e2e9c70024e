"""Searching for the faces of many pictures, as a job. The worker's part is in `services.batches`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from common.context import Actor, tenant_scope
from common.vocabulary import JobKind
from governance import gate
from recognition.engines.base import MAX_FACES
from recognition.models import Job
from recognition.selectors import collections as selectors
from recognition.services import engines, identification, submission
from recognition.services.submission import Submission

# The candidates of up to 500 images, each of up to 100 faces, are kept until the job is deleted.
MOST_CANDIDATES: Final = identification.MOST_CANDIDATES_EACH


def submit_job(
    images: Sequence[Submission],
    *,
    collection_name: str,
    actor: Actor,
    threshold: float | None = None,
    limit: int = identification.DEFAULT_LIMIT,
    every_face: bool = False,
) -> Job:
    """Accept many pictures to be searched for by the workers. When this returns, the job will be done, come what may.

    Args:
        images: encoded pictures, each with the tenant's own name for it.
        collection_name: the tenant's name for the collection.
        actor: who asks; every batch asks the gate again in its name.
        threshold: similarity in per cent; None: the lowest that the policy allows, at least 80.
        limit: most candidates of each probe.
        every_face: search for every face of each picture, not only for the largest.

    Raises:
        CollectionNotFound, ThresholdBelowCollection, PolicyRefused, EngineVersionMismatch: as in `search_by_image`.
        TooManyImages: more than one job takes.
        StagingUnavailable: the images could not be written to disk.
    """
    submission.check_number(images)
    with tenant_scope(actor.tenant_id):
        collection = selectors.get_for(actor.tenant_id, name=collection_name)
    engines.engine_of(collection)
    job = submission.new_job(
        JobKind.SEARCH_FACES,
        collection=collection,
        actor=actor,
        max_faces=MAX_FACES if every_face else 1,
        threshold=threshold,
        candidate_limit=limit,
    )
    request = identification.request_of(
        actor, collection=collection, threshold=threshold, n_searches=len(images), masks=True
    )
    with gate.authorised(request) as admission:
        return submission.accept(job, images=images, collection=collection, admission=admission)
