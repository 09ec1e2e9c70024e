"""THR-003, THR-004 and QUAL-001: whether an answer is reliable at this gallery's size, from this model and probe.

The false match rate that a threshold stands for is one of a single comparison. A search makes one for each face of the
gallery: FPIR = 1 - (1 - FMR)^N (ISO/IEC 19795-1), so what is safe for a thousand faces is not for a million.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from common.vocabulary import Operation, Purpose
from governance.rules.rule import Default, Effect, EnforcedBy, Finding, Parameter, Parameters, Rule, since
from governance.rules.situation import Situation
from governance.rules.thresholds import IDENTIFICATION, INVESTIGATIVE_PURPOSES, RESCUE_PURPOSES

PARTS: Final = 10**15
LEAST_QUALITY_MILLI: Final = 20_000
MOST_FALSE_POSITIVES_PER_MILLE: Final = 1
MOST_EXPECTED_FALSE: Final = 5
MOST_GROUP_RATIO_MILLI: Final = 10_000
MOST_INTERVAL_RATIO_MILLI: Final = 10_000

# The day the ACLU published its test; the day of the first NIST report on demographic effects.
_ACLU_TEST: Final = since("2018-07-26")
_NIST: Final = since("2019-12-19")


def fmr_ceiling(situation: Situation, /, *, parameters: Parameters) -> Mapping[str, int]:
    """Return the highest false match rate of one comparison that keeps a search of this gallery within the target."""
    size = 0 if "gallery_size" in situation.unusable else situation.facts["gallery_size"]
    return {"fmr_ceiling_femto": _ceiling(size, parameters=parameters)} if size else {}


def _ceiling(size: int, *, parameters: Parameters) -> int:
    ceilings = [PARTS]
    if per_mille := parameters["most_false_positives_per_mille"]:
        # The inverse of FPIR = 1 - (1 - FMR)^N.
        ceilings.append(math.floor(-math.expm1(math.log1p(-per_mille / 1000) / size) * PARTS))
    if expected := parameters["most_expected_false"]:
        ceilings.append(expected * PARTS // size)
    return min(ceilings)


def makes_too_many_false_candidates(situation: Situation, /, *, parameters: Parameters) -> Finding | None:
    """THR-003."""
    size, rate = situation.demand("gallery_size"), situation.demand("fmr_femto")
    if size == 0 or rate <= (ceiling := _ceiling(size, parameters=parameters)):
        return None
    return {"size": f"{size:,}", "rate": _one_in(rate), "ceiling": _one_in(ceiling)}


def _one_in(femto: int) -> str:
    return f"1 in {PARTS // femto:,}" if femto else "none"


def is_not_evaluated(situation: Situation, /, *, parameters: Parameters) -> Finding | None:
    """THR-004."""
    reports = [
        report
        for report in situation.facts["evaluations"]
        if report["origin"] == "local" or parameters["accepts_shipped"]
    ]
    if not reports:
        return {"problem": "there is no evaluation report of this model"}
    threshold = situation.demand("threshold_milli")
    problems = [_shortcoming(report, threshold=threshold, parameters=parameters) for report in reports]
    return {"problem": problems[0]} if all(problems) else None


def _shortcoming(report: Mapping[str, int | str | None], *, threshold: int, parameters: Parameters) -> str:
    """Return what is wrong with a report, or nothing; the summary that ships has neither groups nor intervals."""
    if threshold < int(report["least_threshold_milli"] or 0):
        return "the evaluation does not cover a threshold as low as this"
    if report["origin"] == "shipped":
        return ""
    for member, most, words in (
        ("group_ratio_milli", "most_group_ratio_milli", "the false match rates of groups of people differ too much"),
        ("interval_ratio_milli", "most_interval_ratio_milli", "the interval of the false match rate is too wide"),
    ):
        value = report[member]
        if value is None or int(value) > parameters[most]:
            return f"{words}, or were not measured" if value is None else words
    return ""


def quality_floor(situation: Situation, /, *, parameters: Parameters) -> Mapping[str, int]:
    """Return the floor that the operation holds every probe and reference against."""
    return {"quality_floor_milli": parameters["floor_milli"]}


def _target(*, per_mille: int = 0, expected: int = 0) -> dict[str, int]:
    return {"most_false_positives_per_mille": per_mille, "most_expected_false": expected}


RELIABILITY_RULES: Final = (
    Rule(
        id="THR-003",
        title="Too many false candidates for a gallery of this size",
        effect=Effect.DENY,
        sentence="The false positives that chance alone gives at this threshold in a gallery of this size are above the"
        " target of the purpose. Where no threshold is stated, one that meets the target is chosen.",
        reason="In a gallery of {size} faces at most {ceiling} comparisons may match falsely; here it is {rate}.",
        source="FPIR = 1 - (1 - FMR)^N (ISO/IEC 19795-1); the ACLU test at threshold 80 falsely matched 28 of 535.",
        needs=("gallery_size", "fmr_femto"),
        check=makes_too_many_false_candidates,
        bound=fmr_ceiling,
        parameters=(
            Parameter("most_false_positives_per_mille", "count", "Searches in a thousand that may give one; 0: any."),
            Parameter("most_expected_false", "count", "False candidates of a search on average; 0: any number."),
        ),
        defaults=(
            Default(
                selector={
                    "operations": [*IDENTIFICATION],
                    "purposes": [Purpose.CRIMINAL_INVESTIGATION, Purpose.BORDER_CONTROL],
                },
                parameters=_target(per_mille=MOST_FALSE_POSITIVES_PER_MILLE),
                effective_from=_ACLU_TEST,
            ),
            Default(
                selector={"operations": [*IDENTIFICATION], "purposes": [*RESCUE_PURPOSES]},
                parameters=_target(expected=MOST_EXPECTED_FALSE),
                effective_from=_ACLU_TEST,
            ),
        ),
    ),
    Rule(
        id="THR-004",
        title="Model not evaluated well enough",
        effect=Effect.DENY,
        sentence="For an investigative purpose there is no evaluation report of this model that covers the threshold;"
        " or groups of people differ too much in it, or its interval is too wide. Until an instance has made a report"
        " of its own, the summary that ships with the model will do, which knows neither groups nor intervals.",
        reason="The model may not be used for this: {problem}.",
        source="NIST IR 8280 (2019): false match rates of groups of people differ by factors of 10 and more.",
        needs=("evaluations", "threshold_milli"),
        check=is_not_evaluated,
        parameters=(
            Parameter("accepts_shipped", "bool", "Whether the shipped summary will do while there is no local report."),
            Parameter("most_group_ratio_milli", "count", "False match rate of the worst group by that of all, x1000."),
            Parameter("most_interval_ratio_milli", "count", "Upper by lower end of its 95 % interval, times 1000."),
        ),
        defaults=(
            Default(
                selector={
                    "operations": [*IDENTIFICATION, Operation.COMPARE],
                    "purposes": [*INVESTIGATIVE_PURPOSES],
                },
                parameters={
                    "accepts_shipped": True,
                    "most_group_ratio_milli": MOST_GROUP_RATIO_MILLI,
                    "most_interval_ratio_milli": MOST_INTERVAL_RATIO_MILLI,
                },
                effective_from=_NIST,
            ),
        ),
    ),
    Rule(
        id="QUAL-001",
        title="Quality too low",
        effect=Effect.DENY,
        sentence="For investigative purposes, a probe below the quality floor is refused with 422 quality-too-low, and"
        " a face below it is not enrolled (LOW_FACE_QUALITY), once the picture has been looked at.",
        reason="A face of quality {quality} is below the {floor} that this purpose asks for.",
        source="ISO/IEC 29794-5 (face image quality); NIST IR 8280: poor pictures raise false matches.",
        enforced_by=EnforcedBy.OPERATION,
        bound=quality_floor,
        parameters=(Parameter("floor_milli", "milli", "The floor of the quality score (0 to 100), times 1000."),),
        defaults=(
            Default(
                selector={
                    "operations": [*IDENTIFICATION, Operation.ENROL],
                    "purposes": [*INVESTIGATIVE_PURPOSES],
                },
                parameters={"floor_milli": LEAST_QUALITY_MILLI},
                effective_from=_NIST,
            ),
        ),
    ),
)
