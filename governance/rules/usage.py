"""EUS, PUR and KEY: for whom and why it is done, and whether the key or the member's role is meant for it."""

from __future__ import annotations

from typing import Final

from common.vocabulary import RIGHTS, CustomerCategory, Operation, Purpose
from governance.rules.rule import Default, Effect, Finding, Parameter, Parameters, Rule, since
from governance.rules.situation import Situation, known, require_known

_C = CustomerCategory
_P = Purpose

# Creating and listing collections looks at no face: it has neither a purpose nor an end user of its own.
FACE_OPERATIONS: Final = tuple(
    operation for operation in Operation if operation not in RIGHTS and operation is not Operation.ADMINISTER
)

# Those who commonly do the work of others, the police among them: rescue organisations and clearing houses hand their
# findings to investigators, security firms work for whoever hires them. Identity verification also serves others, but
# compares a person who takes part with that person's own document, so whom it serves changes nothing about the rules.
THIRD_PARTY_CATEGORIES: Final = (
    _C.VICTIM_RESCUE_NGO,
    _C.MISSING_PERSONS_CLEARINGHOUSE,
    _C.PRIVATE_SECURITY,
)

PURPOSE_CATEGORIES: Final[dict[Purpose, tuple[CustomerCategory, ...]]] = {
    _P.PHOTO_ORGANISATION: (_C.PERSONAL, _C.CONSUMER_SOFTWARE, _C.MEDIA),
    _P.IDENTITY_VERIFICATION: (_C.IDENTITY_VERIFICATION, _C.CONSUMER_SOFTWARE, _C.EMPLOYER, _C.IMMIGRATION),
    _P.SECOND_FACTOR: (_C.IDENTITY_VERIFICATION, _C.CONSUMER_SOFTWARE, _C.EMPLOYER, _C.EDUCATION, _C.PERSONAL),
    _P.ACCESS_CONTROL: (_C.EMPLOYER, _C.EDUCATION, _C.HOUSING, _C.PRIVATE_SECURITY, _C.CORRECTIONS, _C.PERSONAL),
    _P.MISSING_PERSON_SEARCH: (_C.MISSING_PERSONS_CLEARINGHOUSE, _C.VICTIM_RESCUE_NGO, _C.LAW_ENFORCEMENT),
    _P.VICTIM_IDENTIFICATION: (_C.VICTIM_RESCUE_NGO, _C.MISSING_PERSONS_CLEARINGHOUSE, _C.LAW_ENFORCEMENT),
    _P.CRIMINAL_INVESTIGATION: (_C.LAW_ENFORCEMENT,),
    _P.BORDER_CONTROL: (_C.IMMIGRATION, _C.LAW_ENFORCEMENT),
    _P.LOSS_PREVENTION: (_C.RETAIL, _C.PRIVATE_SECURITY),
    _P.JOURNALISM: (_C.MEDIA,),
    _P.RESEARCH_EVALUATION: (_C.RESEARCH, _C.EDUCATION, _C.MEDIA, _C.CONSUMER_SOFTWARE, _C.IDENTITY_VERIFICATION),
}

# The day the GDPR began to apply, and the day of Amazon's moratorium with its exempt vendors.
_GDPR: Final = since("2018-05-25")
_MORATORIUM: Final = since("2020-06-10")


def end_user_is_stated(situation: Situation, /, *, parameters: Parameters) -> Finding | None:
    """EUS-001."""
    category = known(situation.tenant_category)
    if situation.facts["on_behalf_of"] is not None or category not in parameters["categories"]:
        return None
    return {"category": category}


def purpose_is_permitted(situation: Situation, /, *, parameters: Parameters) -> Finding | None:
    """PUR-001."""
    require_known(situation.purpose, situation.tenant_category)
    purpose, category = known(situation.purpose), known(situation.tenant_category)
    categories = parameters["purposes"].get(purpose)
    if categories is None:
        return {"purpose": purpose, "problem": "is not in the vocabulary"}
    if category not in categories:
        return {"purpose": purpose, "problem": f"is not open to the category {category}"}
    return None


