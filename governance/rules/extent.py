"""GAL, QUO, SRV and DIS: how large, how often and how long, and whether it was accounted for.

Counts are looked at before an operation and once more, under a lock, when it ends: of many at the same time no more
come through than the limit says.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Final

from common.vocabulary import CustomerCategory, Operation, Purpose
from governance.rules.rule import Bound, Default, Effect, Finding, Parameter, Parameters, Rule, since
from governance.rules.situation import Situation, known
from governance.rules.thresholds import IDENTIFICATION, INVESTIGATIVE_PURPOSES

DAY_MICROS: Final = 86_400_000_000
MOST_WATCHED: Final = 2_000
MOST_SEARCHES_A_DAY: Final = 1_000
MOST_SEARCHES_A_CASE: Final = 500
MOST_SEARCHES_OF_ONE: Final = 20
DISCLOSURE_DAYS: Final = 365
DISCLOSURE_GRACE_DAYS: Final = 30

# For investigative purposes a comparison is a search (GOVERNANCE 4).
SEARCHES: Final = (*IDENTIFICATION, Operation.COMPARE)

# The day of Amazon's statement, and of Detroit's directive with its weekly and annual reports.
_SINCE: Final = since("2020-06-10")
_DETROIT: Final = since("2019-09-19")


def gallery_cap(situation: Situation, /, *, parameters: Parameters) -> Mapping[str, int]:
    """Return the lower of the approved cap and the policy's."""
    cap = _cap(situation, parameters=parameters)
    return {"gallery_cap": cap} if cap is not None else {}


def _cap(situation: Situation, *, parameters: Parameters) -> int | None:
    approved = None if "approval_gallery_cap" in situation.unusable else situation.facts["approval_gallery_cap"]
    return min((cap for cap in (approved, parameters["most_faces"] or None) if cap is not None), default=None)


def gallery_is_too_large(situation: Situation, /, *, parameters: Parameters) -> Finding | None:
    """GAL-001."""
    cap = _cap(situation, parameters=parameters)
    if cap is None:
        return None
    size = situation.demand("gallery_size") + situation.facts["gallery_growth"]
    return {"size": f"{size:,}", "cap": f"{cap:,}"} if size > cap else None


def is_no_live_watchlist(situation: Situation, /, *, parameters: Parameters) -> Finding | None:
    """GAL-002."""
    terms = situation.facts["watchlists"]
    now = known(situation.now)
    if any(item["operation"] and item["from"] <= now < item["until"] for item in terms):
        return None
    return {"problem": "its terms have expired" if terms else "is not bound to any operation"}


def watchlist_instants(situation: Situation, /, *, parameters: Parameters) -> Collection[int]:
    """Return when terms begin and end."""
    return [instant for item in situation.facts["watchlists"] for instant in (item["from"], item["until"])]


def daily_limit(situation: Situation, /, *, parameters: Parameters) -> Mapping[str, int]:
    """Return the lower of the approved number and the policy's."""
    return {"searches_today": _daily(situation, parameters=parameters)}


def _daily(situation: Situation, *, parameters: Parameters) -> int:
    approved = None if "approval_daily_searches" in situation.unusable else situation.facts["approval_daily_searches"]
    most = int(parameters["most_searches"])
    return most if approved is None else min(approved, most)


def organisation_is_over_its_quota(situation: Situation, /, *, parameters: Parameters) -> Finding | None:
    """QUO-001."""
    limit = _daily(situation, parameters=parameters)
    searches = situation.facts["searches_today"] + situation.facts["searches_asked"]
    return {"limit": f"{limit:,}"} if searches > limit else None


def _most(name: str) -> Bound:
    def bound(situation: Situation, /, *, parameters: Parameters) -> Mapping[str, int]:
        return {name: parameters["most_searches"]}

    return bound


def _reaches(fact: str) -> Callable[..., Finding | None]:
    """Return the check of QUO-002 or SRV-001: a count that is null does not concern the request."""

    def check(situation: Situation, /, *, parameters: Parameters) -> Finding | None:
        count, limit = situation.facts[fact], parameters["most_searches"]
        asked = situation.facts["searches_asked"]
        return {"limit": f"{limit:,}"} if count is not None and count + asked > limit else None

    return check


