"""What became of a batch's images, and writing it: rows, templates and reviews, in the caller's one transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final
from uuid import UUID

from django.db import connections
from psycopg.types.json import Jsonb

from governance import gate
from governance.accountability import consents
from governance.errors import ConsentWithdrawn
from recognition.errors import PersonFull, PersonNotFound
from recognition.models import Collection, Job, JobItem, Person
from recognition.selectors import persons
from recognition.services import found, identification, jobs, keeping, masking, references
from recognition.services.examination import Examined
from recognition.services.identification import Identification
from recognition.services.portraits import Portrait
from recognition.services.references import NewReferences
from recognition.services.results import Match, Rejection, top_bucket

Problem = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Searched:
    """What was found for an image, and the portraits of its probes where a reviewer will look at them."""

    found: Identification
    portraits: tuple[Portrait | None, ...]


Outcome = Examined | Searched | Problem

_FAIL: Final = """
    UPDATE recognition_jobitem AS item SET status = 'failed', problem = new.problem
    FROM unnest(%s::uuid[], %s::jsonb[]) AS new (id, problem) WHERE item.id = new.id
"""
_TELL: Final = """
    UPDATE recognition_jobitem AS item SET status = 'done', search = new.search
    FROM unnest(%s::uuid[], %s::jsonb[]) AS new (id, search) WHERE item.id = new.id
"""
_ENROL: Final = """
    UPDATE recognition_jobitem AS item
    SET status = 'done', image_id = new.image_id, n_faces = new.n_faces, rejected = new.rejected
    FROM unnest(%s::uuid[], %s::uuid[], %s::integer[], %s::jsonb[]) AS new (id, image_id, n_faces, rejected)
    WHERE item.id = new.id
"""


@dataclass(frozen=True, slots=True)
class Counts:
    """What a batch's outcome entry tells."""

    n_faces: int
    n_candidates: int | None = None
    top_score_bucket: int | None = None
    searched: gate.Searched | None = None


def write_problems(outcomes: Mapping[JobItem, Outcome]) -> None:
    """Say of the items whose image is at fault what is wrong with it."""
    failed = [(item.id, Jsonb(outcome)) for item, outcome in outcomes.items() if isinstance(outcome, dict)]
    _update(_FAIL, failed)


def enrol(
    outcomes: Mapping[JobItem, Outcome], *, job: Job, collection: Collection, admission: gate.Admission
) -> Counts:
    """Store the references that were made of the items of a locked job, in its locked collection.

    Raises:
        PolicyRefused: GAL-001, the collection would grow beyond its cap.
        StorageUnavailable: see `keeping.refer_to`.
    """
    made = {item: outcome for item, outcome in outcomes.items() if isinstance(outcome, Examined)}
    keeping.refer_to(references.files_of(made.values()), tenant_id=job.tenant_id)
    withdrawn = consents.withdrawn_among(
        {item.external_id for item in made}, tenant_id=collection.tenant_id, collection_id=collection.id
    )
    problems = {item: ConsentWithdrawn().as_problem() for item in made if item.external_id in withdrawn}
    owners, nobodys = _owners([item for item in made if item not in problems], collection=collection)
    problems |= nobodys
    write_problems(problems)
    allowed = {
        item: NewReferences(examined=examined, external_id=item.external_id, person=owners.get(item), item=item)
        for item, examined in made.items()
        if item not in problems
    }
    n_faces = _store(allowed, collection=collection, admission=admission)
    admission.require_room(collection.face_count + n_faces)
    references.count(collection, added=n_faces)
    if n_faces:
        references.add_use(collection, usage=jobs.usage_of(job))
    return Counts(n_faces)


def tell(
    outcomes: Mapping[JobItem, Outcome], *, job: Job, collection: Collection, limit: int, admission: gate.Admission
) -> Counts:
    """Store what was found for the items of a locked job, or put it under review where it is masked."""
    n_faces = 0
    done: list[tuple[UUID, Jsonb]] = []
    candidates: list[Match] = []
    subjects: list[str] = []
    for item, outcome in outcomes.items():
        if not isinstance(outcome, Searched):
            continue
        candidates += outcome.found.candidates
        subjects += identification.subjects_of(outcome.found, probe=gate.probe_of_picture(item.digest))
        result = outcome.found
        if masking.is_masked(admission):
            result = masking.mask(
                result,
                portraits=outcome.portraits,
                limit=limit,
                collection=collection,
                admission=admission,
                job_id=job.id,
            )
        done.append((item.id, Jsonb(found.stored(result))))
        n_faces += len(result.searches)
    _update(_TELL, done)
    # Their number was counted when the job was accepted.
    return Counts(n_faces, len(candidates), top_bucket(candidates), gate.Searched(0, tuple(subjects)))


def _owners(
    items: Sequence[JobItem], *, collection: Collection
) -> tuple[dict[JobItem, Person], dict[JobItem, Problem]]:
    """Return whose the items are that name a person, and what is wrong with those that cannot be theirs."""
    owners: dict[JobItem, Person] = {}
    problems: dict[JobItem, Problem] = {}
    given: Counter[str] = Counter()
    for item in items:
        if name := item.person_name:
            try:
                owners[item] = persons.get_with_room(collection, name=name, more=given[name] + 1)
                given[name] += 1
            except (PersonNotFound, PersonFull) as error:
                problems[item] = error.as_problem()
    return owners, problems


def _store(allowed: Mapping[JobItem, NewReferences], *, collection: Collection, admission: gate.Admission) -> int:
    stored = references.store_all(list(allowed.values()), collection=collection, permit=admission.permit)
    done = [
        (item.id, image.id, len(faces), Jsonb([_told(rejection) for rejection in new.examined.rejected]))
        for (item, new), (image, faces) in zip(allowed.items(), stored, strict=True)
    ]
    _update(_ENROL, done)
    return sum(len(faces) for _, faces in stored)


def _told(rejection: Rejection) -> dict[str, Any]:
    return {"box": asdict(rejection.box), "reasons": [reason.value for reason in rejection.reasons]}


def _update(statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Bring pending items up to date in one statement: one for each would cost more than the faces' rows."""
    if rows:
        with connections["default"].cursor() as cursor:
            cursor.execute(statement, [list(column) for column in zip(*rows, strict=True)])
