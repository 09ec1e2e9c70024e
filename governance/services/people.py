"""Members of staff: made, and given back their way in, by two oversight members; shut out by one.

A staff role is given with the account and never changes, so making staff is also the only way to grant a role.
"""

from __future__ import annotations

import secrets
import uuid
from typing import Final

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import QuerySet

from common.errors import InvalidRequest
from common.vocabulary import StaffRole
from governance.audit import ledger
from governance.audit.tags import Tag
from governance.errors import OversightSuffices, StaffNotFound
from governance.four_eyes import Execution, Payload, Signed
from governance.services.payloads import ids, text
from governance.services.signing import because, record, require
from tenants import services
from tenants.models import User

_USING: Final = "officer"
# So many of oversight sign a reinstatement: with fewer nobody could ever be let in again.
_QUORUM: Final = 2


def check_staff(payload: Payload) -> None:
    """Refuse a name that is taken, an address that is none, or a role that is none."""
    _role_of(payload)
    try:
        validate_email(text(payload, "email"))
    except ValidationError as error:
        raise InvalidRequest("The change states no valid e-mail address.") from error
    services.require_free_username(text(payload, "username"), using=_USING)


def execute_staff(payload: Payload, signed: Signed) -> Execution:
    """Create the person with a password that nobody knows: a new one is asked for by the address, at the sign-in."""
    user = services.create_staff(
        username=text(payload, "username"),
        password=secrets.token_urlsafe(32),
        role=_role_of(payload),
        actor=ledger.ActorRef("staff", str(signed.approver.pk)),
        email=text(payload, "email"),
        using=_USING,
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
    services.reset_second_factor(user, using=_USING)
    return Execution(result_id=user.pk)


def deactivate_staff(user_id: uuid.UUID, *, by: User, reason: str) -> None:
    """Shut a member of staff out, at once; one oversight member is enough to stop.

    Sessions end with the next request, and what the person asked for can be signed by nobody.

    Raises:
        NotPermittedForRole: not an oversight member.
        InvalidRequest: it is the person's own account.
        StaffNotFound: nobody of this id is active.
    """
    require(by, role=StaffRole.OVERSIGHT)
    if by.pk == user_id:
        raise InvalidRequest("Nobody shuts themselves out: another oversight member does it.")
    with transaction.atomic(using=_USING):
        if not _staff(is_active=True).filter(pk=user_id).update(is_active=False):
            raise StaffNotFound
        record(Tag.STAFF_DEACTIVATED, (by,), resource=("user", user_id), tenant_id=None, data=because(reason))


def check_reinstatement(payload: Payload) -> None:
    """Refuse somebody who was not shut out."""
    if not _staff(is_active=False).filter(pk=ids(payload, "user")).exists():
        raise StaffNotFound("There is no member of staff of this id who is shut out.")


def execute_reinstatement(payload: Payload, signed: Signed) -> Execution:
    """Let the person in again, as one who is new: with a password that nobody knows, and no second factor."""
    user = _staff(is_active=False).select_for_update().get(pk=ids(payload, "user"))
    _let_in(user)
    record(Tag.STAFF_REINSTATED, signed.people, resource=("user", user.pk), tenant_id=None, data={})
    return Execution()


def reinstate_without_quorum(username: str) -> None:
    """Let an oversight member in again where there are no two who could sign for it; for the operator.

    Raises:
        OversightSuffices: there are two.
        StaffNotFound: nobody of the oversight who is shut out has this name.
    """
    with transaction.atomic(using=_USING):
        if _staff(is_active=True).filter(staff_role=StaffRole.OVERSIGHT).count() >= _QUORUM:
            raise OversightSuffices
        shut_out = _staff(is_active=False).filter(staff_role=StaffRole.OVERSIGHT, username=username)
        user = shut_out.select_for_update().first()
        if user is None:
            raise StaffNotFound("Nobody of the oversight who is shut out has this name.")
        _let_in(user)
        ledger.record_event(
            Tag.STAFF_REINSTATED,
            actor=ledger.SYSTEM,
            resource=ledger.Resource("user", user.pk),
            tenant_id=None,
            data={},
            using=_USING,
        )


def _let_in(user: User) -> None:
    """Sessions, password and second factor may be in other hands: none of them opens the account any more."""
    user.is_active = True
    user.set_password(secrets.token_urlsafe(32))
    user.save(using=_USING, update_fields=["is_active", "password"])
    services.reset_second_factor(user, using=_USING)


def _role_of(payload: Payload) -> StaffRole:
    role = text(payload, "role")
    if role not in set(StaffRole):
        raise InvalidRequest(f"{role} is no role of staff.")
    return StaffRole(role)


def _staff_of(payload: Payload) -> User:
    user = _staff(is_active=True).filter(pk=ids(payload, "user")).first()
    if user is None:
        raise StaffNotFound
    return user


def _staff(*, is_active: bool) -> QuerySet[User]:
    return User.objects.using(_USING).filter(is_active=is_active).exclude(staff_role="")
