"""For which organisation a person with several memberships works."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from dashboard.pages import person_page, show
from tenants import membership


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
