"""CASE, SEV and WAR: a search for an investigation belongs to a case, grave enough, and where it must be authorised.

A case is stated by its reference (`Custos-Case`). Each rule says itself what is wrong with the case; that there is none
is CASE-001, and no offence class is stated then, which SEV-001 refuses, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from common.vocabulary import AuthorisationKind, CustomerCategory, OffenceClass, Operation, Purpose
from governance.rules.rule import Default, Effect, Finding, Parameter, Parameters, Rule, since
from governance.rules.situation import Situation, known
from governance.rules.thresholds import IDENTIFICATION, INVESTIGATIVE_PURPOSES

_C = CustomerCategory

# For investigative purposes these count as identification (GOVERNANCE 4: a compare loop is a search).
_AS_GOOD_AS: Final = (
    Operation.COMPARE,
    Operation.TRACK,
    Operation.CLUSTER,
    Operation.EXPORT,
    Operation.EVALUATE,
)
IDENTIFYING: Final = (*IDENTIFICATION, *_AS_GOOD_AS)

_INVESTIGATORS: Final[list[str]] = [
    _C.LAW_ENFORCEMENT,
    _C.INTELLIGENCE,
    _C.IMMIGRATION,
    _C.VICTIM_RESCUE_NGO,
    _C.MISSING_PERSONS_CLEARINGHOUSE,
]
_POLICE: Final[list[str]] = [_C.LAW_ENFORCEMENT]
_GRAVE: Final = {
    "least": OffenceClass.SERIOUS,
    "purposes_without_offence": [Purpose.MISSING_PERSON_SEARCH],
}
_GRAVITY: Final = {str(offence): rank for rank, offence in enumerate(OffenceClass)}

# The day of Amazon's statement, and the day on which Washington's chapter on facial recognition took effect.
_SINCE: Final = since("2020-06-10")
_WASHINGTON: Final = since("2021-07-01")

Record = Mapping[str, Any]


def names_a_case(situation: Situation, /, *, parameters: Parameters) -> Finding | None:
    """CASE-001."""
    facts = situation.facts
    state = facts["case_state"]
    if state != "open":
        words = {"none": "names no case", "unknown": "names a case that was never opened"}
        return {"problem": words.get(state, "names a case that is closed")}
    if facts["case_purpose"] != known(situation.purpose):
        return {"problem": f"names a case that is for {facts['case_purpose']}"}
    if not facts["case_admits"]:
        return {"problem": "comes from somebody who is no officer of the case"}
    return None


def offence_is_grave_enough(situation: Situation, /, *, parameters: Parameters) -> Finding | None:
    """SEV-001."""
    offence = situation.facts["case_offence"]
    least = parameters["least"]
    if offence is not None and _GRAVITY[offence] >= _GRAVITY[least]:
        return None
    if offence == OffenceClass.NONE and known(situation.purpose) in parameters["purposes_without_offence"]:
        return None
    return {"offence": offence or "(none stated)", "least": least}


def is_authorised(situation: Situation, /, *, parameters: Parameters) -> Finding | None:
    """WAR-001. An exigent use goes without a warrant until its deadline; WAR-002 says what happens then."""
    authorisations = situation.facts["authorisations"]
    if any(_covers(item, situation=situation) for item in authorisations):
        return None
    if not authorisations:
        return {"problem": "there is none in the case"}
    now = known(situation.now)
    if not any(item["from"] <= now < item["until"] for item in authorisations):
        return {"problem": "none of the case is valid now"}
    return {"problem": f"none that is valid covers the operation {known(situation.acts)}"}


def urgency_was_ratified(situation: Situation, /, *, parameters: Parameters) -> Finding | None:
    """WAR-002."""
    if known(situation.acts) not in IDENTIFYING:
        return None
    now = known(situation.now)
    lapsed = [item["id"] for item in situation.facts["authorisations"] if is_lapsed(item, now=now)]
    return {"authorisations": ", ".join(lapsed)} if lapsed else None


def is_lapsed(authorisation: Record, *, now: int) -> bool:
    """Whether an urgent use was not ratified in time."""
    deadline = authorisation["ratify_by"]
    return (
        authorisation["kind"] == AuthorisationKind.EXIGENT
        and not authorisation["ratified"]
        and (deadline is None or now >= deadline)
    )


def _covers(authorisation: Record, *, situation: Situation) -> bool:
    now = known(situation.now)
    return bool(
        authorisation["from"] <= now < authorisation["until"]
        and known(situation.acts) in authorisation["operations"]
        and not is_lapsed(authorisation, now=now)
    )


CASE_RULES: Final = (
    Rule(
        id="CASE-001",
        title="No case",
        effect=Effect.DENY,
        sentence="An identification by or for investigators names no open case of the same purpose that admits who"
        " asks. A case has a reference, a rationale and an offence class by construction. For investigative purposes a"
        " comparison, tracking, clustering and an export count as identification.",
        reason="The request {problem}: state its reference (Custos-Case).",
        source="Detroit Police Department, Directive 307.5 (2019): each search names a case and its reason.",
        needs=("purpose", "case_state", "case_purpose", "case_admits"),
        check=names_a_case,
        defaults=(
            Default(selector={"operations": [*IDENTIFICATION], "categories": _INVESTIGATORS}, effective_from=_SINCE),
            Default(
                selector={
                    "operations": [*_AS_GOOD_AS],
                    "categories": _INVESTIGATORS,
                    "purposes": [*INVESTIGATIVE_PURPOSES],
                },
                effective_from=_SINCE,
            ),
        ),
    ),
)

SEV_RULES: Final = (
    Rule(
        id="SEV-001",
        title="Offence not grave enough",
        effect=Effect.DENY,
        sentence="An identification by or for law enforcement is about an offence below the class that the policy"
        " names: shoplifting is no reason to search. Only a case of a purpose that needs no offence may state none.",
        reason="The offence class of the case, {offence}, is below {least}.",
        source="Massachusetts General Laws, chapter 6, section 220, and Maine 25 MRSA 6001: serious crimes only.",
        needs=("purpose", "case_offence"),
        check=offence_is_grave_enough,
        parameters=(
            Parameter("least", "offence", "The least grave class that may be searched for."),
            Parameter("purposes_without_offence", "list[purpose]", "Purposes whose cases may be about no offence."),
        ),
        defaults=(
            Default(
                selector={"operations": [*IDENTIFICATION], "categories": _POLICE},
                parameters=_GRAVE,
                effective_from=_SINCE,
            ),
            Default(
                selector={
                    "operations": [*_AS_GOOD_AS],
                    "categories": _POLICE,
                    "purposes": [*INVESTIGATIVE_PURPOSES],
                },
                parameters=_GRAVE,
                effective_from=_SINCE,
            ),
        ),
    ),
)

WAR_RULES: Final = (
    Rule(
        id="WAR-001",
        title="Not authorised by a court",
        effect=Effect.DENY,
        sentence="Where one is required, the case holds no warrant, court order or urgent authorisation that is valid"
        " now and covers the operation. The shipped policy asks for one of law enforcement in the European Union, and"
        " everywhere for watching in real time; an operator adds other jurisdictions.",
        reason="This needs an authorisation, and {problem}.",
        source="EU AI Act, Article 5(3) and Article 26(10), asked for ahead of its dates; Revised Code of"
        " Washington 43.386.080.",
        needs=("now", "operation", "result_of", "authorisations"),
        check=is_authorised,
        defaults=(
            Default(
                selector={
                    "operations": [*IDENTIFYING],
                    "categories": _POLICE,
                    "purposes": [Purpose.CRIMINAL_INVESTIGATION],
                    "jurisdictions": ["EU"],
                },
                effective_from=_WASHINGTON,
            ),
            Default(
                selector={"operations": [Operation.WATCHLIST_REALTIME], "categories": _POLICE},
                effective_from=_WASHINGTON,
            ),
        ),
    ),
    Rule(
        id="WAR-002",
        title="Urgency not ratified",
        effect=Effect.DENY,
        sentence="An urgent use was not ratified by a court within 24 hours (watching in real time) or 48 hours"
        " (anything else): use in the case stops at that instant, its running jobs are halted, and what it brought is"
        " destroyed.",
        reason="Not ratified in time: {authorisations}.",
        source="EU AI Act, Article 5(3) (24 hours) and Article 26(10) (48 hours), with deletion of results.",
        needs=("now", "operation", "result_of", "authorisations"),
        check=urgency_was_ratified,
        defaults=(Default(effective_from=_WASHINGTON),),
    ),
)
