"""Buckets of S3-compatible services that tenants let the platform read pictures from."""

from __future__ import annotations

from typing import ClassVar, Final

from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Now

from tenants.models import TenantOwned

BUCKET_NAME: Final = r"[0-9A-Za-z.\-_]{3,255}"
BUCKET_REGION: Final = r"[a-z0-9-]{1,64}"
# Of which a log-in consists.
PRINTABLE: Final = r"[!-~]+"

Q = models.Q


class Bucket(TenantOwned):
    """A bucket as `S3Object` names it, where it is, and the log-in to read it, whose secret is sealed.

    `name` is the tenant's own for it, `bucket` that of the service. Only objects below `prefix` can be named.
    """

    name = models.CharField(max_length=255, validators=[RegexValidator(rf"\A{BUCKET_NAME}\Z")])
    endpoint = models.CharField(max_length=300)
    bucket = models.CharField(max_length=255)
    region = models.CharField(max_length=64)
    prefix = models.CharField(max_length=500, blank=True)
    access_key_id = models.CharField(max_length=128)
    secret_access_key = models.BinaryField()
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "name"], name="bucket_name_once_per_tenant"),
            models.CheckConstraint(name="bucket_name_form", condition=Q(name__regex=rf"^{BUCKET_NAME}$")),
            models.CheckConstraint(name="bucket_of_service_form", condition=Q(bucket__regex=rf"^{BUCKET_NAME}$")),
            models.CheckConstraint(name="bucket_endpoint_form", condition=Q(endpoint__regex=r"^https?://[^/?#@]+$")),
        ]

    def __str__(self) -> str:
        return self.name
