"""BRK: an emergency that the approval did not foresee.

A grant of the case lets an organisation that is vetted go outside its registered use, for one end user and
jurisdiction, for hours. It does so inside the one rule that asks (`broken_glass`); every other rule judges as ever.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from governance.rules.rule import Default, Effect, Finding, Parameters, Rule, since
from governance.rules.situation import Situation, Unknown

# What `broken_glass` looks at.
GLASS_FACTS: Final = (
    "now",
    "operation",
    "result_of",
    "purpose",
    "jurisdiction",
    "tenant_category",
    "on_behalf_of",
    "break_glass",
)
OBLIGATION: Final = "BRK-002"

# As ALW-001: no rule allows before every rule that denies has begun.
_SINCE: Final = since("2025-02-02")
_SOURCE: Final = (
    "HIPAA Security Rule, 45 CFR 164.312(a)(2)(ii) (emergency access procedure); EU AI Act, Article 5(3) (urgency:"
    " justified at once, stopped and discarded when refused)."
)


def broken_glass(situation: Situation) -> Mapping[str, Any] | None:
    """Return a live grant that covers the use; None as well where a fact that would tell is not known."""
    now, lineage = situation.now, situation.lineage
    if isinstance(now, Unknown) or isinstance(lineage, Unknown):
        return None
    for grant in situation.facts["break_glass"]:
        is_live = grant["from"] <= now < grant["until"] and (grant["confirmed"] or now < grant["confirm_by"])
        is_meant = (situation.purpose, situation.end_user) == (grant["purpose"], grant["end_user"])
        if is_live and is_meant and situation.acts in grant["operations"] and grant["jurisdiction"] in lineage:
            return grant  # type: ignore[no-any-return]  # a record of `facts.FACT_TYPES`
    return None


def is_emergency(situation: Situation, /, *, parameters: Parameters) -> Finding | None:
    """BRK-001 and BRK-002."""
    return None if broken_glass(situation) is None else {}


BRK_RULES: Final = (
    Rule(
        id="BRK-001",
        title="Break-glass",
        effect=Effect.ALLOW,
        sentence="A case worker of a vetted organisation has broken the glass in the case, with a reason, for these"
        " operations, this end user and jurisdiction. While that is live, the registered use (VET-004) does not stand"
        " in the way. A prohibition, a suspension, a moratorium and every other rule still refuse.",
        reason="",
        source=_SOURCE,
        needs=("approval_state", *GLASS_FACTS),
        check=is_emergency,
        judges_approval=True,
        defaults=(Default(effective_from=_SINCE),),
    ),
    Rule(
        id=OBLIGATION,
        title="Break-glass is confirmed and reviewed",
        effect=Effect.OBLIGE,
        sentence="A second person of the organisation confirms within 15 minutes, or the grant ends by itself; a member"
        " of the oversight reviews it within 24 hours, or the organisation is suspended from that instant on (SUS-001)"
        " until two of them lift it. No key opens or confirms.",
        reason="Break-glass obliges to a confirmation within 15 minutes and a review within 24 hours.",
        source=_SOURCE,
        needs=("approval_state", *GLASS_FACTS),
        check=is_emergency,
        judges_approval=True,
        defaults=(Default(effective_from=_SINCE),),
    ),
)
