"""What can go wrong with credentials, members and keys."""

from __future__ import annotations

from common.errors import Conflict, Forbidden, InvalidRequest, NotFound, Unauthenticated, Unavailable


class KeyNotAccepted(Unauthenticated):
    """One answer for unknown, wrong, expired and revoked: a caller learns nothing about other people's keys."""

    code = "key-not-accepted"
    title = "The API key is not accepted"


class SlugTaken(Conflict):
    code = "slug-taken"
    title = "Another tenant has this name"


class BindingInvalid(InvalidRequest):
    code = "binding-invalid"
    title = "The key's binding is not valid"


class GovernanceHeaderInvalid(InvalidRequest):
    code = "governance-header-invalid"
    title = "A governance header is not valid"


class NotAMember(Forbidden):
    """The person is signed in, but belongs to no tenant, or no longer to the chosen one."""

    code = "not-a-member"
    title = "This person is not a member of the tenant"


class RoleNotSufficient(Forbidden):
    code = "role-not-sufficient"
    title = "The member's role or the key's scopes do not allow this"


class WiderThanOwn(Forbidden):
    """Nobody hands on more than they have."""

    code = "wider-than-own"
    title = "This would give away more than the caller has"


class Suspended(Forbidden):
    code = "suspended"
    title = "The organisation, the person or the key is suspended"


class KeyNotFound(NotFound):
    code = "key-not-found"
    title = "There is no such API key"


class KeyEnded(Conflict):
    code = "key-ended"
    title = "The API key is revoked or expired"


class MemberNotFound(NotFound):
    code = "member-not-found"
    title = "There is no such member"


class AlreadyAMember(Conflict):
    code = "already-a-member"
    title = "This person is a member already"


class LastOwner(Conflict):
    """A tenant without an owner could not be handed on by anybody."""

    code = "last-owner"
    title = "A tenant keeps at least one owner"


class InvitationNotAccepted(NotFound):
    """One answer for unknown, used, withdrawn and expired."""

    code = "invitation-not-accepted"
    title = "The invitation does not exist, was used, or has expired"


class InvitationNotFound(NotFound):
    code = "invitation-not-found"
    title = "There is no such pending invitation"


class StaffCannotJoin(Conflict):
    code = "staff-cannot-join"
    title = "Staff of the platform cannot be members of a tenant"


class UsernameTaken(Conflict):
    code = "username-taken"
    title = "Another person has this user name"


class MailUnavailable(Unavailable):
    """What was to be told by mail is stored, but the mail was not sent: doing it again is safe."""

    code = "mail-unavailable"
    title = "The mail server does not take mail right now"


class ConfirmationMismatch(InvalidRequest):
    code = "confirmation-mismatch"
    title = "The confirmation is another word"


class DeletionUnderWay(Conflict):
    code = "deletion-under-way"
    title = "The organisation is being deleted already"
