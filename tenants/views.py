"""The page behind an invitation's link."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from common.errors import Conflict
from tenants import services
from tenants.errors import InvitationNotAccepted, UsernameTaken
from tenants.forms import JoinForm
from tenants.models import User


@never_cache
@require_http_methods(["GET", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Show an invitation; accept it as who is signed in, or as a new person."""
    try:
        invited = services.read_invitation(token)
        user = request.user
        if isinstance(user, User):
            return _as_signed_in(request, invited=invited, user=user)
        return _as_new_person(request, invited=invited)
    except InvitationNotAccepted as error:
        return render(request, "accounts/invitation_ended.html", status=error.status)


def _as_signed_in(request: HttpRequest, *, invited: services.Invited, user: User) -> HttpResponse:
    problem, status = "", 200
    if request.method == "POST":
        try:
            services.accept_invitation(invited.token, user=user)
        except Conflict as error:
            problem, status = error.title, error.status
        else:
            return redirect(settings.LOGIN_REDIRECT_URL)
    return render(request, "accounts/invitation.html", _words(invited) | {"problem": problem}, status=status)


def _as_new_person(request: HttpRequest, *, invited: services.Invited) -> HttpResponse:
    form = JoinForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        name, password = form.cleaned_data["username"], form.cleaned_data["password"]
        try:
            services.join_as_new_person(invited.token, username=name, password=password)
        except UsernameTaken as error:
            form.add_error("username", error.title)
        except ValidationError as error:
            form.add_error("password", error)
        else:
            return redirect("account_login")
    return render(request, "accounts/invitation.html", _words(invited) | {"form": form})


def _words(invited: services.Invited) -> dict[str, object]:
    return {"tenant_name": invited.tenant_name, "role": invited.invitation.get_role_display()}


def link_of(request: HttpRequest, token: str) -> str:
    """Return the address of an invitation's page, as the server is reached by this request."""
    return request.build_absolute_uri(reverse("invitation", args=[token]))
