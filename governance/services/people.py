"""Members of staff: made, and given back their way in, by two oversight members.

A staff role is given with the account and never changes, so making staff is also the only way to grant a role.
"""

from __future__ import annotations

import secrets

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from common.errors import InvalidRequest
from common.vocabulary import StaffRole
from governance.audit import ledger
from governance.errors import StaffNotFound
from governance.four_eyes import Execution, Payload, Signed
from governance.services.payloads import ids, text
from tenants import services
from tenants.models import User


def check_staff(payload: Payload) -> None:
    """Refuse a name that is taken, an address that is none, or a role that is none."""
    _role_of(payload)
    try:
        validate_email(text(payload, "email"))
    except ValidationError as error:
        raise InvalidRequest("The change states no valid e-mail address.") from error
    services.require_free_username(text(payload, "username"), using="officer")


def execute_staff(payload: Payload, signed: Signed) -> Execution:
    """Create the person with a password that nobody knows: a new one is asked for by the address, at the sign-in."""
    user = services.create_staff(
        username=text(payload, "username"),
        password=secrets.token_urlsafe(32),
        role=_role_of(payload),
        actor=ledger.ActorRef("staff", str(signed.approver.pk)),
        email=text(payload, "email"),
        using="officer",
    )
    return Execution(result_id=user.pk)


def check_reset(payload: Payload) -> None:
    """Refuse somebody who is no active member of staff."""
    _staff_of(payload)


def execute_reset(payload: Payload, signed: Signed) -> Execution:
    """Take the second factors away: the person sets up a new one at the next sign-in, before anything else."""
    user = _staff_of(payload)
    if user.pk in {person.pk for person in signed.people}:
        raise InvalidRequest("Nobody signs for their own second factor.")
    services.reset_second_factor(user, using="officer")
    return Execution(result_id=user.pk)


def _role_of(payload: Payload) -> StaffRole:
    role = text(payload, "role")
    if role not in set(StaffRole):
        raise InvalidRequest(f"{role} is no role of staff.")
    return StaffRole(role)


def _staff_of(payload: Payload) -> User:
    user = User.objects.using("officer").filter(pk=ids(payload, "user"), is_active=True).exclude(staff_role="").first()
    if user is None:
        raise StaffNotFound
    return user
