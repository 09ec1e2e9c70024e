"""Who may open cases, record authorisations and attest training. No use of faces: it does not pass the gate.

A case allows nothing by itself; it is what rules ask for (decision 0022). So a tenant can prepare it before it is
approved, as it can invite people (decision 0010).
"""

from __future__ import annotations

from typing import Final

from common.context import Actor, ActorKind
from common.vocabulary import TenantRole
from tenants import membership
from tenants.ports import require_not_suspended

CASE_WORKERS: Final = (TenantRole.OWNER, TenantRole.ADMIN, TenantRole.CASE_WORKER)
_READERS: Final = (*CASE_WORKERS, TenantRole.REVIEWER)


def require_case_worker(actor: Actor) -> None:
    """Go on only for a case worker, a manager, or a key with the scope administer; none of them suspended.

    Raises:
        NotAMember, RoleNotSufficient, Suspended.
    """
    _require(actor, roles=CASE_WORKERS)
    require_not_suspended(actor)


def require_person(actor: Actor) -> None:
    """As `require_case_worker`, but a signed-in member: whose a key is cannot be told, so no key is a second person.

    Raises:
        NotAMember, RoleNotSufficient, Suspended.
    """
    membership.require_role(actor, *CASE_WORKERS)
    require_not_suspended(actor)


def require_reader(actor: Actor) -> None:
    """Go on only for who works on cases or reviews their results, or a key with the scope administer.

    Raises:
        NotAMember, RoleNotSufficient.
    """
    _require(actor, roles=_READERS)


def _require(actor: Actor, *, roles: tuple[TenantRole, ...]) -> None:
    if actor.kind is ActorKind.API_KEY:
        membership.require_manager(actor)
    else:
        membership.require_role(actor, *roles)
