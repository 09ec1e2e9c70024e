"""CON and RET-001: the consent of the person whose face it is, or another basis that the law names; and how long."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from common.vocabulary import Attestation, Operation
from governance.rules.casework import IDENTIFYING
from governance.rules.rule import Default, Effect, Finding, Parameter, Parameters, Rule, since
from governance.rules.situation import Situation, known

# Where biometric data take the person's consent or another basis that the law names.
CONSENT_JURISDICTIONS: Final = ("EU", "GB", "CH", "US-IL", "US-TX", "US-WA")

# Three years from the last interaction that the platform knows of, which is the enrolment; no leap day is added.
LONGEST_KEPT_DAYS: Final = 1_095

_GDPR: Final = since("2018-05-25")
_BIPA: Final = since("2008-10-03")


def has_no_lawful_basis(situation: Situation, /, *, parameters: Parameters) -> Finding | None:
    """CON-001. Who says US does not say that it is not Illinois."""
    concerned = {*known(situation.lineage), *situation.parts} & parameters["jurisdictions"]
    facts = situation.facts
    if not concerned or facts["consent_state"] == "live":
        return None
    if Attestation.LAWFUL_BASIS in facts["approval_attestations"]:
        return None
    return {"jurisdictions": ", ".join(sorted(concerned))}


def has_withdrawn_consent(situation: Situation, /, *, parameters: Parameters) -> Finding | None:
    """CON-002."""
    return {} if situation.facts["consent_state"] == "withdrawn" else None


def is_past_its_time(situation: Situation, /, *, parameters: Parameters) -> Finding | None:
    """RET-001. The collection's own days are already the least of what it, its schedules and the law say."""
    days, most = situation.facts["gallery_kept_days"], parameters["most_days"]
    if days == 0:
        return {"problem": "has met its purpose, or is under a legal hold"}
    if days is not None and days > most:
        return {"problem": f"keeps faces for {days:,} days, where {most:,} are allowed"}
    return None


def oldest_template(situation: Situation, /, *, parameters: Parameters) -> Mapping[str, int]:
    """Return the greatest age of what is found."""
    return {"retention_days": parameters["most_days"]}


CON_RULES: Final = (
    Rule(
        id="CON-001",
        title="No lawful basis",
        effect=Effect.DENY,
        sentence="A face is enrolled where the law asks for consent or another named basis, and neither is consent of"
        " the person on record nor has the organisation attested its basis. A wider jurisdiction counts as each part.",
        reason="Enrolment needs a consent on record or an attested lawful basis in: {jurisdictions}.",
        source="GDPR, Articles 6 and 9; Illinois Biometric Information Privacy Act, 740 ILCS 14/15(b).",
        needs=("jurisdiction", "consent_state", "approval_attestations"),
        check=has_no_lawful_basis,
        judges_approval=True,
        parameters=(Parameter("jurisdictions", "list[jurisdiction]", "Where it is needed, with all parts."),),
        defaults=(
            Default(
                selector={"operations": [Operation.ENROL]},
                parameters={"jurisdictions": [*CONSENT_JURISDICTIONS]},
                effective_from=_GDPR,
            ),
        ),
    ),
    Rule(
        id="CON-002",
        title="Consent withdrawn",
        effect=Effect.DENY,
        sentence="The person has withdrawn consent. Their faces are deleted in the same transaction as the withdrawal"
        " is recorded, so no search returns them, and none is enrolled until consent is given anew.",
        reason="The person has withdrawn consent to be enrolled.",
        source="GDPR, Articles 7(3) and 17(1)(b).",
        needs=("consent_state",),
        check=has_withdrawn_consent,
        defaults=(Default(selector={"operations": [Operation.ENROL]}, effective_from=_GDPR),),
    ),
)

RET_RULES: Final = (
    Rule(
        id="RET-001",
        title="Past its time",
        effect=Effect.DENY,
        sentence="A template is not found any more once its time is over: the fewest days since its enrolment that its"
        " collection, a retention schedule for one of the collection's purposes and places, or the law's three years"
        " say; or at once, when the purpose of the collection is met. It is purged within 24 hours, unless a legal hold"
        " keeps it; what is held is not used. A collection that keeps faces longer than this rule says is not used.",
        reason="The collection {problem}.",
        source="Illinois Biometric Information Privacy Act, 740 ILCS 14/15(a): when the purpose is satisfied, or three"
        " years after the last interaction; GDPR, Article 5(1)(e) (storage limitation).",
        needs=("gallery_kept_days",),
        check=is_past_its_time,
        bound=oldest_template,
        parameters=(Parameter("most_days", "count", "The most days that a face may be kept for this use."),),
        defaults=(
            Default(
                selector={"operations": [Operation.ENROL, *IDENTIFYING, Operation.EVALUATE]},
                parameters={"most_days": LONGEST_KEPT_DAYS},
                effective_from=_BIPA,
            ),
        ),
    ),
)
