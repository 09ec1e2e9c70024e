"""Collections, the images and faces enrolled in them, and the jobs that enrol many.

Templates are not here: their table is made and read by `recognition.gallery` alone. Foreign keys between tenant tables
hold in the database together with `tenant_id` (migration 0002); Django's own are declared without a constraint.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Now

from common.context import ActorKind
from common.preconditions import entity_tag
from common.vocabulary import OPEN_JOB_STATUSES, JobKind, JobStatus
from tenants.models import TenantOwned, choices_of

COLLECTION_NAME = r"[A-Za-z0-9_.-]{1,255}"
SHARED_PARTITIONS = 16
LARGEST_DIMENSIONS = 4_000  # of a halfvec that pgvector can index; the type itself takes 16,000

Q = models.Q


_TENANT_REFERENCE: Final[dict[str, Any]] = {
    "on_delete": models.DO_NOTHING,
    "db_constraint": False,
    "db_index": False,
    "related_name": "+",
}


def tenant_reference(to: str, **options: Any) -> models.ForeignKey[Any, Any]:
    """Return a foreign key to a row of the same tenant; the constraint is composite and made by RunSQL."""
    return models.ForeignKey(to, **{**_TENANT_REFERENCE, **options})


class Collection(TenantOwned):
    """A gallery: faces enrolled with one engine version, searched together.

    `template_seed` is the sealed seed of the secret rotation of its templates (`gallery.protection`). `threshold` is
    the lowest similarity, in per cent, that its searches may ask for. `revision` grows with every change of the row,
    faces that come and go included: it is what an ETag stands for.
    """

    name = models.CharField(max_length=255, validators=[RegexValidator(rf"\A{COLLECTION_NAME}\Z")])
    description = models.CharField(max_length=1000, blank=True)
    engine = models.CharField(max_length=40)
    engine_version = models.CharField(max_length=200)
    dimensions = models.PositiveIntegerField()
    retention_days = models.PositiveIntegerField(null=True, blank=True)
    threshold = models.FloatField(null=True, blank=True)
    store_images = models.BooleanField(default=False)
    partition_no = models.IntegerField()
    face_count = models.PositiveIntegerField(default=0)
    revision = models.PositiveBigIntegerField(default=1)
    template_seed = models.BinaryField()
    decision_entry_id = models.UUIDField(editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "id"], name="collection_of_tenant"),
            models.UniqueConstraint(fields=["tenant", "name"], name="collection_name_once_per_tenant"),
            # What a template must agree with: its foreign key names all five (migration 0004).
            models.UniqueConstraint(
                fields=["partition_no", "tenant", "id", "engine_version", "dimensions"], name="collection_of_templates"
            ),
            models.CheckConstraint(
                name="collection_name_form",
                condition=Q(name__regex=rf"^{COLLECTION_NAME}$") & ~Q(name__in=[".", ".."]),
            ),
            models.CheckConstraint(
                name="collection_dimensions_range",
                condition=Q(dimensions__gte=1, dimensions__lte=LARGEST_DIMENSIONS),
            ),
            models.CheckConstraint(name="collection_partition_range", condition=Q(partition_no__gte=0)),
            models.CheckConstraint(
                name="collection_retention_range", condition=Q(retention_days=None) | Q(retention_days__gte=1)
            ),
            models.CheckConstraint(
                name="collection_threshold_per_cent",
                condition=Q(threshold=None) | Q(threshold__gte=0, threshold__lte=100),
            ),
            models.CheckConstraint(name="collection_engine_named", condition=~Q(engine="") & ~Q(engine_version="")),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def etag(self) -> str:
        """What `If-Match` is compared with: another one after every change."""
        return entity_tag(self.id, self.revision)

    @property
    def has_own_partition(self) -> bool:
        """Whether its templates have been promoted to a partition of their own."""
        return self.partition_no >= SHARED_PARTITIONS


class Image(TenantOwned):
    """A picture that faces were enrolled from. The picture itself is not kept."""

    collection = tenant_reference("Collection")
    digest = models.CharField(max_length=64)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    format = models.CharField(max_length=20)
    decision_entry_id = models.UUIDField(editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "id"], name="image_of_tenant"),
            models.UniqueConstraint(fields=["tenant", "collection", "id"], name="image_of_collection"),
            models.CheckConstraint(name="image_digest_sha256", condition=Q(digest__regex=r"^[0-9a-f]{64}$")),
            models.CheckConstraint(name="image_has_pixels", condition=Q(width__gte=1, height__gte=1)),
        ]

    def __str__(self) -> str:
        return str(self.id)


class QualityFilter(models.TextChoices):
    """Whether enrolment leaves out faces of low quality."""

    AUTO = "auto"
    NONE = "none"


class Job(TenantOwned):
    """Work that goes on after the request: what, for whom, how far, how it ended.

    `max_faces` is how many faces of an image are enrolled, or searched for, largest first. `threshold` (in per cent)
    and `candidate_limit` (of each probe) belong to searches.

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
    case_ref = models.CharField(max_length=200, null=True, blank=True)  # noqa: DJ001 NULL: not stated
    decision_entry_id = models.UUIDField(editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

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
        indexes: ClassVar = [models.Index(fields=["tenant", "collection"], name="job_by_collection")]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"

    @property
    def is_open(self) -> bool:
        return self.status in OPEN_JOB_STATUSES


class JobItem(TenantOwned):
    """One image of a job. Its bytes are staged in a file until it is done (`recognition.staging`).

    `search` is what was found for it (`services.searches`): ids and scores, no name and no template.
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


class Face(TenantOwned):
    """One enrolled face (a reference). Its template lies in the gallery under the same id.

    Box and landmarks are fractions of the upright image; angles are degrees.
    """

    collection = tenant_reference("Collection")
    image = tenant_reference("Image")
    external_id = models.CharField(max_length=255, blank=True)
    box_left = models.FloatField()
    box_top = models.FloatField()
    box_width = models.FloatField()
    box_height = models.FloatField()
    confidence = models.FloatField()
    landmarks = models.JSONField()
    pose_yaw = models.FloatField()
    pose_pitch = models.FloatField()
    pose_roll = models.FloatField()
    brightness = models.FloatField()
    sharpness = models.FloatField()
    quality_score = models.FloatField()
    job = tenant_reference("Job", null=True, blank=True)
    job_item = tenant_reference("JobItem", null=True, blank=True, related_name="faces")
    decision_entry_id = models.UUIDField(editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints: ClassVar = [
            # A box may stick out of the picture. PostgreSQL holds NaN larger than every number: upper bounds refuse it.
            models.CheckConstraint(
                name="face_box_range",
                condition=Q(box_left__gte=-1, box_left__lte=1, box_top__gte=-1, box_top__lte=1)
                & Q(box_width__gt=0, box_width__lte=2, box_height__gt=0, box_height__lte=2),
            ),
            models.CheckConstraint(
                name="face_confidence_per_cent", condition=Q(confidence__gte=0, confidence__lte=100)
            ),
            models.CheckConstraint(
                name="face_angles_in_degrees",
                condition=Q(pose_yaw__gte=-180, pose_yaw__lte=180, pose_pitch__gte=-180, pose_pitch__lte=180)
                & Q(pose_roll__gte=-180, pose_roll__lte=180),
            ),
            models.CheckConstraint(
                name="face_job_and_item_together",
                condition=Q(job=None, job_item=None) | Q(job__isnull=False, job_item__isnull=False),
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "collection", "id"], name="face_by_collection"),
            models.Index(fields=["image"], name="face_by_image"),
            models.Index(fields=["job"], name="face_by_job", condition=Q(job__isnull=False)),
        ]

    def __str__(self) -> str:
        return str(self.id)


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


class TemplatePartition(models.Model):
    """A dedicated partition of `recognition_template`, and whether a collection has it.

    Belongs to no tenant: a partition freed by one collection's deletion, or left by a promotion that did not finish,
    is empty and serves the next.
    """

    partition_no = models.IntegerField(primary_key=True)
    is_free = models.BooleanField(default=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                name="template_partition_dedicated", condition=Q(partition_no__gte=SHARED_PARTITIONS)
            ),
        ]

    def __str__(self) -> str:
        return f"recognition_template_{self.partition_no}"
