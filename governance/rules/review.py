"""HUM, RET-002: what a search for an investigation finds is masked until two trained people have looked at it.

Four obligations attach to the allow. A part of the platform that carries them out says so with its question
(`obligations_met`); where one does not, the obligation cannot be met, and that is a refusal: a way that nobody thought
of is closed.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from common.vocabulary import Operation
from governance.rules.casework import IDENTIFYING
from governance.rules.rule import Default, Effect, Finding, Parameters, Rule, since
from governance.rules.situation import Situation, known
from governance.rules.thresholds import INVESTIGATIVE_PURPOSES

MASKING: Final = "HUM-001"
KEEPING: Final = "RET-002"
# Of the part of the platform that masks results, says what must be said with them, and keeps what was confirmed.
REVIEW_OBLIGATIONS: Final = (MASKING, "HUM-002", "HUM-003", KEEPING)

_NEEDS: Final = ("operation", "result_of", "purpose", "obligations_met")
# The day of Amazon's guidance to law enforcement that people review each match.
_SINCE: Final = since("2020-06-10")
_INVESTIGATING: Final = Default(selector={"purposes": [*INVESTIGATIVE_PURPOSES]}, effective_from=_SINCE)


def identifies(situation: Situation, /, *, parameters: Parameters) -> Finding | None:
    """HUM-001 to HUM-003: making, reading and reviewing the result of an identification."""
    return {} if known(situation.acts) in IDENTIFYING else None


def reviewer_is_trained(situation: Situation, /, *, parameters: Parameters) -> Finding | None:
    """HUM-004."""
    trained_until = situation.facts["review_training_until"]
    if trained_until is None:
        return {"problem": "was not attested"}
    return None if known(situation.now) < trained_until else {"problem": "has run out"}


def end_of_training(situation: Situation, /, *, parameters: Parameters) -> Collection[int]:
    """Return when the training runs out, if it was attested."""
    trained_until = situation.facts["review_training_until"]
    return () if trained_until is None else (trained_until,)


HUM_RULES: Final = (
    Rule(
        id="HUM-001",
        title="Masked until two people release it",
        effect=Effect.OBLIGE,
        sentence="For investigative purposes, the result of an identification is pending review: who the candidates are"
        " is masked until two separate trained reviewers, neither of whom asked, release them. A comparison, tracking,"
        " clustering, joining faces to a person, an export and an evaluation count as identification. What cannot mask"
        " is refused.",
        reason="For this purpose a result is masked until two people release it, and this way cannot mask it: search or"
        " compare through /v1, or on the pages.",
        source="Amazon's guidance for law enforcement: human review of every match; EU AI Act, Article 14(5): two"
        " natural persons confirm an identification.",
        needs=_NEEDS,
        check=identifies,
        defaults=(_INVESTIGATING,),
    ),
    Rule(
        id="HUM-002",
        title="A lead, not proof",
        effect=Effect.OBLIGE,
        sentence="Such a result carries these words: an investigative lead, not probable cause, and not the sole basis"
        " for an arrest or a line-up.",
        reason="For this purpose a result carries words of caution, and this way does not say them.",
        source="Detroit Police Department, Directive 307.5 (2019), after the arrest of Robert Williams.",
        needs=_NEEDS,
        check=identifies,
        defaults=(_INVESTIGATING,),
    ),
    Rule(
        id="HUM-003",
        title="Ranked, with the false match rate in words",
        effect=Effect.OBLIGE,
        sentence="Such a result is a ranked list in which each candidate carries its false match rate in words, never a"
        " per cent alone.",
        reason="For this purpose a result tells false match rates in words, and this way does not.",
        source="NIST IR 8280 (2019): error rates belong with results; the ACLU test (2018): 80 % misread as certainty.",
        needs=_NEEDS,
        check=identifies,
        defaults=(_INVESTIGATING,),
    ),
    Rule(
        id="HUM-004",
        title="Reviewer without current training",
        effect=Effect.DENY,
        sentence="Whoever reviews is a person whose training in comparing faces a manager has attested, and it has not"
        " run out. A key is nobody.",
        reason="The training of the reviewer {problem}.",
        source="FISWG, Guide for role-based training in facial comparison; EU AI Act, Article 26(2).",
        needs=("now", "operation", "review_training_until"),
        check=reviewer_is_trained,
        instants=end_of_training,
        defaults=(Default(selector={"operations": [Operation.REVIEW]}, effective_from=_SINCE),),
    ),
    Rule(
        id=KEEPING,
        title="Only a confirmed probe is kept, and sealed",
        effect=Effect.OBLIGE,
        sentence="The picture of a probe that is like nobody is discarded at once, and so is one whose match the"
        " reviewers do not confirm. One whose match two people released is sealed as evidence of its case, under a key"
        " of the case, or of the urgent use that the search rested on; destroying the key erases it, and the log's"
        " proofs hold. What cannot do so is refused.",
        reason="For this purpose the picture of a confirmed probe is sealed as evidence, and this way keeps none.",
        source="EU AI Act, Article 26(10) (results of post-remote identification: authorised, or stopped and deleted);"
        " Directive (EU) 2016/680, Articles 4(1)(e) and 16 (kept no longer than needed; erasure).",
        needs=_NEEDS,
        check=identifies,
        defaults=(_INVESTIGATING,),
    ),
)
