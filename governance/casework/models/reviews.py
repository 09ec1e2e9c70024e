"""A masked result: what was found, until two trained people have said what they see.

Nothing here names anybody. Which reference a candidate is lies sealed in `sealed_payload`, bound to its row; a keyed
digest of it lets the deletion of a reference find its candidates. Pictures are sealed, and gone with the task's end.
"""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from common.context import ActorKind
from tenants.models import TenantOwned, User, choices_of, tenant_reference


class ReviewTask(TenantOwned):
    """One search or comparison under review. Usage is that of the request: a result is read for what it was made for.

    `collection_id` and `job_id` are ids that governance does not look into; `urgent` is the urgent authorisation
    that the use rested on, when it rested on no other.
    """

    class Status(models.TextChoices):
        PENDING = "pending"
        RELEASED = "released"
        REJECTED = "rejected"
        INCONCLUSIVE = "inconclusive"
        EXPIRED = "expired"

    operation = models.CharField(max_length=20)
    collection_id = models.UUIDField(null=True, blank=True)
    job_id = models.UUIDField(null=True, blank=True)
    case = tenant_reference("Case", null=True, blank=True, related_name="reviews")
    urgent = tenant_reference("Authorisation", null=True, blank=True)
    requester_kind = models.CharField(max_length=20, choices=choices_of(ActorKind))
    requester_id = models.UUIDField()
    purpose = models.CharField(max_length=40)
    on_behalf_of = models.CharField(max_length=40, null=True, blank=True)  # noqa: DJ001 NULL: not stated
    jurisdiction = models.CharField(max_length=10, null=True, blank=True)  # noqa: DJ001 NULL: not stated
    engine_version = models.CharField(max_length=200)
    gallery_size = models.PositiveIntegerField(null=True, blank=True)
    expected_false_candidates = models.FloatField(null=True, blank=True)
    threshold = models.FloatField()
    threshold_words = models.CharField(max_length=200)
    obligations = models.JSONField(default=list)
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.PENDING)
    decision_entry_id = models.UUIDField(editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    expires_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "id"], name="review_task_of_tenant"),
            models.UniqueConstraint(fields=["tenant", "id", "requester_id"], name="review_task_of_requester"),
            models.CheckConstraint(
                name="review_task_status_known",
                condition=Q(status__in=["pending", "released", "rejected", "inconclusive", "expired"]),
            ),
            models.CheckConstraint(
                name="review_task_closed_when_judged",
                condition=Q(status="pending", closed_at=None) | ~Q(status="pending") & Q(closed_at__isnull=False),
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["expires_at"], name="review_task_pending", condition=Q(status="pending")),
            models.Index(fields=["closed_at"], name="review_task_closed", condition=Q(closed_at__isnull=False)),
            models.Index(fields=["tenant", "case"], name="review_task_by_case"),
            models.Index(fields=["tenant", "collection_id"], name="review_task_by_collection"),
            models.Index(fields=["job_id"], name="review_task_by_job", condition=Q(job_id__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"review of {self.operation} {self.id}"

    @property
    def is_pending(self) -> bool:
        return self.status == self.Status.PENDING

    @property
    def is_judged(self) -> bool:
        """Whether two reviewers have looked; until then nobody else is told whether there is a candidate."""
        return self.status not in (self.Status.PENDING, self.Status.EXPIRED)


class ReviewProbe(TenantOwned):
    """A face that was asked about. `box` is null when it is an enrolled one; its picture is sealed while pending."""

    task = tenant_reference("ReviewTask", related_name="probes")
    number = models.PositiveIntegerField()
    box = models.JSONField(null=True, blank=True)
    confidence = models.FloatField(null=True, blank=True)
    quality = models.JSONField(null=True, blank=True)
    sealed_crop = models.BinaryField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "task", "number"], name="probe_number_once_per_task"),
            models.UniqueConstraint(fields=["tenant", "task", "id"], name="probe_of_task"),
        ]

    def __str__(self) -> str:
        return f"{self.task_id}/{self.number}"


class ReviewCandidate(TenantOwned):
    """Somebody who may be the probe. The id means nothing outside its task, and is random: it tells no time.

    The payload is empty when the reference was deleted before a release: nobody knows any more who it was.
    """

    class State(models.TextChoices):
        PENDING = "pending"
        RELEASED = "released"
        WITHHELD = "withheld"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    task = tenant_reference("ReviewTask", related_name="candidates")
    probe = tenant_reference("ReviewProbe", related_name="candidates")
    rank = models.PositiveIntegerField()
    band = models.CharField(max_length=200)
    quality = models.JSONField(null=True, blank=True)
    reference_digest = models.CharField(max_length=64, blank=True)
    sealed_payload = models.BinaryField()
    sealed_crop = models.BinaryField(null=True, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PENDING)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "probe", "rank"], name="candidate_rank_once_per_probe"),
            models.CheckConstraint(
                name="candidate_state_known", condition=Q(state__in=["pending", "released", "withheld"])
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "reference_digest"], name="candidate_by_reference"),
            models.Index(fields=["tenant", "task"], name="candidate_by_task"),
        ]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def is_gone(self) -> bool:
        return not self.sealed_payload


class ReviewVerdict(TenantOwned):
    """What one reviewer saw: a judgement of each candidate, and why.

    The database keeps the reviewers apart: two slots, each person once, never the requester (whose id is repeated here
    and found in the task together with the task's own).
    """

    class Judgement(models.TextChoices):
        RELEASE = "release"
        REJECT = "reject"
        INCONCLUSIVE = "inconclusive"

    task = tenant_reference("ReviewTask", related_name="verdicts")
    slot = models.PositiveSmallIntegerField()
    reviewer = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    requester_id = models.UUIDField()
    judgements = models.JSONField()
    reasons = models.TextField()
    decision_entry_id = models.UUIDField(editable=False)
    given_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(name="verdict_slot", condition=Q(slot__in=[1, 2])),
            models.UniqueConstraint(fields=["tenant", "task", "slot"], name="two_verdicts_per_task"),
            models.UniqueConstraint(fields=["tenant", "task", "reviewer"], name="two_people_per_task"),
            models.CheckConstraint(name="verdict_not_by_requester", condition=~Q(reviewer=F("requester_id"))),
            models.CheckConstraint(name="verdict_says_why", condition=Q(reasons__regex=r"\S.*\S")),
        ]

    def __str__(self) -> str:
        return f"verdict {self.slot} on {self.task_id}"
