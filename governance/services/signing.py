"""Who may sign what, and the entry that says so: shared by all acts of staff."""

from __future__ import annotations

import uuid
from typing import Any

from common.vocabulary import StaffRole
from governance.audit import ledger
from governance.audit.tags import Tag
from governance.errors import NotPermittedForRole
from tenants.models import User


def require(user: User, *, role: StaffRole) -> None:
    if not user.is_active or user.staff_role != role:
        raise NotPermittedForRole(f"This takes a member of staff with the role {role}.")


def require_two(users: tuple[User, User], *, role: StaffRole) -> None:
    for user in users:
        require(user, role=role)
    if users[0].pk == users[1].pk:
        raise NotPermittedForRole("This takes two different people.")


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
