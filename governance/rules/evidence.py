"""AUD-002: what is not being recorded provably is not done, where it weighs most."""

from __future__ import annotations

from typing import Final

from governance.rules.rule import Default, Effect, Finding, Parameters, Rule
from governance.rules.situation import Situation

# Those that search for people or make them searchable; detecting, comparing and reading go on.
HIGH_RISK: Final = ["enrol", "search", "watchlist_realtime", "track", "cluster", "export"]


def is_unproven(situation: Situation, /, *, parameters: Parameters) -> Finding | None:
    """AUD-002."""
    stale = situation.facts["audit_stale"]
    return {"parts": " and ".join(stale)} if stale else None


EVIDENCE_RULES: Final = (
    Rule(
        id="AUD-002",
        title="The log is not being proven",
        effect=Effect.DENY,
        sentence="The sequencer of the audit log, or its witness, has not kept up for longer than the operator allows"
        " (`CUSTOS_SEQUENCER_LAG_SECONDS`, `CUSTOS_WITNESS_LAG_SECONDS`): high-risk operations stop, reading goes on."
        " Where no witness is registered none is waited for, unless `CUSTOS_WITNESS_REQUIRED` asks for one.",
        reason="The audit log is not being proven right now: its {parts} has not kept up.",
        source="EU AI Act (in force 1 August 2024), Article 12 (automatic recording of events); C2SP tlog-witness.",
        needs=("audit_stale",),
        check=is_unproven,
        defaults=(Default(selector={"operations": HIGH_RISK}),),
    ),
)
