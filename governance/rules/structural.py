"""The two rules that hold around all others: facts must be there, and the decision must be on record."""

from __future__ import annotations

from typing import Final

from governance.rules.rule import Default, Effect, EnforcedBy, Rule

INPUT_001: Final = Rule(
    id="INPUT-001",
    title="A needed fact is missing or too broad",
    effect=Effect.DENY,
    sentence="A fact that a rule in scope needs is absent, ill-typed, or not stated although the rule needs a value;"
    " or the jurisdiction is wider than one that a rule or moratorium names, so that it may cover the use.",
    reason="The fact {fact} is missing, malformed or too broad to tell; needed by {rules}.",
    source="Fail-safe defaults (Saltzer and Schroeder 1975): what is not known must not turn a rule off.",
    enforced_by=EnforcedBy.EVALUATOR,
    is_mandatory=True,
    spares_rights=False,
    defaults=(Default(),),
)

AUD_001: Final = Rule(
    id="AUD-001",
    title="The decision is not on record",
    effect=Effect.DENY,
    sentence="The audit entry of the decision, or of its outcome, could not be committed durably.",
    reason="The decision could not be recorded in the audit log, so nothing was done.",
    source="EU AI Act, Article 12 (automatic recording of events).",
    enforced_by=EnforcedBy.LEDGER,
    is_mandatory=True,
    spares_rights=False,
    defaults=(Default(),),
)