def disclosure_is_overdue(situation: Situation, /, *, parameters: Parameters) -> Finding | None:
    """DIS-001."""
    due = _due(situation, parameters=parameters)
    return {"days": str((known(situation.now) - due) // DAY_MICROS)} if known(situation.now) >= due else None


def disclosure_instants(situation: Situation, /, *, parameters: Parameters) -> Collection[int]:
    """Return when the report is overdue."""
    return (_due(situation, parameters=parameters),)


def _due(situation: Situation, *, parameters: Parameters) -> int:
    days = parameters["every_days"] + parameters["grace_days"]
    return int(situation.facts["disclosed_until"]) + int(days) * DAY_MICROS


_MOST_SEARCHES: Final = Parameter("most_searches", "count", "How many there may be.")
_INVESTIGATIVE_SEARCHES: Final[dict[str, list[str]]] = {
    "operations": [*SEARCHES],
    "purposes": [*INVESTIGATIVE_PURPOSES],
}

EXTENT_RULES: Final = (
    Rule(
        id="GAL-001",
        title="Gallery too large",
        effect=Effect.DENY,
        sentence="The gallery holds more faces, or would after this enrolment, than the approval or the policy lets"
        " it; a watch-list used in real time by default at most 2,000.",
        reason="The gallery would hold {size} faces; at most {cap} are allowed.",
        source="South Wales Police, live facial recognition: watch-lists limited in size and bound to a deployment.",
        needs=("approval_gallery_cap", "gallery_size", "gallery_growth"),
        check=gallery_is_too_large,
        bound=gallery_cap,
        judges_approval=True,
        parameters=(Parameter("most_faces", "count", "The policy's cap; 0: only what the approval says."),),
        defaults=(
            Default(
                selector={"operations": [Operation.ENROL, Operation.SEARCH]},
                parameters={"most_faces": 0},
                effective_from=_SINCE,
            ),
            Default(
                selector={"operations": [Operation.WATCHLIST_REALTIME]},
                parameters={"most_faces": MOST_WATCHED},
                effective_from=_SINCE,
            ),
        ),
    ),
    Rule(
        id="GAL-002",
        title="Watch-list without live terms",
        effect=Effect.DENY,
        sentence="A collection is used as a watch-list in real time without terms that bind it to an operation, or"
        " outside their dates.",
        reason="The collection may not be watched for: it {problem}.",
        source="R (Bridges) v South Wales Police [2020] EWCA Civ 1058: who and where must not be left to discretion.",
        needs=("now", "watchlists"),
        check=is_no_live_watchlist,
        instants=watchlist_instants,
        defaults=(Default(selector={"operations": [Operation.WATCHLIST_REALTIME]}, effective_from=_SINCE),),
    ),
    Rule(
        id="QUO-001",
        title="Quota of the organisation",
        effect=Effect.DENY,
        sentence="The organisation has made as many searches in the last 24 hours as its approval, or the policy for"
        " this purpose, allows. For investigative purposes a comparison counts as a search.",
        reason="The organisation has made its {limit} searches of the last 24 hours.",
        source="GDPR, Article 5(1)(c) (data minimisation).",
        needs=("approval_daily_searches", "searches_today", "searches_asked"),
        check=organisation_is_over_its_quota,
        bound=daily_limit,
        judges_approval=True,
        parameters=(_MOST_SEARCHES,),
        defaults=(
            Default(
                selector=_INVESTIGATIVE_SEARCHES,
                parameters={"most_searches": MOST_SEARCHES_A_DAY},
                effective_from=_SINCE,
            ),
        ),
    ),
    Rule(
        id="QUO-002",
        title="Quota of the case",
        effect=Effect.DENY,
        sentence="As many searches have been made in the stated case as one case may have.",
        reason="The case has had its {limit} searches.",
        source="GDPR, Article 5(1)(c) (data minimisation).",
        needs=("searches_in_case", "searches_asked"),
        check=_reaches("searches_in_case"),
        bound=_most("searches_in_case"),
        parameters=(_MOST_SEARCHES,),
        defaults=(
            Default(
                selector=_INVESTIGATIVE_SEARCHES,
                parameters={"most_searches": MOST_SEARCHES_A_CASE},
                effective_from=_SINCE,
            ),
        ),
    ),
    Rule(
        id="SRV-001",
        title="Sustained surveillance of one person",
        effect=Effect.DENY,
        sentence="One probe was searched for, or one enrolled face came out best, as often in 30 days as amounts to"
        " following a person. An independent review sets the count back.",
        reason="One person was searched for {limit} times in 30 days: an independent review must look at this first.",
        source="Carpenter v. United States, 585 U.S. 296 (2018): following somebody over time is a search of its own.",
        needs=("searches_of_subject", "searches_asked"),
        check=_reaches("searches_of_subject"),
        bound=_most("searches_of_subject"),
        parameters=(_MOST_SEARCHES,),
        defaults=(
            Default(
                selector=_INVESTIGATIVE_SEARCHES,
                parameters={"most_searches": MOST_SEARCHES_OF_ONE},
                effective_from=_SINCE,
            ),
        ),
    ),
    Rule(
        id="DIS-001",
        title="Disclosure report overdue",
        effect=Effect.DENY,
        sentence="By or for law enforcement: the organisation has not reported what it searched for, within the time"
        " that the policy gives, counted from its last report or its first approval.",
        reason="The disclosure report is overdue by {days} days.",
        source="Detroit Police Department, Directive 307.5 (2019): reports to the public oversight board.",
        needs=("now", "disclosed_until"),
        check=disclosure_is_overdue,
        instants=disclosure_instants,
        judges_approval=True,
        parameters=(
            Parameter("every_days", "count", "Days that a report may cover."),
            Parameter("grace_days", "count", "Days in which it must be filed after that."),
        ),
        defaults=(
            Default(
                selector={
                    "operations": [*SEARCHES],
                    "categories": [CustomerCategory.LAW_ENFORCEMENT],
                    "purposes": [Purpose.CRIMINAL_INVESTIGATION, Purpose.BORDER_CONTROL],
                },
                parameters={"every_days": DISCLOSURE_DAYS, "grace_days": DISCLOSURE_GRACE_DAYS},
                effective_from=_DETROIT,
            ),
        ),
    ),
)
