"""Is the log being proven? AUD-002 asks it in every decision; health and the administration show the answer.

`audit_stale_parts` (migration 0007) says which parts are behind: the sequencer, when an entry has waited for it for too
long; the witness, when a checkpoint has. Where no witness is registered none is waited for, unless the operator says
that there must be one (`CUSTOS_WITNESS_REQUIRED`).
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import connections


def limits() -> dict[str, Any]:
    """Return the named parameters of `audit_stale_parts`, in a statement that gives it the moment itself."""
    return {
        "sequencer_lag": settings.CUSTOS_SEQUENCER_LAG_SECONDS,
        "witness_lag": settings.CUSTOS_WITNESS_LAG_SECONDS,
        "witness_required": settings.CUSTOS_WITNESS_REQUIRED,
    }


def stale_parts(*, using: str = "default") -> list[str]:
    """Return which of sequencer and witness are behind now; while any is, the gate refuses high-risk operations."""
    with connections[using].cursor() as cursor:
        cursor.execute(
            "SELECT audit_stale_parts(clock_timestamp(), %(sequencer_lag)s, %(witness_lag)s, %(witness_required)s)",
            limits(),
        )
        (parts,) = cursor.fetchone()
    return list(parts)
