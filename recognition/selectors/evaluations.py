"""Evaluations of a tenant."""

from __future__ import annotations

import uuid

from django.db.models import QuerySet

from recognition.models import EvaluationRun


def list_for(tenant_id: uuid.UUID) -> QuerySet[EvaluationRun]:
    """Return the tenant's evaluations with job and collections; run it inside the tenant's scope."""
    return EvaluationRun.objects.filter(tenant_id=tenant_id).select_related(
        "job", "job__collection", "probe_collection"
    )