def key_is_bound_to_it(situation: Situation, /, *, parameters: Parameters) -> Finding | None:
    """KEY-001."""
    facts = situation.facts
    require_known(situation.operation, situation.purpose, situation.end_user)
    outside = []
    if situation.operation not in facts["key_operations"]:
        outside.append(f"operation {situation.operation}")
    if situation.purpose not in facts["key_purposes"]:
        outside.append(f"purpose {situation.purpose}")
    if facts["key_end_users"] and situation.end_user not in facts["key_end_users"]:
        outside.append(f"end user {situation.end_user}")
    if facts["key_jurisdictions"]:
        lineage = known(situation.lineage)
        if not any(code in facts["key_jurisdictions"] for code in lineage):
            outside.append(f"jurisdiction {lineage[0]}")
    return {"outside": ", ".join(outside)} if outside else None


def right_is_among_its_operations(situation: Situation, /, *, parameters: Parameters) -> Finding | None:
    """KEY-002."""
    operation = known(situation.operation)
    return None if operation in situation.facts["key_operations"] else {"operation": operation}


EUS_RULES: Final = (
    Rule(
        id="EUS-001",
        title="End user not stated",
        effect=Effect.DENY,
        sentence="An organisation of a category that serves third parties does not say on whose behalf it acts.",
        reason="The category {category} serves others: state on whose behalf this is done.",
        source='Microsoft bars use of facial recognition "by or for" the police: who is served counts.',
        needs=("tenant_category", "on_behalf_of"),
        check=end_user_is_stated,
        parameters=(Parameter("categories", "list[category]", "Categories that must state it."),),
        defaults=(
            Default(
                selector={"operations": [*FACE_OPERATIONS]},
                parameters={"categories": [*THIRD_PARTY_CATEGORIES]},
                effective_from=_MORATORIUM,
            ),
        ),
    ),
)

PUR_RULES: Final = (
    Rule(
        id="PUR-001",
        title="Purpose not permitted",
        effect=Effect.DENY,
        sentence="The purpose is not in the vocabulary, or not open to the tenant's category.",
        reason="The purpose {purpose} {problem}.",
        source="GDPR, Article 5(1)(b) (purpose limitation).",
        needs=("purpose", "tenant_category"),
        check=purpose_is_permitted,
        parameters=(Parameter("purposes", "table[purpose, list[category]]", "Categories each purpose is open to."),),
        defaults=(
            Default(
                selector={"operations": [*FACE_OPERATIONS]},
                parameters={"purposes": {purpose: [*allowed] for purpose, allowed in PURPOSE_CATEGORIES.items()}},
                effective_from=_GDPR,
            ),
        ),
    ),
)

KEY_RULES: Final = (
    Rule(
        id="KEY-001",
        title="Outside what the key is for",
        effect=Effect.DENY,
        sentence="The operation, purpose, end user or jurisdiction is not among those the API key is bound to, or the"
        " member's role permits. A key must name read_result to read results. A bound jurisdiction covers its parts.",
        reason="The key or role is not meant for: {outside}.",
        source="Least privilege (NIST SP 800-53, AC-6).",
        needs=(
            "operation",
            "purpose",
            "jurisdiction",
            "tenant_category",
            "on_behalf_of",
            "key_operations",
            "key_purposes",
            "key_end_users",
            "key_jurisdictions",
        ),
        check=key_is_bound_to_it,
        defaults=(Default(effective_from=_GDPR),),
    ),
    Rule(
        id="KEY-002",
        title="Right outside what the key or role may do",
        effect=Effect.DENY,
        sentence="Deleting, and reading one's own decisions, are the tenant's rights, which nothing that stops it takes"
        " away; inside the tenant they belong to those whose key names them or whose role has them. Purposes, end users"
        " and jurisdictions do not matter.",
        reason="The key or role may not {operation}.",
        source="Least privilege (NIST SP 800-53, AC-6).",
        needs=("operation", "key_operations"),
        check=right_is_among_its_operations,
        spares_rights=False,
        defaults=(Default(selector={"operations": sorted(RIGHTS)}, effective_from=_GDPR),),
    ),
)
