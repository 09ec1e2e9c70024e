"""Pictures that faces were enrolled from."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now

from recognition.models.references import tenant_reference
from tenants.models import TenantOwned

Q = models.Q


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
        indexes: ClassVar = [models.Index(fields=["collection", "digest"], name="image_by_digest")]

    def __str__(self) -> str:
        return str(self.id)
