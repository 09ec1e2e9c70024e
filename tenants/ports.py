"""What tenants ask of the layers above: whether somebody is suspended. Registered at start-up; unregistered denies."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection

from common.context import Actor
from tenants.errors import Suspended

# Given a tenant and ids of users and keys, return which kinds of them are suspended; inside the tenant's scope.
SuspendedKinds = Callable[[uuid.UUID, Collection[uuid.UUID]], Collection[str]]

_suspended_kinds: SuspendedKinds | None = None


def register_suspensions(look_up: SuspendedKinds) -> None:
    """Say who knows about suspensions (governance, when it is ready)."""
    global _suspended_kinds
    _suspended_kinds = look_up


def require_not_suspended(actor: Actor) -> None:
    """Go on only when neither the tenant nor the actor itself is suspended; to be called inside the tenant's scope.

    Raises:
        Suspended: one of them is, or nobody can tell.
    """
    if _suspended_kinds is None:
        raise Suspended("Whether somebody is suspended cannot be told.")
    kinds = _suspended_kinds(actor.tenant_id, (actor.id,))
    if kinds:
        raise Suspended(f"Suspended: {', '.join(sorted(kinds))}.")


def require_actor_not_suspended(actor: Actor) -> None:
    """Go on only when the actor itself is not suspended, whatever its tenant is: what an organisation may always do.

    Raises:
        Suspended: the actor is, or nobody can tell.
    """
    if _suspended_kinds is None:
        raise Suspended("Whether somebody is suspended cannot be told.")
    kinds = set(_suspended_kinds(actor.tenant_id, (actor.id,))) - {"organisation"}
    if kinds:
        raise Suspended(f"Suspended: {', '.join(sorted(kinds))}.")
