"""THR: the least similarity at which two faces may be called alike, by who asks and what for.

A threshold under the floor is refused, not clamped: a caller who asked for 80 and silently got 99 would misread an
empty answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from common.vocabulary import CustomerCategory, Operation, Purpose
from governance.rules.rule import Default, Effect, Finding, Parameter, Parameters, Rule, since
from governance.rules.situation import Situation

LAW_ENFORCEMENT_FLOOR_MILLI: Final = 99_000
IDENTIFICATION_FLOOR_MILLI: Final = 80_000

IDENTIFICATION: Final = (Operation.SEARCH, Operation.WATCHLIST_REALTIME)
# For these, a loop of comparisons is a search (GOVERNANCE 4).
INVESTIGATIVE_PURPOSES: Final = (
    Purpose.CRIMINAL_INVESTIGATION,
    Purpose.MISSING_PERSON_SEARCH,
    Purpose.VICTIM_IDENTIFICATION,
    Purpose.BORDER_CONTROL,
)

OWN_PICTURES: Final = (CustomerCategory.PERSONAL, CustomerCategory.CONSUMER_SOFTWARE)
RESCUE_PURPOSES: Final = (Purpose.MISSING_PERSON_SEARCH, Purpose.VICTIM_IDENTIFICATION)

# The day the ACLU published its test.
_ACLU_TEST: Final = since("2018-07-26")


def floor(situation: Situation, /, *, parameters: Parameters) -> int:
    """Return the floor for whoever the rule's selector picks."""
    return int(parameters["floor_milli"])


def floor_unless_exempt(situation: Situation, /, *, parameters: Parameters) -> int:
    """Return 0 when tenant **and** end user are exempt: a photo app that works for somebody else is not."""
    exempt = parameters["exempt_categories"]
    if situation.tenant_category in exempt and situation.end_user in exempt:
        return 0
    return int(parameters["floor_milli"])


def floor_limit(situation: Situation, /, *, parameters: Parameters) -> Mapping[str, int]:
    """Return `floor` as a limit."""
    return {"threshold_floor_milli": floor(situation, parameters=parameters)}


def floor_limit_unless_exempt(situation: Situation, /, *, parameters: Parameters) -> Mapping[str, int]:
    """Return `floor_unless_exempt` as a limit."""
    return {"threshold_floor_milli": floor_unless_exempt(situation, parameters=parameters)}


def is_below_floor(situation: Situation, /, *, parameters: Parameters) -> Finding | None:
    """THR-001."""
    return _below(situation, least=floor(situation, parameters=parameters))


def is_below_floor_unless_exempt(situation: Situation, /, *, parameters: Parameters) -> Finding | None:
    """THR-002."""
    return _below(situation, least=floor_unless_exempt(situation, parameters=parameters))


def _below(situation: Situation, *, least: int) -> Finding | None:
    # Without a floor the threshold is nobody's business, stated or not.
    if least == 0 or situation.demand("threshold_milli") >= least:
        return None
    return {"threshold": _per_cent(situation.facts["threshold_milli"]), "floor": _per_cent(least)}


def _per_cent(milli: int) -> str:
    return f"{milli // 1000}.{milli % 1000:03}".rstrip("0").rstrip(".")


_FLOOR: Final = Parameter("floor_milli", "milli", "The floor, in per cent times 1000.")

THR_RULES: Final = (
    Rule(
        id="THR-001",
        title="Threshold too low for law enforcement",
        effect=Effect.DENY,
        sentence="The similarity threshold is below the floor where tenant or end user is law enforcement.",
        reason="A threshold of {threshold} % is below the {floor} % that law enforcement must use.",
        source="Amazon's guidance since July 2018: 99 % for law enforcement, in answer to the ACLU test.",
        needs=("operation", "tenant_category", "on_behalf_of", "threshold_milli"),
        check=is_below_floor,
        bound=floor_limit,
        parameters=(_FLOOR,),
        defaults=(
            Default(
                selector={
                    "categories": [CustomerCategory.LAW_ENFORCEMENT],
                    "operations": [Operation.COMPARE, Operation.CLUSTER, *IDENTIFICATION],
                },
                parameters={"floor_milli": LAW_ENFORCEMENT_FLOOR_MILLI},
                effective_from=_ACLU_TEST,
            ),
        ),
    ),
    Rule(
        id="THR-002",
        title="Threshold too low for identification",
        effect=Effect.DENY,
        sentence="The similarity threshold of an identification is below the floor, outside people's own pictures. For"
        " investigative purposes a comparison counts as identification, and so does joining faces to a person.",
        reason="A threshold of {threshold} % is below the {floor} % that identification must use.",
        source="The ACLU test (26 July 2018): at threshold 80, 28 of 535 legislators matched a mugshot.",
        needs=("operation", "purpose", "tenant_category", "on_behalf_of", "threshold_milli"),
        check=is_below_floor_unless_exempt,
        bound=floor_limit_unless_exempt,
        parameters=(
            _FLOOR,
            Parameter("exempt_categories", "list[category]", "No floor where tenant and end user are both of these."),
        ),
        defaults=(
            Default(
                selector={"operations": [*IDENTIFICATION]},
                parameters={"floor_milli": IDENTIFICATION_FLOOR_MILLI, "exempt_categories": [*OWN_PICTURES]},
                effective_from=_ACLU_TEST,
            ),
            Default(
                selector={
                    "operations": [Operation.COMPARE, Operation.CLUSTER],
                    "purposes": [*INVESTIGATIVE_PURPOSES],
                },
                parameters={"floor_milli": IDENTIFICATION_FLOOR_MILLI, "exempt_categories": [*OWN_PICTURES]},
                effective_from=_ACLU_TEST,
            ),
        ),
    ),
)
