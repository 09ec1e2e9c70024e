"""PRH and AGE-001: what nobody may use faces for, whoever approved it.

What a machine cannot see of a picture (that it is a sketch, that it shows a child, where it came from) is told by
people: an organisation attests it once for all its uses, and a request may say that it is otherwise this time.
"""

from __future__ import annotations

from typing import Final

from common.vocabulary import Attestation, Circumstance, CustomerCategory, Operation, Purpose
from governance.rules.casework import is_authorised
from governance.rules.rule import Default, Effect, Finding, Parameter, Parameters, Rule, since
from governance.rules.situation import Situation, known
from governance.rules.thresholds import OWN_PICTURES, RESCUE_PURPOSES

_O = Operation

SENSITIVE_ATTRIBUTES: Final = (
    "ethnicity",
    "health",
    "political_opinion",
    "race",
    "religion",
    "sexual_orientation",
    "trade_union",
)
EMOTION_ATTRIBUTES: Final = ("emotion", "emotions")

_COMPARING: Final = (_O.COMPARE, _O.SEARCH, _O.WATCHLIST_REALTIME)

# The prohibitions of the EU AI Act apply since this day; the other is that of the report on sketches as probes.
_PROHIBITIONS: Final = since("2025-02-02")
_SKETCHES: Final = since("2019-05-16")
_GDPR: Final = since("2018-05-25")


def is_stated_or_unattested(situation: Situation, /, *, parameters: Parameters) -> Finding | None:
    """PRH-002, PRH-004, PRH-005, AGE-001."""
    facts = situation.facts
    stated = [item for item in facts["circumstances"] if item in parameters["circumstances"]]
    if stated:
        return {"problem": f"the request states {', '.join(stated)}"}
    if not parameters["attestations"].isdisjoint(facts["approval_attestations"]):
        return None
    exempt = parameters["exempt_categories"]
    if known(situation.tenant_category) in exempt and known(situation.end_user) in exempt:
        return None
    return {"problem": f"the organisation has not attested {', '.join(sorted(parameters['attestations']))}"}


def asks_for_attributes(situation: Situation, /, *, parameters: Parameters) -> Finding | None:
    """PRH-003."""
    asked = sorted({name.lower() for name in situation.facts["attributes"]} & parameters["attributes"])
    return {"attributes": ", ".join(asked)} if asked else None


_STATEMENT_FACTS: Final = ("circumstances", "approval_attestations", "tenant_category", "on_behalf_of")
_STATEMENT_PARAMETERS: Final = (
    Parameter("circumstances", "list[circumstance]", "What a request must not state."),
    Parameter("attestations", "list[attestation]", "One of these the organisation must have attested."),
    Parameter("exempt_categories", "list[category]", "Nothing needs attesting where tenant and end user are these."),
)


def _statements(*circumstances: Circumstance, attestation: Attestation) -> dict[str, list[str]]:
    return {
        "circumstances": [*circumstances],
        "attestations": [attestation],
        "exempt_categories": [*OWN_PICTURES],
    }


