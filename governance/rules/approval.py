"""VET and ALW-001: what an organisation's approval must be, and what it allows; ALW-002: rights need none.

All but VET-001 and ALW-002 speak only about a live approval (`judges_approval`).
"""

from __future__ import annotations

from typing import Final

from common.vocabulary import Operation
from governance.rules.emergency import broken_glass
from governance.rules.rule import Default, Effect, Finding, Parameters, Rule, since
from governance.rules.situation import Situation, known, require_known

MINIMUM_APPROVERS: Final = 2

# The operations that run a model, and so can be caught by a change of the model.
ENGINE_OPERATIONS: Final = (
    Operation.DETECT,
    Operation.ANALYSE_ATTRIBUTES,
    Operation.COMPARE,
    Operation.ENROL,
    Operation.SEARCH,
    Operation.WATCHLIST_REALTIME,
    Operation.TRACK,
    Operation.CLUSTER,
    Operation.EVALUATE,
)

_LIMITED_ACCESS: Final = (
    "Microsoft's Limited Access policy for facial recognition (21 June 2022): customers apply, and are approved for"
    " named uses."
)
_SINCE: Final = since("2022-06-21")

_SCOPE_FACTS: Final = (
    "operation",
    "result_of",
    "purpose",
    "jurisdiction",
    "tenant_category",
    "on_behalf_of",
    "approval_operations",
    "approval_purposes",
    "approval_jurisdictions",
    "approval_end_users",
)


def _period_problem(situation: Situation) -> str | None:
    now = known(situation.now)
    if now < situation.demand("approval_valid_from"):
        return "is not valid yet"
    if now >= situation.demand("approval_expires_at"):
        return "has expired; there is no period of grace"
    return None


def _outside(situation: Situation) -> list[str]:
    """Name each dimension of the request that the approval does not register."""
    facts = situation.facts
    require_known(situation.acts, situation.purpose, situation.end_user, situation.lineage)
    lineage = known(situation.lineage)
    outside = []
    if situation.acts not in facts["approval_operations"]:
        outside.append(f"operation {situation.acts}")
    if situation.purpose not in facts["approval_purposes"]:
        outside.append(f"purpose {situation.purpose}")
    if not any(code in facts["approval_jurisdictions"] for code in lineage):
        outside.append(f"jurisdiction {lineage[0]}")
    if situation.end_user not in facts["approval_end_users"]:
        outside.append(f"end user {situation.end_user}")
    return outside


def approval_is_live(situation: Situation, /, *, parameters: Parameters) -> Finding | None:
    """VET-001."""
    state = situation.facts["approval_state"]
    return None if state == "live" else {"state": "was revoked" if state == "revoked" else "was never given"}


def approval_is_in_its_period(situation: Situation, /, *, parameters: Parameters) -> Finding | None:
    """VET-002."""
    problem = _period_problem(situation)
    return {"problem": problem} if problem else None


def approval_has_two_approvers(situation: Situation, /, *, parameters: Parameters) -> Finding | None:
    """VET-003."""
    if situation.facts["approval_conflicted"]:
        return {"problem": "was given by somebody who belongs to the applicant"}
    if situation.facts["approval_approvers"] < MINIMUM_APPROVERS:
        return {"problem": "was not given by two different people"}
    return None


def use_is_registered(situation: Situation, /, *, parameters: Parameters) -> Finding | None:
    """VET-004."""
    if broken_glass(situation) is not None:
        return None
    outside = _outside(situation)
    return {"outside": ", ".join(outside)} if outside else None


def engine_is_evaluated(situation: Situation, /, *, parameters: Parameters) -> Finding | None:
    """VET-005."""
    version = situation.facts["engine_version"]
    if version is None or version in situation.facts["approval_engine_versions"]:
        return None
    return {"version": version}


def approved_use(situation: Situation, /, *, parameters: Parameters) -> Finding | None:
    """ALW-001. Repeats period and scope of the approval: an allow must not lean on the rules that deny."""
    return {} if _period_problem(situation) is None and not _outside(situation) else None


