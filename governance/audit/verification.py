"""Checks over the log that need the log alone: pairing, order in time, hashes. (The Merkle proofs build on these.)"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connections

# A decision may still be running, so only those older than the grace period count as unpaired.
_CHECK = r"""
WITH entry AS (SELECT * FROM audit_entry)
SELECT
    count(*) FILTER (WHERE kind = 'decision'),
    count(*) FILTER (WHERE kind = 'outcome'),
    count(*) FILTER (WHERE kind = 'event'),
    count(*) FILTER (WHERE kind = 'decision' AND ts < clock_timestamp() - make_interval(secs => %(grace)s)
        AND NOT EXISTS (SELECT FROM entry o WHERE o.decision_id = entry.id AND o.kind = 'outcome')),
    count(*) FILTER (WHERE kind = 'outcome' AND NOT EXISTS (
        SELECT FROM entry d WHERE d.id = entry.decision_id AND d.kind = 'decision'
          AND d.tenant_id IS NOT DISTINCT FROM entry.tenant_id AND d.ts <= entry.ts)),
    count(*) FILTER (WHERE leaf_hash <> sha256('\x00'::bytea || body))
FROM entry
"""


@dataclass(frozen=True, slots=True)
class LogCheck:
    """Counts over the whole log.

    Attributes:
        without_outcome: decisions that have been running for longer than the grace period.
        astray: outcomes without an earlier decision of the same tenant.
        damaged: entries whose leaf hash does not fit their body.
    """

    decisions: int
    outcomes: int
    events: int
    without_outcome: int
    astray: int
    damaged: int

    @property
    def is_sound(self) -> bool:
        return not (self.without_outcome or self.astray or self.damaged)


def check_pairing(*, grace_seconds: float = 5.0) -> LogCheck:
    """Read the whole log across tenants, as an officer or auditor may, and count what does not fit."""
    with connections["officer"].cursor() as cursor:
        cursor.execute(_CHECK, {"grace": grace_seconds})
        return LogCheck(*cursor.fetchone())
