"""Evaluations of an engine on a tenant's own labelled faces."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from recognition.models.references import tenant_reference
from tenants.models import TenantOwned

Q = models.Q


class EvaluationRun(TenantOwned):
    """What an evaluation is about, and what it has found so far; its state is that of its job.

    `groups` (external id → group) says something about people, so it is emptied when the job ends. `report` holds
    aggregates only (`recognition.evaluation.report`).
    """

    job = tenant_reference("Job")
    probe_collection = tenant_reference("Collection", null=True, blank=True)
    engine_version = models.CharField(max_length=100)
    groups = models.JSONField(default=dict, blank=True)
    report = models.JSONField(default=dict, blank=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["tenant", "job"], name="evaluation_once_per_job")]

    def __str__(self) -> str:
        return str(self.id)
