"""Staff of the platform do nothing with a password alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from urllib.parse import urlencode

from allauth.account.authentication import get_authentication_records
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from tenants.models import User

# Where a second factor is set up and shown, and one's own session ended.
_ACCOUNTS: Final = "/accounts/"


class SecondFactorForStaff:
    """Confine a member of staff to the account pages until this very session has shown a second factor.

    That the account *has* one is not enough: a session that began with the password alone, before it was set up
    elsewhere, would be let in with it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user
        is_free = request.path.startswith((_ACCOUNTS, settings.STATIC_URL))
        if is_free or not isinstance(user, User) or not user.is_staff or has_shown_second_factor(request, user):
            return self.get_response(request)
        page = "mfa_reauthenticate" if is_mfa_enabled(user) else "mfa_activate_totp"
        return HttpResponseRedirect(f"{reverse(page)}?{urlencode({'next': request.get_full_path()})}")


def has_shown_second_factor(request: HttpRequest, user: User) -> bool:
    """Whether a one-time or recovery code of this person was accepted in this session."""
    return any(record.get("method") == "mfa" for record in get_authentication_records(request, user))
