"""CON and RET: what the law gives the person whose face it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from common.vocabulary import Attestation, Operation
from governance.rules.rule import Default, Effect, EnforcedBy, Finding, Parameter, Parameters, Rule, since
from governance.rules.situation import Situation, known
from governance.rules.thresholds import IDENTIFICATION

# Where biometric data take the person's consent or another basis that the law names.
CONSENT_JURISDICTIONS: Final = ("EU", "GB", "CH", "US-IL", "US-TX", "US-WA")
LONGEST_RETENTION_DAYS: Final = 3 * 365

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


def longest_retention(situation: Situation, /, *, parameters: Parameters) -> Mapping[str, int]:
    """Return how old a template may be, in days, to be searched."""
    days = int(parameters["most_days"])
    chosen = None if "retention_days" in situation.unusable else situation.facts["retention_days"]
    return {"retention_days": days if chosen is None else min(days, chosen)}


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
        title="Kept too long",
        effect=Effect.DENY,
        sentence="A template older than the collection's retention and than the policy's is not searched, and purged.",
        reason="Templates older than {days} days are not searched.",
        source="740 ILCS 14/15(a) (three years after the last interaction); GDPR, Article 5(1)(e).",
        enforced_by=EnforcedBy.OPERATION,
        bound=longest_retention,
        parameters=(Parameter("most_days", "count", "Days after which no template is searched."),),
        defaults=(
            Default(
                selector={"operations": [*IDENTIFICATION]},
                parameters={"most_days": LONGEST_RETENTION_DAYS},
                effective_from=_BIPA,
            ),
        ),
    ),
    Rule(
        id="RET-002",
        title="Probes are not kept",
        effect=Effect.OBLIGE,
        sentence="A probe is held in memory, or staged for a job, until it has been searched for, and is kept neither"
        " as a picture nor as a template.",
        reason="The probe is not kept.",
        source="R (Bridges) v South Wales Police: data of who does not match is deleted at once.",
        enforced_by=EnforcedBy.OPERATION,
        defaults=(Default(selector={"operations": [*IDENTIFICATION]}, effective_from=_GDPR),),
    ),
)
