"""That a member has learned to compare faces (HUM-004)."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from tenants.models import TenantOwned, User


class TrainingAttestation(TenantOwned):
    """A manager's word that a member has passed a course in comparing faces; it ends, and may be withdrawn."""

    user = models.ForeignKey(User, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False)
    course = models.CharField(max_length=200)
    attested_by_id = models.UUIDField()
    attested_at = models.DateTimeField(db_default=Now(), editable=False)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(name="training_attested_by_another", condition=~Q(user=F("attested_by_id"))),
            models.CheckConstraint(name="training_ends", condition=Q(expires_at__gt=F("attested_at"))),
        ]

    def __str__(self) -> str:
        return f"training of {self.user_id}"
