"""SUS and MOR: what has been stopped, for one tenant or for a kind of use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from common.vocabulary import RIGHTS
from governance.facts import Facts
from governance.rules.approval import MINIMUM_APPROVERS
from governance.rules.rule import Default, Effect, Finding, Parameters, Rule, since
from governance.rules.situation import FactsMissing, Situation, known, unknowns

Record = Mapping[str, Any]

# The day of Amazon's statement.
_SINCE: Final = since("2020-06-10")

# Those who exercise a tenant's rights for it; another key or member can go on in their place.
_HOLDERS: Final = ("user", "key")

_MORATORIUM_FACTS: Final = (
    "now",
    "operation",
    "result_of",
    "purpose",
    "jurisdiction",
    "tenant_category",
    "on_behalf_of",
    "moratoria",
    "exemptions",
)


def is_suspended(situation: Situation, /, *, parameters: Parameters) -> Finding | None:
    """SUS-001."""
    suspended = situation.facts["suspended"]
    return {"suspended": ", ".join(suspended)} if suspended else None


def holder_is_suspended(situation: Situation, /, *, parameters: Parameters) -> Finding | None:
    """SUS-002."""
    holders = [kind for kind in situation.facts["suspended"] if kind in _HOLDERS]
    return {"suspended": ", ".join(holders)} if holders else None


def is_under_moratorium(situation: Situation, /, *, parameters: Parameters) -> Finding | None:
    """MOR-001."""
    stopped = [moratorium["id"] for moratorium, _ in _unexempted(situation)]
    return {"moratoria": ", ".join(stopped)} if stopped else None


def is_outside_exemption(situation: Situation, /, *, parameters: Parameters) -> Finding | None:
    """MOR-002."""
    if not situation.facts["exemptions"]:
        return None
    outside = [
        f"{exemption['id']} ({', '.join(_outside(exemption, situation))})"
        for _, exemptions in _unexempted(situation)
        for exemption in exemptions
    ]
    return {"exemptions": "; ".join(outside)} if outside else None


def _unexempted(situation: Situation) -> list[tuple[Record, list[Record]]]:
    """Return each live moratorium that stops this use, with the exemptions from it that the tenant holds.

    Raises:
        FactsMissing: none surely stops it, but one may: a fact that would tell is not stated, or too broad.
    """
    now = known(situation.now)
    stopping = []
    missing: dict[str, None] = {}
    for moratorium in situation.facts["moratoria"]:
        if not _is_live(moratorium, now=now):
            continue
        untold = unknowns(moratorium, situation=situation, counts_results=True)
        if untold is None:
            continue
        exemptions = [item for item in situation.facts["exemptions"] if item["moratorium"] == moratorium["id"]]
        if any(not _outside(exemption, situation) for exemption in exemptions):
            continue
        missing |= dict.fromkeys(untold)
        if not untold:
            stopping.append((moratorium, exemptions))
    if missing and not stopping:
        raise FactsMissing(tuple(missing))
    return stopping


def in_reach(facts: Facts) -> dict[str, list[Record]]:
    """Return the moratoria that may cover a use, now or later, and the exemptions from these; others tell nothing.

    Args:
        facts: complete, with `moratoria` and `exemptions`.

    Returns:
        These two facts. Ill-typed ones as they are, so that they refuse; none for a right, which nothing here stops.
    """
    situation = Situation.from_facts(facts)
    if situation.is_right:
        return {"moratoria": [], "exemptions": []}
    if not situation.unusable.isdisjoint({"moratoria", "exemptions"}):
        return {"moratoria": facts["moratoria"], "exemptions": facts["exemptions"]}
    moratoria = [
        moratorium
        for moratorium in facts["moratoria"]
        if unknowns(moratorium, situation=situation, counts_results=True) is not None
    ]
    ids = {moratorium["id"] for moratorium in moratoria}
    return {
        "moratoria": moratoria,
        "exemptions": [exemption for exemption in facts["exemptions"] if exemption["moratorium"] in ids],
    }


def _is_live(record: Record, *, now: int) -> bool:
    return bool(record["from"] <= now and (record["until"] is None or now < record["until"]))


def _outside(exemption: Record, situation: Situation) -> list[str]:
    """Name each respect in which an exemption does not cover the use; an empty dimension covers nothing."""
    outside = []
    if situation.purpose not in exemption["purposes"]:
        outside.append("purpose")
    if situation.acts not in exemption["operations"]:
        outside.append("operation")
    if situation.end_user not in exemption["end_users"]:
        outside.append("end user")
    if not _is_live(exemption, now=known(situation.now)):
        outside.append("dates")
    if exemption["approvers"] < MINIMUM_APPROVERS:
        outside.append("fewer than two approvers")
    return outside


SUS_RULES: Final = (
    Rule(
        id="SUS-001",
        title="Suspended",
        effect=Effect.DENY,
        sentence="The organisation, the user, the key or the collection is suspended.",
        reason="Suspended: {suspended}.",
        source="EU AI Act, Article 20 (corrective actions: withdraw or disable).",
        needs=("suspended",),
        check=is_suspended,
        defaults=(Default(effective_from=_SINCE),),
    ),
    Rule(
        id="SUS-002",
        title="Right exercised by who is suspended",
        effect=Effect.DENY,
        sentence="The user or the key is suspended, revoked or expired. The rights of the organisation stay with its"
        " other members and keys: a stolen key deletes nothing.",
        reason="Suspended, and so no holder of the organisation's rights: {suspended}.",
        source="NIST SP 800-53, AC-2(13) (disable accounts of high-risk individuals).",
        needs=("suspended",),
        check=holder_is_suspended,
        spares_rights=False,
        defaults=(Default(selector={"operations": sorted(RIGHTS)}, effective_from=_SINCE),),
    ),
)

MOR_RULES: Final = (
    Rule(
        id="MOR-001",
        title="Moratorium",
        effect=Effect.DENY,
        sentence="A live moratorium covers the tenant's category or the end user's, the purpose, the operation and the"
        " jurisdiction, and no live exemption of the tenant covers the use. A moratorium for a jurisdiction holds in"
        " its parts, and a request for a wider one must say which part it means (INPUT-001); reading a result counts as"
        " the operation that made it. Break-glass (BRK-001) lifts none.",
        reason="Stopped by moratorium {moratoria}.",
        source="Amazon's moratorium on police use of Rekognition (10 June 2020, since May 2021 until further notice).",
        needs=_MORATORIUM_FACTS,
        check=is_under_moratorium,
        defaults=(Default(effective_from=_SINCE),),
    ),
    Rule(
        id="MOR-002",
        title="Exemption used outside its terms",
        effect=Effect.DENY,
        sentence="The tenant holds an exemption from the moratorium, but not for this purpose, operation, end user or"
        " time, or fewer than two people approved it.",
        reason="Not covered by the exemption held: {exemptions}.",
        source="The same statement's exemptions for named rescue organisations (Thorn, ICMEC, Marinus Analytics).",
        needs=_MORATORIUM_FACTS,
        check=is_outside_exemption,
        defaults=(Default(effective_from=_SINCE),),
    ),
)
