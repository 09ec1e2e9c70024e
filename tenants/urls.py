"""The account pages: sign-in with a second factor, password reset (allauth), and invitations.

A change of an account and its audit entry commit together: each page of allauth runs in one transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from allauth.account import urls as account_urls
from allauth.mfa import urls as second_factor_urls
from django.db import transaction
from django.urls import URLPattern, URLResolver, include, path, re_path
from django.urls.resolvers import RoutePattern

from tenants import views


def _in_transactions(patterns: Sequence[URLPattern | URLResolver]) -> list[URLPattern | URLResolver]:
    """Return the patterns of another package's pages, each page in a transaction."""
    found: list[URLPattern | URLResolver] = []
    for pattern in patterns:
        is_route = isinstance(pattern.pattern, RoutePattern)
        make: Any = path if is_route else re_path
        if isinstance(pattern, URLResolver):
            found.append(make(str(pattern.pattern), include(_in_transactions(pattern.url_patterns))))
        else:
            found.append(make(str(pattern.pattern), transaction.atomic(pattern.callback), name=pattern.name))
    return found


urlpatterns = [
    path("invitations/<str:token>/", views.invitation, name="invitation"),
    *_in_transactions(account_urls.urlpatterns),
    path("2fa/", include(_in_transactions(second_factor_urls.urlpatterns))),
]
