"""Collections, what their contents were made for, and the partitions that their templates lie in."""

from __future__ import annotations

from typing import ClassVar, Final

from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Now

from common.preconditions import entity_tag
from governance.rules.subjects import LONGEST_KEPT_DAYS
from recognition.models.references import tenant_reference
from tenants.models import TenantOwned

COLLECTION_NAME: Final = r"[A-Za-z0-9_.-]{1,255}"
SHARED_PARTITIONS: Final = 16
LARGEST_DIMENSIONS: Final = 4_000  # of a halfvec that pgvector can index; the type itself takes 16,000

Q = models.Q


class Collection(TenantOwned):
    """A gallery: faces enrolled with one engine version, searched together.

    `template_seed` is the sealed seed of the secret rotation of its templates (`gallery.protection`). `threshold` is
    the lowest similarity, in per cent, that its searches may ask for. `kept_days` is after how many days its faces are
    past their time, 0 for at once: a trigger takes the least of `retention_days`, of the schedules for its uses, and of
    the law (RET-001). `tags` are the tenant's own words, by name. `is_moving`: it has a second index, of another
    engine (`models.engine_moves`). `revision` grows with every change of the row, faces that come and go included: it
    is what an ETag stands for.
    """

    name = models.CharField(max_length=255, validators=[RegexValidator(rf"\A{COLLECTION_NAME}\Z")])
    description = models.CharField(max_length=1000, blank=True)
    engine = models.CharField(max_length=40)
    engine_version = models.CharField(max_length=200)
    dimensions = models.PositiveIntegerField()
    retention_days = models.PositiveIntegerField(null=True, blank=True)
    kept_days = models.PositiveIntegerField(default=LONGEST_KEPT_DAYS, editable=False)
    purpose_met_at = models.DateTimeField(null=True, blank=True, editable=False)
    threshold = models.FloatField(null=True, blank=True)
    tags = models.JSONField(default=dict, blank=True)
    store_images = models.BooleanField(default=False)
    partition_no = models.IntegerField()
    is_moving = models.BooleanField(default=False)
    face_count = models.PositiveIntegerField(default=0)
    person_count = models.PositiveIntegerField(default=0)
    revision = models.PositiveBigIntegerField(default=1)
    template_seed = models.BinaryField()
    decision_entry_id = models.UUIDField(editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "id"], name="collection_of_tenant"),
            models.UniqueConstraint(fields=["tenant", "name"], name="collection_name_once_per_tenant"),
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


class CollectionUse(TenantOwned):
    """What some of a collection's contents were made for: reading them is judged by this, too (`services.reading`)."""

    collection = tenant_reference("Collection")
    purpose = models.CharField(max_length=40, null=True, blank=True)  # noqa: DJ001 NULL: not stated
    on_behalf_of = models.CharField(max_length=40, null=True, blank=True)  # noqa: DJ001 NULL: not stated
    jurisdiction = models.CharField(max_length=10, null=True, blank=True)  # noqa: DJ001 NULL: not stated

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "collection", "purpose", "on_behalf_of", "jurisdiction"],
                name="use_once_per_collection",
                nulls_distinct=False,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} for {self.on_behalf_of or 'the organisation itself'} in {self.jurisdiction}"


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
