"""Foreign keys between tenant tables."""

from __future__ import annotations

from typing import Any, Final

from django.db import models

_TENANT_REFERENCE: Final[dict[str, Any]] = {
    "on_delete": models.DO_NOTHING,
    "db_constraint": False,
    "db_index": False,
    "related_name": "+",
}


def tenant_reference(to: str, **options: Any) -> models.ForeignKey[Any, Any]:
    """Return a foreign key to a row of the same tenant; the constraint is composite and made by RunSQL."""
    return models.ForeignKey(to, **{**_TENANT_REFERENCE, **options})
