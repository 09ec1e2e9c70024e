"""Who may sign what, and the entry that says so: shared by all acts of staff."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Collection
from typing import Any

from common.vocabulary import StaffRole
from governance.audit import ledger
from governance.audit.tags import Tag
from governance.errors import NotPermittedForRole
from tenants.models import User


def require(user: User, *, role: StaffRole) -> None:
    """Go on only for an active member of staff with the role.

    Raises:
        NotPermittedForRole.
    """
    require_any(user, roles={role})


def require_any(user: User, *, roles: Collection[StaffRole]) -> None:
    """Go on only for an active member of staff with one of the roles.

    Raises:
        NotPermittedForRole.
    """
    if not user.is_active or user.staff_role not in roles:
        raise NotPermittedForRole(f"This takes a member of staff with the role {' or '.join(sorted(roles))}.")


def because(reason: str) -> dict[str, str]:
    """Return a reason as the log keeps it: its digest. Words may name somebody, and the log forgets nothing."""
    return {"reason_sha256": hashlib.sha256(reason.encode()).hexdigest()} if reason else {}


def record(
    tag: Tag,
    people: tuple[User, ...],
    *,
    resource: tuple[str, uuid.UUID],
    tenant_id: uuid.UUID | None,
    data: dict[str, Any],
) -> None:
    ledger.record_event(
        tag,
        actor=ledger.ActorRef("staff", str(people[0].pk)),
        resource=ledger.Resource(*resource),
        tenant_id=tenant_id,
        data={**data, "people": [str(person.pk) for person in people]},
        using="officer",
    )
