"""For which organisation a person with several memberships works, and leaving with all of one."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from common.context import Actor
from dashboard.forms import ConfirmForm
from dashboard.pages import member_page, person_page, show
from tenants import membership, services


@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def leave(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Ask for the deletion of the organisation, or see when it is due."""
    organisation = services.get_organisation(actor)
    form = ConfirmForm(request.POST or None, expected=organisation.slug)
    if form.is_valid():
        services.request_deletion(actor, confirmation=form.cleaned_data["name"])
        messages.success(request, "The deletion was asked for. It can be taken back here until it is due.")
        return redirect("dashboard:organisation-delete")
    content = {"form": form, "leaving": organisation}
    return show(request, "organisation_delete", content, status=422 if form.errors else 200)


@require_POST
@member_page
def stay(request: HttpRequest, actor: Actor) -> HttpResponse:
    services.withdraw_deletion(actor)
    messages.success(request, "The organisation stays.")
    return redirect("dashboard:organisations")


@require_safe
@person_page
def index(request: HttpRequest) -> HttpResponse:
    return show(request, "organisations", {"memberships": membership.memberships_of(request)})


@require_POST
@person_page
def choose(request: HttpRequest, tenant_id: uuid.UUID) -> HttpResponse:
    membership.choose_membership(request, tenant_id)
    messages.success(request, "From now on you work for the organisation that is shown above.")
    return redirect("dashboard:overview")
