"""Pictures that faces were enrolled from, and the files of those that are kept."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now

from recognition.models.references import tenant_reference
from tenants.models import TenantOwned

Q = models.Q


class StoredFile(TenantOwned):
    """The bytes of a kept picture, once a tenant, however many images were made of them (`recognition.storage`).

    The row is there before the file and goes after it, so no file is without one. `unused_since` says that it may be
    that no image refers to it: since it was announced, or since an image went.
    """

    digest = models.CharField(max_length=64)
    size_bytes = models.PositiveIntegerField()
    unused_since = models.DateTimeField(null=True, blank=True, db_default=Now())

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "id"], name="stored_file_of_tenant"),
            models.UniqueConstraint(fields=["tenant", "digest"], name="stored_file_once_per_tenant"),
            models.CheckConstraint(name="stored_file_digest_sha256", condition=Q(digest__regex=r"^[0-9a-f]{64}$")),
        ]
        indexes: ClassVar = [
            models.Index(fields=["unused_since"], name="stored_file_unused", condition=Q(unused_since__isnull=False)),
        ]

    def __str__(self) -> str:
        return str(self.id)


class Image(TenantOwned):
    """A picture that faces were enrolled from; `file` holds its bytes where the collection keeps pictures."""

    collection = tenant_reference("Collection")
    file = tenant_reference("StoredFile", null=True, blank=True)
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
        indexes: ClassVar = [
            models.Index(fields=["file"], name="image_by_file", condition=Q(file__isnull=False)),
            models.Index(fields=["collection", "digest"], name="image_by_digest"),
        ]

    def __str__(self) -> str:
        return str(self.id)
