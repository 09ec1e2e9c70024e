"""People who sign in as they would: through the pages, with their second factor."""

from __future__ import annotations

import time
import uuid
from ipaddress import IPv6Address
from typing import Any

from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.test import Client

from common.context import Actor, ActorKind, Usage
from common.ids import new_id
from common.vocabulary import StaffRole, TenantRole
from governance.audit import ledger
from governance.audit.models import AuditEntry
from tenants import services
from tenants.models import User
from tenants.sign_in import give_totp
from tests.worlds import Player

PASSWORD = "correct horse battery"
LOGIN = "/accounts/login/"
SECOND_FACTOR = "/accounts/2fa/authenticate/"


def one_time_code(secret: str, *, steps: int = 0) -> str:
    """Return the code of now, or of so many steps of 30 s later."""
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + steps))


def make_staff(role: StaffRole = StaffRole.OFFICER) -> tuple[User, str]:
    """Make a member of staff with a second factor; return the person and its secret."""
    user = services.create_staff(
        username=f"{role}-{new_id().hex[-12:]}", password=PASSWORD, role=role, actor=ledger.SYSTEM
    )
    return user, give_totp(user)


def make_member(player: Player, role: TenantRole = TenantRole.OWNER, *, email: str = "") -> User:
    """Make a member of the player's tenant."""
    return services.create_member(
        player.tenant.id,
        username=f"{role}-{new_id().hex[-12:]}",
        password=PASSWORD,
        role=role,
        actor=ledger.SYSTEM,
        email=email,
    )


def actor_for(player: Player, user: User) -> Actor:
    """Return the actor that a signed-in member is, with what the player's key states."""
    usage: Usage = player.actor.usage
    return Actor(ActorKind.USER, user.pk, player.tenant.id, usage)


def owner_of(player: Player) -> Actor:
    """Return the actor of a new owner of the player's tenant."""
    return actor_for(player, make_member(player, TenantRole.OWNER))


def browser() -> Client:
    """Return a browser at an address of its own: sign-ins are limited by address."""
    return Client(REMOTE_ADDR=str(IPv6Address(new_id().int)))


def sign_in(user: User, secret: str | None = None, *, client: Client | None = None) -> Client:
    """Sign in by the pages, with the second factor where the person has one."""
    client = client or browser()
    response = client.post(LOGIN, {"login": user.username, "password": PASSWORD})
    assert response.status_code == 302, response.content.decode()
    if secret is not None:
        assert response["Location"].startswith(SECOND_FACTOR)
        response = client.post(SECOND_FACTOR, {"code": one_time_code(secret)})
        assert response.status_code == 302, response.content.decode()
    return client


def events_about(user: User, *, tenant_id: uuid.UUID | None = None) -> list[tuple[str, dict[str, Any]]]:
    """Return what the log says of a person's account, oldest first: tag and data."""
    entries = AuditEntry.objects.using("officer").filter(kind="event", tenant_id=tenant_id).order_by("ins_id")
    bodies = [entry.content for entry in entries]
    return [(body["action"], body["data"]) for body in bodies if body.get("resource", {}).get("id") == str(user.pk)]
