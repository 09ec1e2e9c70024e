"""Requests that have been answered, how much a tenant has used, and how much it may use."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now

from common.context import ActorKind
from tenants.models import TenantOwned, choices_of

Q = models.Q


class IdempotencyRecord(TenantOwned):
    """One request that carried an `Idempotency-Key`, and its answer once there is one.

    `id` is a new one each time the key is claimed, so that who lost the claim cannot write the answer. Key and request
    are known by keyed digests; the answer's body is sealed (`common.sealing`). No request body is kept.
    """

    actor_id = models.UUIDField()
    key_digest = models.CharField(max_length=64)
    fingerprint = models.CharField(max_length=64)
    locked_until = models.DateTimeField()
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    headers = models.JSONField(default=dict, blank=True)
    body = models.BinaryField(null=True, blank=True)
    decision_id = models.UUIDField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    expires_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "actor_id", "key_digest"], name="idempotency_key_once_per_actor"),
            models.CheckConstraint(
                name="idempotency_answer_is_whole",
                condition=Q(status=None, body=None) | Q(status__isnull=False, body__isnull=False),
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["expires_at"], name="idempotency_by_expiry")]

    def __str__(self) -> str:
        return str(self.id)


class UsageCounter(TenantOwned):
    """How often a key (or member) used an operation of the API on one day (UTC), and how it went.

    `operation` is the operationId of the API's documentation. `requests` counts all of them; `refused` (403),
    `throttled` (429) and `failed` (any other error) are among them. `images` counts the pictures that were sent.
    """

    actor_kind = models.CharField(max_length=20, choices=choices_of(ActorKind))
    actor_id = models.UUIDField()
    operation = models.CharField(max_length=60)
    day = models.DateField()
    requests = models.PositiveBigIntegerField(default=0)
    refused = models.PositiveBigIntegerField(default=0)
    throttled = models.PositiveBigIntegerField(default=0)
    failed = models.PositiveBigIntegerField(default=0)
    images = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "day", "actor_id", "operation"], name="usage_counted_once_per_day"
            ),
            models.CheckConstraint(name="usage_actor_known", condition=Q(actor_kind__in=[a.value for a in ActorKind])),
            models.CheckConstraint(
                name="usage_adds_up",
                condition=Q(requests__gte=models.F("refused") + models.F("throttled") + models.F("failed")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.operation}"


class Allowance(TenantOwned):
    """How much a tenant, or one of its keys, may use where the platform's defaults do not fit. Set by an officer.

    NULL: the default holds. 0: no limit.
    """

    actor_id = models.UUIDField(null=True, blank=True)
    requests_per_minute = models.PositiveIntegerField(null=True, blank=True)
    units_per_day = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "actor_id"], name="allowance_once_per_actor", nulls_distinct=False
            ),
        ]

    def __str__(self) -> str:
        return f"{self.tenant_id}/{self.actor_id or 'all'}"
