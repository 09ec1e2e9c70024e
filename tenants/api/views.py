"""Keys, members and the organisation itself over REST. Who may is decided by the services."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import timedelta

from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.documentation import PAGE, documented
from common.pagination import page
from common.vocabulary import TenantRole
from tenants import services
from tenants.api import examples
from tenants.api import serializers as shapes
from tenants.api.requests import actor_of, validated_body
from tenants.models import Tenant
from tenants.views import link_of

_KEYS = "keys"
_MEMBERS = "members"
_ORGANISATION = "organisation"


class KeyList(APIView):
    @documented(
        "list_keys",
        governed=False,
        summary="List the tenant's API keys, ended ones included, newest first",
        tag=_KEYS,
        parameters=PAGE,
        responses={200: shapes.KeyPage},
        problems=(400,),
        examples=examples.KEYS,
    )
    def get(self, request: Request) -> Response:
        found = services.list_keys(
            actor_of(request),
            paginate=lambda rows: page(rows, request, present=shapes.key_of, newest_first=True),
        )
        return Response(shapes.KeyPage(found).data)

    @documented(
        "create_key",
        governed=False,
        summary="Issue an API key; a key issues none that may do more than itself",
        tag=_KEYS,
        json=shapes.CreateKeyRequest,
        responses={201: shapes.IssuedKeyResponse},
        problems=(400,),
        examples=examples.CREATE_KEY,
    )
    def post(self, request: Request) -> Response:
        actor = actor_of(request)
        body = validated_body(request, shapes.CreateKeyRequest)
        binding = services.KeyBinding(
            operations=set(body["scopes"]),
            purposes=set(body["purposes"]),
            default_purpose=body.get("default_purpose") or body["purposes"][0],
            default_jurisdiction=body.get("default_jurisdiction") or actor.usage.jurisdiction or "",
            end_users=set(body["end_users"]),
            jurisdictions=set(body["jurisdictions"]),
            default_on_behalf_of=body["default_on_behalf_of"],
        )
        issued = services.create_key(actor, name=body["name"], binding=binding, expires_at=body["expires_at"])
        return _issued(issued)


class KeyDetail(APIView):
    @documented(
        "get_key",
        governed=False,
        summary="Read an API key",
        tag=_KEYS,
        responses={200: shapes.KeyResponse},
        problems=(404,),
        examples=examples.KEY,
    )
    def get(self, request: Request, key_id: uuid.UUID) -> Response:
        key = services.get_key(actor_of(request), key_id=key_id)
        return Response(shapes.KeyResponse(shapes.key_of(key)).data)

    @documented(
        "revoke_key",
        governed=False,
        summary="Revoke an API key: its next request is refused, and its jobs stop at their next batch",
        tag=_KEYS,
        responses={204: None},
        problems=(404,),
    )
    def delete(self, request: Request, key_id: uuid.UUID) -> Response:
        services.revoke_key(actor_of(request), key_id=key_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


class KeyRotation(APIView):
    @documented(
        "rotate_key",
        governed=False,
        summary="Give an API key new secrets; the present ones go on for a while",
        tag=_KEYS,
        json=shapes.RotateKeyRequest,
        responses={201: shapes.IssuedKeyResponse},
        problems=(400, 404, 409),
        examples=examples.ROTATE_KEY,
    )
    def post(self, request: Request, key_id: uuid.UUID) -> Response:
        body = validated_body(request, shapes.RotateKeyRequest)
        overlap = timedelta(seconds=body["overlap_seconds"])
        return _issued(services.rotate_key(actor_of(request), key_id=key_id, overlap=overlap))


class MemberList(APIView):
    @documented(
        "list_members",
        governed=False,
        summary="List the tenant's members",
        tag=_MEMBERS,
        parameters=PAGE,
        responses={200: shapes.MemberPage},
        problems=(400,),
        examples=examples.MEMBERS,
    )
    def get(self, request: Request) -> Response:
        found = services.list_members(
            actor_of(request), paginate=lambda rows: page(rows, request, present=shapes.member_of)
        )
        return Response(shapes.MemberPage(found).data)


class MemberInvitation(APIView):
    @documented(
        "invite_member",
        governed=False,
        summary="Invite an address by mail; a pending invitation of it is withdrawn",
        tag=_MEMBERS,
        json=shapes.InviteMemberRequest,
        responses={201: shapes.InvitationResponse},
        problems=(400,),
        examples=examples.INVITE_MEMBER,
    )
    def post(self, request: Request) -> Response:
        body = validated_body(request, shapes.InviteMemberRequest)
        invitation = services.invite_member(
            actor_of(request),
            email=body["email"],
            role=TenantRole(body["role"]),
            link_of=lambda token: link_of(request._request, token),
        )
        answer = shapes.InvitationResponse(shapes.invitation_of(invitation)).data
        return Response(answer, status=status.HTTP_201_CREATED)


class MemberDetail(APIView):
    @documented(
        "change_role",
        governed=False,
        summary="Give a member another role",
        tag=_MEMBERS,
        json=shapes.ChangeRoleRequest,
        responses={200: shapes.MemberResponse},
        problems=(400, 404, 409),
        examples=examples.CHANGE_ROLE,
    )
    def patch(self, request: Request, member_id: uuid.UUID) -> Response:
        role = TenantRole(validated_body(request, shapes.ChangeRoleRequest)["role"])
        member = services.change_role(actor_of(request), member_id=member_id, role=role)
        return Response(shapes.MemberResponse(shapes.member_of(member)).data)

    @documented(
        "remove_member",
        governed=False,
        summary="End a membership: the person's next request is refused, and their jobs stop at their next batch",
        tag=_MEMBERS,
        responses={204: None},
        problems=(404, 409),
    )
    def delete(self, request: Request, member_id: uuid.UUID) -> Response:
        services.remove_member(actor_of(request), member_id=member_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


class OrganisationDetail(APIView):
    @documented(
        "get_organisation",
        governed=False,
        summary="Read the own organisation, and whether its deletion was asked for",
        tag=_ORGANISATION,
        responses={200: shapes.OrganisationResponse},
        examples=examples.ORGANISATION,
    )
    def get(self, request: Request) -> Response:
        return _organisation(services.get_organisation(actor_of(request)))

    @documented(
        "change_organisation",
        governed=False,
        summary="Say, as an owner or admin, what members' requests are for when they do not say it",
        tag=_ORGANISATION,
        json=shapes.ChangeOrganisationRequest,
        responses={200: shapes.OrganisationResponse},
        examples=examples.CHANGE_ORGANISATION,
    )
    def patch(self, request: Request) -> Response:
        actor, body = actor_of(request), validated_body(request, shapes.ChangeOrganisationRequest)
        stated = {name.removeprefix("default_"): value for name, value in body.items()}
        defaults = replace(services.MemberDefaults.of(services.get_organisation(actor)), **stated)
        return _organisation(services.change_defaults(actor, defaults=defaults))


class OrganisationDeletion(APIView):
    @documented(
        "delete_organisation",
        governed=False,
        summary="Ask, as an owner, for the deletion of the organisation with all it has, after a time of grace",
        tag=_ORGANISATION,
        json=shapes.DeleteOrganisationRequest,
        responses={200: shapes.OrganisationResponse},
        problems=(400,),
        examples=examples.DELETE_ORGANISATION,
    )
    def post(self, request: Request) -> Response:
        confirmation = validated_body(request, shapes.DeleteOrganisationRequest)["confirm"]
        return _organisation(services.request_deletion(actor_of(request), confirmation=confirmation))


class OrganisationKeeping(APIView):
    @documented(
        "keep_organisation",
        governed=False,
        summary="Take the request for deletion back, as an owner, while it is not due",
        tag=_ORGANISATION,
        responses={200: shapes.OrganisationResponse},
        problems=(409,),
        examples=examples.KEEP_ORGANISATION,
    )
    def post(self, request: Request) -> Response:
        return _organisation(services.withdraw_deletion(actor_of(request)))


def _organisation(tenant: Tenant) -> Response:
    return Response(shapes.OrganisationResponse(shapes.organisation_of(tenant)).data)


def _issued(issued: services.IssuedKey) -> Response:
    answer = shapes.IssuedKeyResponse(shapes.issued_key_of(issued)).data
    return Response(answer, status=status.HTTP_201_CREATED, headers={"Cache-Control": "no-store"})
