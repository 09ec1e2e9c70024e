"""What legal holds keep: asked by whoever deletes. Imposing and lifting them: `accountability.holds`."""

from __future__ import annotations

import uuid
from typing import Any

from django.db.models import QuerySet
from django.db.models.functions import Now

from governance.accountability.models import LegalHold
from governance.errors import UnderLegalHold


def is_held(tenant_id: uuid.UUID, *, collection_id: uuid.UUID | None = None, case_id: uuid.UUID | None = None) -> bool:
    """Whether a hold keeps a collection, or a case, or (none is named) anything of a tenant; inside its scope."""
    live = LegalHold.objects.filter(tenant_id=tenant_id, lifted_at=None)
    if collection_id is not None:
        live = live.filter(collection_id=collection_id)
    if case_id is not None:
        live = live.filter(case_id=case_id)
    return live.exists()


def require_none(
    tenant_id: uuid.UUID, *, collection_id: uuid.UUID | None = None, case_id: uuid.UUID | None = None
) -> None:
    """Go on only when no hold keeps it, as in `is_held`; in the transaction that deletes of it.

    Raises:
        UnderLegalHold.
    """
    if is_held(tenant_id, collection_id=collection_id, case_id=case_id):
        raise UnderLegalHold


def held_cases() -> QuerySet[Any, Any]:
    """Return the ids of the cases that holds keep, for a query over what belongs to cases."""
    return LegalHold.objects.filter(lifted_at=None, case_id__isnull=False).values("case_id")


def settle(tenant_id: uuid.UUID, *, collection_id: uuid.UUID) -> None:
    """Thaw a collection whose hold is lifted: what was to go meanwhile is gone; inside the tenant's scope."""
    lifted = LegalHold.objects.filter(tenant_id=tenant_id, collection_id=collection_id, lifted_at__isnull=False)
    lifted.filter(settled_at=None).update(settled_at=Now())
