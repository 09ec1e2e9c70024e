"""Requests and answers about keys and members."""

from __future__ import annotations

from typing import Any, Final

from rest_framework import serializers

from common.serializers import StrictSerializer
from common.vocabulary import JURISDICTION_PARENTS, PERSONAL, CustomerCategory, Operation, Purpose, TenantRole
from tenants import credentials
from tenants.models import ApiKey, Invitation, Membership, Tenant
from tenants.services import IssuedKey
from tenants.services.keys import DEFAULT_OVERLAP, LONGEST_OVERLAP

_SCOPES: Final = [str(operation) for operation in Operation if operation not in PERSONAL]
_PURPOSES: Final = [str(purpose) for purpose in Purpose]
_CATEGORIES: Final = [str(category) for category in CustomerCategory]
_ROLES: Final = [str(role) for role in TenantRole]
_JURISDICTIONS: Final = sorted(JURISDICTION_PARENTS)


def _several(choices: list[str], **options: Any) -> serializers.ListField:
    return serializers.ListField(child=serializers.ChoiceField(choices=choices), max_length=len(choices), **options)


class CreateKeyRequest(StrictSerializer):
    name = serializers.CharField(max_length=100)
    scopes = _several(_SCOPES, min_length=1, help_text="Operations that the key may do.")
    purposes = _several(_PURPOSES, min_length=1)
    end_users = _several(
        _CATEGORIES, default=list, help_text="Empty: the default alone; without a default, all that the approval names."
    )
    jurisdictions = _several(_JURISDICTIONS, default=list, help_text="Empty: the default alone, with its parts.")
    default_purpose = serializers.ChoiceField(choices=_PURPOSES, required=False, help_text="Left out: the first.")
    default_on_behalf_of = serializers.ChoiceField(choices=_CATEGORIES, allow_null=True, default=None)
    default_jurisdiction = serializers.ChoiceField(
        choices=_JURISDICTIONS, required=False, help_text="Left out: that of this request."
    )
    expires_at = serializers.DateTimeField(allow_null=True, default=None)


class RotateKeyRequest(StrictSerializer):
    overlap_seconds = serializers.IntegerField(
        min_value=0,
        max_value=int(LONGEST_OVERLAP.total_seconds()),
        default=int(DEFAULT_OVERLAP.total_seconds()),
        help_text="How long the present secrets go on. 0: they end at once.",
    )


class KeySecretResponse(serializers.Serializer[Any]):
    access_key_id = serializers.CharField(help_text="Name of the pair of secrets; also the AWS access key id.")
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True)


class KeyResponse(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    scopes = serializers.ListField(child=serializers.CharField())
    purposes = serializers.ListField(child=serializers.CharField())
    end_users = serializers.ListField(child=serializers.CharField())
    jurisdictions = serializers.ListField(child=serializers.CharField())
    default_purpose = serializers.CharField()
    default_on_behalf_of = serializers.CharField(allow_null=True)
    default_jurisdiction = serializers.CharField()
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True)
    revoked_at = serializers.DateTimeField(allow_null=True)
    secrets = KeySecretResponse(many=True, help_text="Those not revoked, newest first; two while a rotation lasts.")


class KeyPage(serializers.Serializer[Any]):
    items = KeyResponse(many=True)
    next_cursor = serializers.CharField(allow_null=True)


