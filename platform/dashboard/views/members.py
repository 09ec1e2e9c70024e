"""Members: who belongs to the organisation, invitations, roles."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST

from common.context import Actor
from common.errors import InvalidRequest
from common.pagination import rows_of
from common.vocabulary import TenantRole
from dashboard.access_forms import DefaultsForm, InvitationForm, RoleForm
from dashboard.pages import member_page, show
from tenants.services import MemberDefaults, change_defaults, get_organisation, invitations, members
from tenants.views import link_of


@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    form = InvitationForm(request.POST or None)
    if form.is_valid():
        email, role = form.cleaned_data["email"], TenantRole(form.cleaned_data["role"])
        invitations.invite_member(actor, email=email, role=role, link_of=lambda token: link_of(request, token))
        messages.success(request, "The invitation is on its way.")
        return redirect("dashboard:members")
    content = {
        "form": form,
        "members": members.list_members(actor, paginate=lambda rows: rows_of(rows, request)),
        "invitations": members.list_invitations(actor),
        "roles": list(TenantRole),
        "defaults_form": DefaultsForm.filled_in(MemberDefaults.of(get_organisation(actor))),
    }
    return show(request, "members", content, status=422 if form.errors else 200)


@require_POST
@member_page
def change(request: HttpRequest, actor: Actor, member_id: uuid.UUID) -> HttpResponse:
    """Give a member another role."""
    form = RoleForm(request.POST)
    if not form.is_valid():
        raise InvalidRequest("There is no such role.")
    members.change_role(actor, member_id=member_id, role=TenantRole(form.cleaned_data["role"]))
    messages.success(request, "The role is changed; it holds from the next request on.")
    return redirect("dashboard:members")


@require_POST
@member_page
def defaults(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Say what requests of members are for when they do not say it."""
    form = DefaultsForm(request.POST)
    if not form.is_valid():
        raise InvalidRequest("There is no such purpose, category or place.")
    change_defaults(actor, defaults=form.defaults)
    messages.success(request, "Changed; it holds from the next request on.")
    return redirect("dashboard:members")


@require_POST
@member_page
def remove(request: HttpRequest, actor: Actor, member_id: uuid.UUID) -> HttpResponse:
    members.remove_member(actor, member_id=member_id)
    messages.success(request, "The membership has ended.")
    return redirect("dashboard:members")


@require_POST
@member_page
def withdraw(request: HttpRequest, actor: Actor, invitation_id: uuid.UUID) -> HttpResponse:
    invitations.withdraw_invitation(actor, invitation_id=invitation_id)
    messages.success(request, "The invitation is withdrawn; its link leads nowhere now.")
    return redirect("dashboard:members")
