"""Jobs, their items, and the tickets that keep them alive."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from common.context import ActorKind
from common.vocabulary import OPEN_JOB_STATUSES, JobKind, JobStatus
from recognition.models.references import tenant_reference
from tenants.models import TenantOwned, choices_of

Q = models.Q


class QualityFilter(models.TextChoices):
    """Which faces are left out for their quality; `auto` is what is good for most uses, now `low`."""

    AUTO = "auto"
    NONE = "none"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Job(TenantOwned):
    """Work that goes on after the request: what, for whom, how far, how it ended.

    `max_faces` is how many faces of an image are enrolled, or searched for, largest first. `threshold` (in per cent)
    and `candidate_limit` (of each probe) belong to searches. `results_purged_at` is when its results were
    deleted because their time was over; the job stays.

    Actor and usage are those of the request that made it, so that the worker can ask the gate the same question again.
    """

    kind = models.CharField(max_length=30, choices=choices_of(JobKind))
    status = models.CharField(max_length=20, choices=choices_of(JobStatus), default=JobStatus.QUEUED)
    collection = tenant_reference("Collection", null=True, blank=True)
    total = models.PositiveIntegerField()
    done = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    max_faces = models.PositiveIntegerField()
    threshold = models.FloatField(null=True, blank=True)
    candidate_limit = models.PositiveIntegerField(null=True, blank=True)
    quality_filter = models.CharField(max_length=10, choices=QualityFilter.choices)
    problem = models.JSONField(null=True, blank=True)
    actor_kind = models.CharField(max_length=20, choices=choices_of(ActorKind))
    actor_id = models.UUIDField()
    purpose = models.CharField(max_length=40, null=True, blank=True)  # noqa: DJ001 NULL: not stated
    on_behalf_of = models.CharField(max_length=40, null=True, blank=True)  # noqa: DJ001 NULL: not stated
    jurisdiction = models.CharField(max_length=10, null=True, blank=True)  # noqa: DJ001 NULL: not stated
    circumstances = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    case_ref = models.CharField(max_length=200, null=True, blank=True)  # noqa: DJ001 NULL: not stated
    decision_entry_id = models.UUIDField(editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    results_purged_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "id"], name="job_of_tenant"),
            models.CheckConstraint(name="job_kind_known", condition=Q(kind__in=[k.value for k in JobKind])),
            models.CheckConstraint(name="job_status_known", condition=Q(status__in=[s.value for s in JobStatus])),
            models.CheckConstraint(name="job_actor_known", condition=Q(actor_kind__in=[a.value for a in ActorKind])),
            models.CheckConstraint(
                name="job_progress_adds_up", condition=Q(total__gte=models.F("done") + models.F("failed"))
            ),
            models.CheckConstraint(
                name="job_quality_filter_known", condition=Q(quality_filter__in=QualityFilter.values)
            ),
            models.CheckConstraint(
                name="job_search_has_a_limit",
                condition=Q(kind=JobKind.SEARCH_FACES.value, candidate_limit__gte=1)
                | ~Q(kind=JobKind.SEARCH_FACES.value) & Q(candidate_limit=None, threshold=None),
            ),
            models.CheckConstraint(name="job_takes_faces", condition=Q(max_faces__gte=1, total__gte=1)),
            models.CheckConstraint(
                name="job_finished_when_closed",
                condition=Q(status__in=sorted(s.value for s in OPEN_JOB_STATUSES), finished_at=None)
                | ~Q(status__in=sorted(s.value for s in OPEN_JOB_STATUSES)) & Q(finished_at__isnull=False),
            ),
            models.CheckConstraint(
                name="job_explains_its_end",
                condition=~Q(status__in=[JobStatus.FAILED.value, JobStatus.HALTED_BY_POLICY.value])
                | Q(problem__isnull=False),
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "collection"], name="job_by_collection"),
            models.Index(fields=["created_at"], name="job_with_results", condition=Q(results_purged_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"

    @property
    def is_open(self) -> bool:
        return self.status in OPEN_JOB_STATUSES


class JobItem(TenantOwned):
    """One image of a job. Its bytes are staged in a file until it is done (`recognition.staging`).

    `person_name` is the id of the person whose largest face it is; empty: not said. `search` is what was found for it
    (`services.searches`): ids and scores, no name and no template.
    """

    class Status(models.TextChoices):
        PENDING = "pending"
        DONE = "done"
        FAILED = "failed"

    job = tenant_reference("Job")
    sequence = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    size_bytes = models.PositiveIntegerField()
    external_id = models.CharField(max_length=255, blank=True)
    person_name = models.CharField(max_length=128, blank=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    problem = models.JSONField(null=True, blank=True)
    image = tenant_reference("Image", null=True, blank=True)
    n_faces = models.PositiveIntegerField(default=0)
    rejected = models.JSONField(default=list, blank=True)
    search = models.JSONField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "job", "id"], name="item_of_job"),
            models.UniqueConstraint(fields=["job", "sequence"], name="item_sequence_once_per_job"),
            models.CheckConstraint(name="item_status_known", condition=Q(status__in=["pending", "done", "failed"])),
            models.CheckConstraint(name="item_digest_sha256", condition=Q(digest__regex=r"^[0-9a-f]{64}$")),
            models.CheckConstraint(
                name="item_explains_its_failure",
                condition=Q(status="failed", problem__isnull=False) | ~Q(status="failed") & Q(problem=None),
            ),
            models.CheckConstraint(
                name="item_has_output_when_done",
                condition=Q(status="done") | Q(image=None, n_faces=0, search__isnull=True),
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["job", "sequence"], name="item_pending", condition=Q(status="pending")),
            models.Index(fields=["image"], name="item_by_image", condition=Q(image__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.job_id}/{self.sequence}"


class DispatchTicket(models.Model):
    """Says that an open job wants its batches sent: written with the job, gone when the job is closed.

    Belongs to no tenant and says nothing but an id, so that the sweep finds jobs before it knows whose they are.
    `touched_at` is the last sign of life: a send or a finished batch. `sends` spaces repeated sends out. `checked_at`
    is when the sweep last asked the gate for it.
    """

    job_id = models.UUIDField(primary_key=True)
    touched_at = models.DateTimeField(db_default=Now())
    checked_at = models.DateTimeField(db_default=Now())
    sends = models.PositiveSmallIntegerField(default=0)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["touched_at"], name="ticket_by_touch"),
            models.Index(fields=["checked_at"], name="ticket_by_check"),
        ]

    def __str__(self) -> str:
        return str(self.job_id)
