"""What would have been under other rules: a replay that staff asked for, its progress and its result."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from common.ids import new_id
from tenants.models import User


class PolicyReplay(models.Model):
    """The decisions of the last days, of all organisations, judged under candidate rules.

    `result` has counts by rule, organisation and purpose (`replays.Found`), and no facts of anybody.
    """

    class Status(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        SUCCEEDED = "succeeded"
        FAILED = "failed"
        CANCELLED = "cancelled"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    title = models.CharField(max_length=200)
    rules = models.JSONField()
    digest = models.CharField(max_length=64)
    days = models.PositiveSmallIntegerField()
    requested_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField(db_default=Now(), editable=False)
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.QUEUED)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    result = models.JSONField(null=True, blank=True)
    problem = models.CharField(max_length=200, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "replay of decisions"
        verbose_name_plural = "replays of decisions"
        constraints: ClassVar = [
            models.CheckConstraint(
                name="replay_status_known",
                condition=Q(status__in=["queued", "running", "succeeded", "failed", "cancelled"]),
            ),
            models.CheckConstraint(
                name="replay_has_a_result_when_it_succeeded",
                condition=~Q(status="succeeded") | Q(result__isnull=False, finished_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.title
