"""Enrolled faces."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now

from recognition.models.references import tenant_reference
from tenants.models import TenantOwned

Q = models.Q


class Face(TenantOwned):
    """One enrolled face (a reference). Its template lies in the gallery under the same id.

    Box and landmarks are fractions of the upright image; angles are degrees.
    """

    collection = tenant_reference("Collection")
    image = tenant_reference("Image")
    person = tenant_reference("Person", null=True, blank=True)
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
            models.Index(fields=["tenant", "collection", "created_at"], name="face_by_age"),
            models.Index(fields=["image"], name="face_by_image"),
            models.Index(fields=["person"], name="face_by_person", condition=Q(person__isnull=False)),
            models.Index(fields=["job"], name="face_by_job", condition=Q(job__isnull=False)),
        ]

    def __str__(self) -> str:
        return str(self.id)