def right(situation: Situation, /, *, parameters: Parameters) -> Finding | None:
    """ALW-002."""
    return {} if situation.is_right else None


VET_RULES: Final = (
    Rule(
        id="VET-001",
        title="No live approval",
        effect=Effect.DENY,
        sentence="The organisation has no approval, or it was revoked.",
        reason="The organisation has no live approval: it {state}.",
        source=_LIMITED_ACCESS,
        needs=("approval_state",),
        check=approval_is_live,
        defaults=(Default(effective_from=_SINCE),),
    ),
    Rule(
        id="VET-002",
        title="Approval outside its period",
        effect=Effect.DENY,
        sentence="The approval has expired, with no period of grace, or is not valid yet.",
        reason="The approval {problem}.",
        source=_LIMITED_ACCESS,
        needs=("now", "approval_state", "approval_valid_from", "approval_expires_at"),
        check=approval_is_in_its_period,
        judges_approval=True,
        defaults=(Default(effective_from=_SINCE),),
    ),
    Rule(
        id="VET-003",
        title="Approval without two independent approvers",
        effect=Effect.DENY,
        sentence="Fewer than two different people approved, or one of them belongs to the applicant.",
        reason="The approval {problem}.",
        source="Separation of duties (NIST SP 800-53, AC-5).",
        needs=("approval_state", "approval_approvers", "approval_conflicted"),
        check=approval_has_two_approvers,
        judges_approval=True,
        defaults=(Default(effective_from=_SINCE),),
    ),
    Rule(
        id="VET-004",
        title="Outside the registered use",
        effect=Effect.DENY,
        sentence="Operation, purpose, jurisdiction or end user is not among those registered. A registered jurisdiction"
        " covers its parts; reading a result counts as the operation that made it. Break-glass (BRK-001) lifts it.",
        reason="The approval does not register: {outside}.",
        source=_LIMITED_ACCESS,
        needs=("now", "approval_state", *_SCOPE_FACTS, "break_glass"),
        check=use_is_registered,
        judges_approval=True,
        defaults=(Default(effective_from=_SINCE),),
    ),
    Rule(
        id="VET-005",
        title="Model not evaluated for this approval",
        effect=Effect.DENY,
        sentence="The engine version that would be used is not among those evaluated for the approval.",
        reason="The engine version {version} has not been evaluated for this approval.",
        source="EU AI Act, Article 43(4): a substantial modification calls for a new conformity assessment.",
        needs=("approval_state", "engine_version", "approval_engine_versions"),
        check=engine_is_evaluated,
        judges_approval=True,
        defaults=(Default(effective_from=_SINCE, selector={"operations": [*ENGINE_OPERATIONS]}),),
    ),
)

ALW_RULES: Final = (
    Rule(
        id="ALW-001",
        title="Approved use",
        effect=Effect.ALLOW,
        sentence="A live approval registers this operation, purpose, jurisdiction and end user. Where no rule allows,"
        " the refusal carries this id.",
        reason="No approval allows {operation} for purpose {purpose} in {jurisdiction} on behalf of {end_user}.",
        source="Fail-safe defaults (Saltzer and Schroeder 1975): access rests on permission, not on exclusion.",
        needs=("now", "approval_state", "approval_valid_from", "approval_expires_at", *_SCOPE_FACTS),
        check=approved_use,
        judges_approval=True,
        # Begins no earlier than any rule that denies: a clock set far back refuses, it does not set free.
        defaults=(Default(effective_from=since("2025-02-02")),),
    ),
    Rule(
        id="ALW-002",
        title="Exercise of a right",
        effect=Effect.ALLOW,
        sentence="Deletion and reading one's own decisions need no approval, and neither a moratorium nor the"
        " suspension of the organisation or a collection stands in their way: stopping never blocks rights. Who may"
        " exercise them is judged by KEY-002 and SUS-002; whose data it is remains a matter of tenant isolation.",
        reason="",
        source="GDPR, Articles 15 and 17 (access and erasure).",
        needs=("operation",),
        check=right,
        is_mandatory=True,
        spares_rights=False,
        defaults=(Default(),),
    ),
)
