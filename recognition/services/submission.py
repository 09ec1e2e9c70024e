"""Accepting a job: its images are on disk, job, items and ticket are committed, and only then is it acknowledged."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings

from common.context import Actor, tenant_scope
from common.errors import PlatformError
from common.ids import new_id
from common.vocabulary import JobKind
from governance import gate
from recognition import dispatch, staging
from recognition.errors import TooManyImages
from recognition.models import Collection, DispatchTicket, Job, JobItem, QualityFilter
from recognition.selectors import collections as selectors
from recognition.selectors import jobs as job_selectors
from recognition.services.batches import batch_starts
from recognition.services.images import KeptPicture


@dataclass(frozen=True, slots=True)
class Submission:
    """One image for a job: an encoded or a kept picture, and the tenant's own name for who is on it.

    `person` is the id of the person whose largest face it is, and who alone is then enrolled; empty: not said.
    """

    data: bytes | KeptPicture
    external_id: str = ""
    person: str = ""

    def read(self) -> bytes:
        """Return the bytes.

        Raises:
            StoredImageDamaged, StorageUnavailable: the file of a kept picture cannot be read.
        """
        return self.data if isinstance(self.data, bytes) else self.data.read()

    @property
    def digest(self) -> str:
        """SHA-256 of the bytes, hexadecimal."""
        return hashlib.sha256(self.data).hexdigest() if isinstance(self.data, bytes) else self.data.digest

    @property
    def size_bytes(self) -> int:
        return len(self.data) if isinstance(self.data, bytes) else self.data.size_bytes


def check_number(images: Sequence[Submission]) -> None:
    """Refuse more images than one job takes.

    Raises:
        TooManyImages: there are more.
    """
    if len(images) > settings.CUSTOS_MAX_BATCH_IMAGES:
        raise TooManyImages(f"At most {settings.CUSTOS_MAX_BATCH_IMAGES} images are accepted.")


def new_job(
    kind: JobKind,
    *,
    collection: Collection,
    actor: Actor,
    max_faces: int,
    quality: QualityFilter = QualityFilter.NONE,
    threshold: float | None = None,
    candidate_limit: int | None = None,
) -> Job:
    """Return an unsaved job that remembers who asked, and for what."""
    usage = actor.usage
    return Job(
        id=new_id(),
        tenant_id=actor.tenant_id,
        kind=kind,
        collection_id=collection.id,
        max_faces=max_faces,
        quality_filter=quality,
        threshold=threshold,
        candidate_limit=candidate_limit,
        actor_kind=actor.kind,
        actor_id=actor.id,
        purpose=usage.purpose,
        on_behalf_of=usage.on_behalf_of,
        jurisdiction=usage.jurisdiction,
        case_ref=usage.case_ref,
        circumstances=list(usage.circumstances),
    )


def accept(job: Job, *, images: Sequence[Submission], collection: Collection, admission: gate.Admission) -> Job:
    """Store a new job with its images, complete the admission, and return the job as the database has it.

    Raises:
        CollectionNotFound: the collection was deleted meanwhile.
        StagingUnavailable: the images could not be written to disk.
        StoredImageDamaged, StorageUnavailable: the file of a kept picture cannot be read.
        PolicyRefused: refused at the fence.
    """
    job.total = len(images)
    job.decision_entry_id = admission.decision_id
    try:
        staging.write((image.read() for image in images), tenant_id=job.tenant_id, job_id=job.id)
        with tenant_scope(job.tenant_id):
            _insert(job, collection=collection, images=images)
            firsts = batch_starts(range(len(images)))
            dispatch.enqueue_batches(job.id, kind=JobKind(job.kind), firsts=firsts, tenant_id=job.tenant_id)
            accepted = job_selectors.get_for(job.tenant_id, job_id=job.id)
            admission.complete(resource=gate.ResourceRef("job", job.id, job.tenant_id))
    except PlatformError:
        # Known to have rolled back. After any other error the commit may have happened: the sweep tidies up.
        staging.remove(tenant_id=job.tenant_id, job_id=job.id)
        raise
    return accepted


def _insert(job: Job, *, collection: Collection, images: Sequence[Submission]) -> None:
    """Insert job, items and ticket; the collection is locked so that it cannot go away meanwhile."""
    selectors.lock_for(job.tenant_id, collection_id=collection.id)
    job.save(force_insert=True)
    JobItem.objects.bulk_create(
        JobItem(
            id=new_id(),
            tenant_id=job.tenant_id,
            job_id=job.id,
            sequence=sequence,
            digest=image.digest,
            size_bytes=image.size_bytes,
            external_id=image.external_id,
            person_name=image.person,
        )
        for sequence, image in enumerate(images)
    )
    DispatchTicket.objects.create(job_id=job.id)
