"""CON: the consent of the person whose face it is, or another basis that the law names."""

from __future__ import annotations

from typing import Final

from common.vocabulary import Attestation, Operation
from governance.rules.rule import Default, Effect, Finding, Parameter, Parameters, Rule, since
from governance.rules.situation import Situation, known

# Where biometric data take the person's consent or another basis that the law names.
CONSENT_JURISDICTIONS: Final = ("EU", "GB", "CH", "US-IL", "US-TX", "US-WA")

_GDPR: Final = since("2018-05-25")


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