class IssuedKeyResponse(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    api_key = serializers.CharField(help_text="Bearer token. Shown once.")
    access_key_id = serializers.CharField()
    secret_access_key = serializers.CharField(help_text="For AWS Signature Version 4. Shown once.")
    previous_until = serializers.DateTimeField(allow_null=True, help_text="When the secrets before these end.")


class MemberResponse(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    username = serializers.CharField()
    email = serializers.CharField(allow_blank=True)
    role = serializers.ChoiceField(choices=_ROLES)
    created_at = serializers.DateTimeField()


class MemberPage(serializers.Serializer[Any]):
    items = MemberResponse(many=True)
    next_cursor = serializers.CharField(allow_null=True)


class InviteMemberRequest(StrictSerializer):
    email = serializers.EmailField(max_length=254)
    role = serializers.ChoiceField(choices=_ROLES)


class InvitationResponse(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    email = serializers.CharField()
    role = serializers.ChoiceField(choices=_ROLES)
    expires_at = serializers.DateTimeField()


class ChangeRoleRequest(StrictSerializer):
    role = serializers.ChoiceField(choices=_ROLES)


def key_of(key: ApiKey) -> dict[str, Any]:
    """Return the members of `KeyResponse`; the key's secrets that were not revoked are prefetched."""
    return {
        "id": key.id,
        "name": key.label,
        "scopes": key.operations,
        "purposes": key.purposes,
        "end_users": key.end_users,
        "jurisdictions": key.jurisdictions,
        "default_purpose": key.default_purpose,
        "default_on_behalf_of": key.default_on_behalf_of,
        "default_jurisdiction": key.default_jurisdiction,
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "revoked_at": key.revoked_at,
        "secrets": [
            {
                "access_key_id": credentials.access_key_id_of(secret.public_id),
                "created_at": secret.created_at,
                "expires_at": secret.expires_at,
            }
            for secret in key.secrets.all()
        ],
    }


class DeleteOrganisationRequest(StrictSerializer):
    confirm = serializers.CharField(max_length=63, help_text="The slug of the organisation, from who means it.")


class DeletionResponse(serializers.Serializer[Any]):
    requested_at = serializers.DateTimeField()
    due_at = serializers.DateTimeField(help_text="Until then it can be taken back.")


def _default(choices: list[str], **options: Any) -> serializers.ChoiceField:
    return serializers.ChoiceField(choices=choices, allow_null=True, **options)


class ChangeOrganisationRequest(StrictSerializer):
    """What is left out stays; null: each request has to say it."""

    default_purpose = _default(_PURPOSES, required=False, help_text="Of members' requests that do not say it.")
    default_on_behalf_of = _default(_CATEGORIES, required=False)
    default_jurisdiction = _default(_JURISDICTIONS, required=False)


class OrganisationResponse(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    slug = serializers.CharField()
    name = serializers.CharField()
    category = serializers.CharField()
    default_purpose = _default(_PURPOSES, help_text="Of members' requests that do not say it; keys have their own.")
    default_on_behalf_of = _default(_CATEGORIES)
    default_jurisdiction = _default(_JURISDICTIONS)
    created_at = serializers.DateTimeField()
    deletion = DeletionResponse(allow_null=True, help_text="Null unless the deletion was asked for.")


def organisation_of(tenant: Tenant) -> dict[str, Any]:
    """Return the members of `OrganisationResponse`."""
    asked = tenant.deletion_due_at is not None
    deletion = {"requested_at": tenant.deletion_requested_at, "due_at": tenant.deletion_due_at} if asked else None
    return {
        "id": tenant.id,
        "slug": tenant.slug,
        "name": tenant.name,
        "category": tenant.category,
        "default_purpose": tenant.default_purpose,
        "default_on_behalf_of": tenant.default_on_behalf_of,
        "default_jurisdiction": tenant.default_jurisdiction,
        "created_at": tenant.created_at,
        "deletion": deletion,
    }


def issued_key_of(issued: IssuedKey) -> dict[str, Any]:
    """Return the members of `IssuedKeyResponse`."""
    return {
        "id": issued.id,
        "api_key": issued.token,
        "access_key_id": issued.access_key_id,
        "secret_access_key": issued.secret_access_key,
        "previous_until": issued.previous_until,
    }


def member_of(member: Membership) -> dict[str, Any]:
    """Return the members of `MemberResponse`."""
    return {
        "id": member.id,
        "username": member.user.username,
        "email": member.user.email,
        "role": member.role,
        "created_at": member.created_at,
    }


def invitation_of(invitation: Invitation) -> dict[str, Any]:
    """Return the members of `InvitationResponse`."""
    return {
        "id": invitation.id,
        "email": invitation.email,
        "role": invitation.role,
        "expires_at": invitation.expires_at,
    }
