"""A collection that moves to another engine: the second index, what could not be moved, and how searches agree."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now

from recognition.models.references import tenant_reference
from tenants.models import TenantOwned

Q = models.Q


class EngineMove(TenantOwned):
    """A second index of a collection's templates, made with another engine, from its beginning to its end.

    Engine, version, dimensions and partition are those of the index that is *not* searched: the new one until the
    switch, the old one after it. `filled_up_to` is the last face that was looked at while it is filled. `agreement`
    is what the searches said (`services.shadowing`), kept when the move has ended.
    """

    collection = tenant_reference("Collection")
    engine = models.CharField(max_length=40)
    engine_version = models.CharField(max_length=200)
    dimensions = models.PositiveIntegerField()
    partition_no = models.IntegerField()
    is_switched = models.BooleanField(default=False)
    filled_up_to = models.UUIDField(null=True, blank=True)
    job = tenant_reference("Job", null=True, blank=True)
    started_by = models.UUIDField(editable=False)
    decision_entry_id = models.UUIDField(editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    ended_at = models.DateTimeField(null=True, blank=True)
    agreement = models.JSONField(default=dict, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "id"], name="engine_move_of_tenant"),
            models.UniqueConstraint(
                fields=["tenant", "collection"], condition=Q(ended_at=None), name="engine_move_once_per_collection"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.collection_id} and {self.engine_version}"


class UnmovedFace(TenantOwned):
    """A face that the second index could not be given, and why."""

    class Reason(models.TextChoices):
        PICTURE_NOT_KEPT = "picture_not_kept"
        PICTURE_UNREADABLE = "picture_unreadable"
        FACE_NOT_FOUND_AGAIN = "face_not_found_again"

    move = tenant_reference("EngineMove")
    face = tenant_reference("Face")
    reason = models.CharField(max_length=30, choices=Reason.choices)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["move", "face"], name="unmoved_face_once"),
            models.CheckConstraint(
                name="unmoved_face_reason_known",
                condition=Q(reason__in=["picture_not_kept", "picture_unreadable", "face_not_found_again"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.face_id}: {self.reason}"


class ShadowScore(TenantOwned):
    """How one search would have ended in the other index: whether alike, and both best similarities. Nobody is named.

    `similarity` is that of the index that answered, `shadow_similarity` that of the other; NULL: no candidate.
    """

    class Agreement(models.TextChoices):
        SAME = "same"
        DIFFERENT = "different"
        ONLY_ANSWERED = "only_answered"
        ONLY_SHADOW = "only_shadow"
        NEITHER = "neither"

    move = tenant_reference("EngineMove")
    is_switched = models.BooleanField()
    agreement = models.CharField(max_length=20, choices=Agreement.choices)
    similarity = models.FloatField(null=True, blank=True)
    shadow_similarity = models.FloatField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                name="shadow_score_agrees_with_its_numbers",
                condition=Q(
                    agreement__in=["same", "different"], similarity__isnull=False, shadow_similarity__isnull=False
                )
                | Q(agreement="only_answered", similarity__isnull=False, shadow_similarity=None)
                | Q(agreement="only_shadow", similarity=None, shadow_similarity__isnull=False)
                | Q(agreement="neither", similarity=None, shadow_similarity=None),
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["move"], name="shadow_score_by_move")]

    def __str__(self) -> str:
        return self.agreement
