"""The facts that rules may ask about, declared once: name, type, where each comes from, and a sentence.

A set of facts is a plain JSON object without floats, because it is stored in the audit entry and replayed later.
The gate builds it (`governance.gate`); `governance.policies` judges it. Nothing here reads a database or a clock.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from common.vocabulary import (
    JURISDICTION_PARENTS,
    Attestation,
    AuthorisationKind,
    Circumstance,
    CustomerCategory,
    OffenceClass,
    Operation,
    Purpose,
)

# Facts end up in canonical JSON, whose integers are those that every JSON reader keeps exact (RFC 8785, 3.2.2.3).
INT_LIMIT: Final = 2**53
TEXT_LIMIT: Final = 200

CATEGORY_SLUGS: Final = frozenset(str(category) for category in CustomerCategory)
OPERATION_SLUGS: Final = frozenset(str(operation) for operation in Operation)
PURPOSE_SLUGS: Final = frozenset(str(purpose) for purpose in Purpose)
JURISDICTION_SLUGS: Final = frozenset(JURISDICTION_PARENTS)
ATTESTATION_SLUGS: Final = frozenset(str(attestation) for attestation in Attestation)
CIRCUMSTANCE_SLUGS: Final = frozenset(str(circumstance) for circumstance in Circumstance)
OFFENCE_SLUGS: Final = frozenset(str(offence) for offence in OffenceClass)

Facts = Mapping[str, Any]


class FactSource(StrEnum):
    """Who vouches for a fact."""

    REQUEST = "request"
    KEY = "key"
    COLLECTION = "collection"
    APPROVAL = "approval"
    CASE = "case"
    TENANT = "tenant"
    DERIVED = "derived"


@dataclass(frozen=True, slots=True)
class FactSpec:
    """One declared fact.

    Attributes:
        name: key in the facts object.
        type: one of the keys of `FACT_TYPES`; a trailing `|None` means that null is a proper value.
        source: who vouches for it.
        sentence: what it says.
    """

    name: str
    type: str
    source: FactSource
    sentence: str


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < INT_LIMIT


def _is_text(value: object) -> bool:
    # Facts are quoted in reasons and stored in canonical JSON: plain words, not whatever a header may carry.
    return isinstance(value, str) and value.isascii() and value.isprintable() and len(value) <= TEXT_LIMIT


def _is_texts(value: object) -> bool:
    if not isinstance(value, list):
        return False
    try:
        # One look at the joined items is several times faster than a look at each.
        joined = "".join(value)
    except TypeError:
        return False
    return joined.isascii() and joined.isprintable() and (len(joined) <= TEXT_LIMIT or all(map(_is_text, value)))


def _one_of(slugs: frozenset[str]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, str) and value in slugs


def _all_of(slugs: frozenset[str]) -> Callable[[object], bool]:
    return lambda value: value == [] or (_is_texts(value) and slugs.issuperset(value))  # type: ignore[arg-type]


def _or_none(check: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: value is None or check(value)


def _records(members: Mapping[str, Callable[[object], bool]]) -> Callable[[object], bool]:
    """Check a list of objects with exactly these members.

    Closed on purpose: a member that this version does not know might narrow an exemption.
    """
    names = members.keys()

    def check(item: object) -> bool:
        return isinstance(item, dict) and item.keys() == names and all(members[name](item[name]) for name in names)

    return lambda value: isinstance(value, list) and all(map(check, value))


_is_time_or_none = _or_none(_is_count)

# The dimensions of a moratorium are held against the vocabulary: a misspelt slug would match nothing, and so allow.
_MORATORIUM: Final = {
    "id": _is_text,
    "categories": _all_of(CATEGORY_SLUGS),
    "end_users": _all_of(CATEGORY_SLUGS),
    "purposes": _all_of(PURPOSE_SLUGS),
    "operations": _all_of(OPERATION_SLUGS),
    "jurisdictions": _all_of(JURISDICTION_SLUGS),
    "from": _is_count,
    "until": _is_time_or_none,
}
_EXEMPTION: Final = {
    "id": _is_text,
    "moratorium": _is_text,
    "purposes": _is_texts,
    "operations": _is_texts,
    "end_users": _is_texts,
    "from": _is_count,
    "until": _is_count,
    "approvers": _is_count,
}
_AUTHORISATION: Final = {
    "id": _is_text,
    "kind": _one_of(frozenset(str(kind) for kind in AuthorisationKind)),
    "operations": _all_of(OPERATION_SLUGS),
    "from": _is_count,
    "until": _is_count,
    "ratify_by": _is_time_or_none,
    "ratified": lambda value: isinstance(value, bool),
}

_BREAK_GLASS: Final = {
    "id": _is_text,
    "purpose": _one_of(PURPOSE_SLUGS),
    "operations": _all_of(OPERATION_SLUGS),
    "end_user": _one_of(CATEGORY_SLUGS),
    "jurisdiction": _one_of(JURISDICTION_SLUGS),
    "from": _is_count,
    "until": _is_count,
    "confirm_by": _is_count,
    "confirmed": lambda value: isinstance(value, bool),
}

_EVALUATION: Final = {
    "origin": _one_of(frozenset({"shipped", "local"})),
    "least_threshold_milli": _is_count,
    "group_ratio_milli": _or_none(_is_count),
    "interval_ratio_milli": _or_none(_is_count),
}
_WATCHLIST: Final = {"id": _is_text, "operation": _is_text, "from": _is_count, "until": _is_count}

FACT_TYPES: Final[dict[str, Callable[[object], bool]]] = {
    "time": _is_count,
    "time|None": _is_time_or_none,
    "count": _is_count,
    "count|None": _or_none(_is_count),
    "milli|None": _or_none(_is_count),
    "bool": lambda value: isinstance(value, bool),
    "text|None": _or_none(_is_text),
    "list[text]": _is_texts,
    "operation": _one_of(OPERATION_SLUGS),
    "operation|None": _or_none(_one_of(OPERATION_SLUGS)),
    "category": _one_of(CATEGORY_SLUGS),
    "category|None": _or_none(_one_of(CATEGORY_SLUGS)),
    "jurisdiction|None": _or_none(_one_of(JURISDICTION_SLUGS)),
    "approval_state": _one_of(frozenset({"none", "live", "revoked"})),
    "consent_state": _one_of(frozenset({"unnamed", "none", "live", "withdrawn"})),
    "list[attestation]": _all_of(ATTESTATION_SLUGS),
    "list[circumstance]": _all_of(CIRCUMSTANCE_SLUGS),
    "list[evaluation]": _records(_EVALUATION),
    "list[watchlist]": _records(_WATCHLIST),
    "case_state": _one_of(frozenset({"none", "unknown", "open", "closed"})),
    "offence|None": _or_none(_one_of(OFFENCE_SLUGS)),
    "list[authorisation]": _records(_AUTHORISATION),
    "list[break glass]": _records(_BREAK_GLASS),
    "list[log part]": _all_of(frozenset({"sequencer", "witness"})),
    "list[moratorium]": _records(_MORATORIUM),
    "list[exemption]": _records(_EXEMPTION),
}

_S = FactSource

FACTS: Final[dict[str, FactSpec]] = {
    spec.name: spec
    for spec in (
        FactSpec("now", "time", _S.DERIVED, "The database's clock, in microseconds since the Unix epoch."),
        FactSpec("operation", "operation", _S.REQUEST, "What is to be done."),
        FactSpec("result_of", "operation|None", _S.REQUEST, "For read_result and review: the operation that made it."),
        FactSpec("purpose", "text|None", _S.REQUEST, "Why, as the request or the key's binding states it."),
        FactSpec("on_behalf_of", "category|None", _S.REQUEST, "For whom, as the request or the key states it."),
        FactSpec(
            "jurisdiction", "jurisdiction|None", _S.REQUEST, "Whose law applies, as the request or key states it."
        ),
        FactSpec("tenant_category", "category", _S.TENANT, "What kind of organisation the tenant is."),
        FactSpec(
            "approval_state", "approval_state", _S.APPROVAL, "Whether the tenant's approval is none, live, revoked."
        ),
        FactSpec("approval_valid_from", "time|None", _S.APPROVAL, "The first instant of the approval."),
        FactSpec("approval_expires_at", "time|None", _S.APPROVAL, "The first instant after the approval."),
        FactSpec("approval_approvers", "count", _S.APPROVAL, "How many distinct people approved."),
        FactSpec("approval_conflicted", "bool", _S.APPROVAL, "Whether an approver belongs to the applicant."),
        FactSpec("approval_purposes", "list[text]", _S.APPROVAL, "The registered purposes."),
        FactSpec("approval_operations", "list[text]", _S.APPROVAL, "The registered operations."),
        FactSpec(
            "approval_jurisdictions", "list[text]", _S.APPROVAL, "The registered jurisdictions; each covers its parts."
        ),
        FactSpec("approval_end_users", "list[text]", _S.APPROVAL, "The registered end users, as categories."),
        FactSpec("approval_engine_versions", "list[text]", _S.APPROVAL, "The engine versions that were evaluated."),
        FactSpec("engine_version", "text|None", _S.COLLECTION, "The engine version that would be used."),
        FactSpec(
            "suspended", "list[text]", _S.TENANT, "Which of organisation, user, key and collection are suspended."
        ),
        FactSpec(
            "moratoria",
            "list[moratorium]",
            _S.DERIVED,
            "The moratoria not lifted that may cover the use, scheduled ones too.",
        ),
        FactSpec(
            "exemptions", "list[exemption]", _S.TENANT, "The exemptions of this tenant from them that have not ended."
        ),
        FactSpec(
            "audit_stale", "list[log part]", _S.DERIVED, "Which of the log's sequencer and witness have not kept up."
        ),
        FactSpec("threshold_milli", "milli|None", _S.REQUEST, "The similarity threshold in per cent, times 1000."),
        FactSpec("key_operations", "list[text]", _S.KEY, "What the key or role may do; empty: nothing."),
        FactSpec("key_purposes", "list[text]", _S.KEY, "What the key or role may be used for; empty: nothing."),
        FactSpec(
            "key_end_users",
            "list[text]",
            _S.KEY,
            "For whom the key or role may act: the key's list, or else its default; empty: no restriction.",
        ),
        FactSpec(
            "key_jurisdictions",
            "list[text]",
            _S.KEY,
            "Where the key or role may act: the key's list, or else its default; empty: no restriction.",
        ),
        FactSpec("case_state", "case_state", _S.CASE, "Whether the case that the request names is there and open."),
        FactSpec("case_purpose", "text|None", _S.CASE, "What the case is for."),
        FactSpec("case_offence", "offence|None", _S.CASE, "How grave the offence is that the case is about."),
        FactSpec("case_admits", "bool", _S.CASE, "Whether who asks may work on it: one of its officers, or a key."),
        FactSpec(
            "authorisations",
            "list[authorisation]",
            _S.CASE,
            "What courts have allowed in the case, or are yet to ratify; without what was purged or withdrawn.",
        ),
        FactSpec(
            "break_glass",
            "list[break glass]",
            _S.CASE,
            "Emergencies declared in the case that have not ended, and until when each must be confirmed.",
        ),
        FactSpec(
            "obligations_met", "list[text]", _S.REQUEST, "The obligations that this way of asking will carry out."
        ),
        FactSpec(
            "review_training_until",
            "time|None",
            _S.TENANT,
            "Until when the training of the member as a reviewer is attested; null: it is not, or this is a key.",
        ),
        FactSpec("gallery_size", "count|None", _S.COLLECTION, "How many faces the search would go through."),
        FactSpec("gallery_growth", "count", _S.REQUEST, "How many faces an enrolment adds at least."),
        FactSpec("approval_gallery_cap", "count|None", _S.APPROVAL, "The most faces in one gallery; null: not set."),
        FactSpec("approval_daily_searches", "count|None", _S.APPROVAL, "The most searches in 24 hours; null: not set."),
        FactSpec("approval_attestations", "list[attestation]", _S.APPROVAL, "What the organisation has attested."),
        FactSpec("circumstances", "list[circumstance]", _S.REQUEST, "What the request says may stop it."),
        FactSpec("attributes", "list[text]", _S.REQUEST, "The attributes of a face that are asked for."),
        FactSpec(
            "fmr_femto",
            "count|None",
            _S.DERIVED,
            "The false match rate of one comparison at the threshold, by the engine's calibration, times 10^15.",
        ),
        FactSpec(
            "evaluations",
            "list[evaluation]",
            _S.DERIVED,
            "What is known of the engine version's errors: the local report, or else the shipped summary.",
        ),
        FactSpec(
            "searches_asked", "count", _S.REQUEST, "Searches that this adds; a job is counted when it is accepted."
        ),
        FactSpec("searches_today", "count", _S.DERIVED, "Searches of the organisation in the last 24 hours."),
        FactSpec(
            "searches_in_case", "count|None", _S.DERIVED, "Searches made so far in the case; null: no case is named."
        ),
        FactSpec(
            "searches_of_subject",
            "count|None",
            _S.DERIVED,
            "Searches with this probe in the last 30 days, since an independent review; null: many probes, or none.",
        ),
        FactSpec(
            "gallery_kept_days",
            "count|None",
            _S.COLLECTION,
            "After how many days the collection's faces are past their time; 0: its purpose is met, or it is under a"
            " legal hold; null: no collection is concerned.",
        ),
        FactSpec("consent_state", "consent_state", _S.COLLECTION, "The consent on record of the person enrolled."),
        FactSpec("disclosed_until", "time", _S.TENANT, "The end of the last disclosure report, or the first approval."),
        FactSpec("watchlists", "list[watchlist]", _S.COLLECTION, "The terms on which the collection is a watch-list."),
    )
}

_CHECKS: Final = tuple((spec.name, FACT_TYPES[spec.type]) for spec in FACTS.values())
_ABSENT: Final = object()


def unusable_facts(facts: Facts) -> frozenset[str]:
    """Return the names of the declared facts that are absent or of the wrong type.

    Args:
        facts: any JSON object; members that are not declared are ignored.
    """
    return frozenset(name for name, check in _CHECKS if not check(facts.get(name, _ABSENT)))
