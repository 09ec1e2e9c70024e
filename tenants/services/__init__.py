"""What changes tenants, people and keys. Each writes, records an event in the same transaction, then returns."""

from tenants.services.binding import KeyBinding
from tenants.services.defaults import MemberDefaults, change_defaults
from tenants.services.departure import get_organisation, request_deletion, withdraw_deletion
from tenants.services.invitations import (
    Invited,
    accept_invitation,
    invite_member,
    join_as_new_person,
    read_invitation,
    withdraw_invitation,
)
from tenants.services.keys import (
    IssuedKey,
    create_key,
    get_key,
    issue_api_key,
    list_keys,
    revoke_api_key,
    revoke_key,
    rotate_key,
)
from tenants.services.members import change_role, list_invitations, list_members, remove_member
from tenants.services.provisioning import (
    create_member,
    create_staff,
    create_tenant,
    require_free_username,
    reset_second_factor,
)

__all__ = [
    "Invited",
    "IssuedKey",
    "KeyBinding",
    "MemberDefaults",
    "accept_invitation",
    "change_defaults",
    "change_role",
    "create_key",
    "create_member",
    "create_staff",
    "create_tenant",
    "get_key",
    "get_organisation",
    "invite_member",
    "issue_api_key",
    "join_as_new_person",
    "list_invitations",
    "list_keys",
    "list_members",
    "read_invitation",
    "remove_member",
    "request_deletion",
    "require_free_username",
    "reset_second_factor",
    "revoke_api_key",
    "revoke_key",
    "rotate_key",
    "withdraw_deletion",
    "withdraw_invitation",
]
