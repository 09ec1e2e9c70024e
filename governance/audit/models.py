"""The append-only log. PostgreSQL refuses update, delete and truncate (migration 0002), not only this class."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from django.db import models


class EntryKind(models.TextChoices):
    DECISION = "decision"
    OUTCOME = "outcome"
    EVENT = "event"


class AuditEntry(models.Model):
    """One entry: `body` is canonical JSON, `leaf_hash` its RFC 6962 leaf hash; the columns repeat parts of the body.

    It knows tenants, users and resources by id only, so that nothing which is erased elsewhere breaks the log.
    """

    id = models.UUIDField(primary_key=True)
    ins_id = models.BigIntegerField(unique=True)
    tenant_id = models.UUIDField(null=True)
    ts = models.DateTimeField()
    kind = models.CharField(max_length=10, choices=EntryKind.choices)
    v = models.SmallIntegerField()
    body = models.BinaryField()
    leaf_hash = models.BinaryField(max_length=32)
    decision_id = models.UUIDField(null=True)
    request_id = models.CharField(max_length=64)

    class Meta:
        db_table = "audit_entry"
        managed = False
        verbose_name = "audit entry"
        verbose_name_plural = "audit entries"
        ordering: ClassVar = ["-ins_id"]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"

    @property
    def content(self) -> dict[str, Any]:
        """The body as values."""
        value: dict[str, Any] = json.loads(bytes(self.body))
        return value


class Decision(AuditEntry):
    """The decisions among the entries, for the administration's own page of them."""

    class Meta:
        proxy = True
        verbose_name = "decision"
        verbose_name_plural = "decisions"
        ordering: ClassVar = ["-ins_id"]