PRH_RULES: Final = (
    Rule(
        id="PRH-001",
        title="Watching in real time without authorisation",
        effect=Effect.DENY,
        sentence="Identification in real time in public, by or for law enforcement in the European Union, without the"
        " authorisation of a court in the stated case.",
        reason="Real-time identification in public needs the authorisation of a court, and {problem}.",
        source="EU AI Act, Article 5(1)(h) and 5(3).",
        needs=("now", "operation", "result_of", "authorisations"),
        check=is_authorised,
        defaults=(
            Default(
                selector={
                    "operations": [_O.WATCHLIST_REALTIME],
                    "categories": [
                        CustomerCategory.LAW_ENFORCEMENT,
                        CustomerCategory.IMMIGRATION,
                        CustomerCategory.INTELLIGENCE,
                        CustomerCategory.CORRECTIONS,
                    ],
                    "jurisdictions": ["EU"],
                },
                effective_from=_PROHIBITIONS,
            ),
        ),
    ),
    Rule(
        id="PRH-002",
        title="References of unknown or scraped origin",
        effect=Effect.DENY,
        sentence="Faces are enrolled from untargeted scraping, or by an organisation that has not attested where its"
        " references come from.",
        reason="References must come from a known and lawful source: {problem}.",
        source="EU AI Act, Article 5(1)(e) (untargeted scraping of facial images).",
        needs=_STATEMENT_FACTS,
        check=is_stated_or_unattested,
        judges_approval=True,
        parameters=_STATEMENT_PARAMETERS,
        defaults=(
            Default(
                selector={"operations": [_O.ENROL]},
                parameters=_statements(Circumstance.SCRAPED_SOURCE, attestation=Attestation.PROVENANCE_KNOWN),
                effective_from=_PROHIBITIONS,
            ),
        ),
    ),
    Rule(
        id="PRH-003",
        title="Sensitive traits, or emotions at work and in education",
        effect=Effect.DENY,
        sentence="The request asks a face for its race, religion, opinions or orientation; or for emotions, by or for"
        " employers and in education.",
        reason="These must not be inferred from a face here: {attributes}.",
        source="EU AI Act, Article 5(1)(f) and (g).",
        needs=("attributes",),
        check=asks_for_attributes,
        parameters=(Parameter("attributes", "list[text]", "Names of attributes, in small letters."),),
        defaults=(
            Default(
                selector={"operations": [_O.DETECT, _O.ANALYSE_ATTRIBUTES, _O.ENROL]},
                parameters={"attributes": [*SENSITIVE_ATTRIBUTES]},
                effective_from=_PROHIBITIONS,
            ),
            Default(
                selector={
                    "operations": [_O.DETECT, _O.ANALYSE_ATTRIBUTES, _O.ENROL],
                    "categories": [CustomerCategory.EMPLOYER, CustomerCategory.EDUCATION],
                },
                parameters={"attributes": [*EMOTION_ATTRIBUTES]},
                effective_from=_PROHIBITIONS,
            ),
        ),
    ),
    Rule(
        id="PRH-004",
        title="Targeting by trait or protest",
        effect=Effect.DENY,
        sentence="People are looked for because of a protected trait or because they protest; or the organisation has"
        " not attested that it never does so.",
        reason="Nobody may be looked for because of a protected trait or a protest: {problem}.",
        source="Charter of Fundamental Rights of the European Union, Articles 12 and 21.",
        needs=_STATEMENT_FACTS,
        check=is_stated_or_unattested,
        judges_approval=True,
        parameters=_STATEMENT_PARAMETERS,
        defaults=(
            Default(
                selector={"operations": [_O.ENROL, *_COMPARING, _O.TRACK, _O.CLUSTER]},
                parameters=_statements(
                    Circumstance.TRAIT_TARGETING,
                    Circumstance.PROTEST_TARGETING,
                    attestation=Attestation.NO_TRAIT_TARGETING,
                ),
                effective_from=_GDPR,
            ),
        ),
    ),
    Rule(
        id="PRH-005",
        title="Probe is a sketch or altered",
        effect=Effect.DENY,
        sentence="The probe is a sketch, a composite, a look-alike or substantively altered; or the organisation has"
        " not attested that its probes are photographs as they were taken.",
        reason="A probe must be a photograph as it was taken: {problem}.",
        source='Garvie, "Garbage In, Garbage Out" (Georgetown Law, 2019).',
        needs=_STATEMENT_FACTS,
        check=is_stated_or_unattested,
        judges_approval=True,
        parameters=_STATEMENT_PARAMETERS,
        defaults=(
            Default(
                selector={"operations": [*_COMPARING]},
                parameters=_statements(Circumstance.ALTERED_PROBE, attestation=Attestation.UNALTERED_PROBES),
                effective_from=_SKETCHES,
            ),
        ),
    ),
)

AGE_RULES: Final = (
    Rule(
        id="AGE-001",
        title="Minor enrolled",
        effect=Effect.DENY,
        sentence="A minor is enrolled for another purpose than to find missing children or rescue victims; or the"
        " organisation has not attested that it enrols adults only.",
        reason="Minors are enrolled only to find or rescue them: {problem}.",
        source="GDPR, recital 38 and Article 8 (specific protection of children).",
        needs=_STATEMENT_FACTS,
        check=is_stated_or_unattested,
        judges_approval=True,
        parameters=_STATEMENT_PARAMETERS,
        defaults=(
            Default(
                selector={
                    "operations": [_O.ENROL],
                    "purposes": [purpose for purpose in Purpose if purpose not in RESCUE_PURPOSES],
                },
                parameters=_statements(Circumstance.MINOR_SUBJECT, attestation=Attestation.ADULTS_ONLY),
                effective_from=_GDPR,
            ),
        ),
    ),
)
