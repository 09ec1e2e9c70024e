"""API keys: list, issue, rotate, revoke. A key's secrets are on the page that answers, and nowhere afterwards."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_safe

from common.context import Actor
from common.pagination import rows_of
from dashboard.access_forms import KeyForm, RotationForm
from dashboard.keys import listed
from dashboard.pages import member_page, show
from tenants.errors import BindingInvalid
from tenants.services import keys


@require_safe
@member_page
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    found = keys.list_keys(actor, paginate=lambda rows: rows_of(rows, request, newest_first=True))
    content = {"keys": [listed(key) for key in found.rows], "next_cursor": found.next_cursor}
    return show(request, "keys", content)


@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def create(request: HttpRequest, actor: Actor) -> HttpResponse:
    form = KeyForm(request.POST or None)
    if form.is_valid():
        try:
            issued = keys.create_key(
                actor, name=form.cleaned_data["name"], binding=form.binding, expires_at=form.expires_at
            )
        except BindingInvalid as error:
            form.add_error(None, error.detail)
        else:
            return show(request, "key_issued", {"issued": issued})
    return show(request, "key_new", {"form": form}, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def rotate(request: HttpRequest, actor: Actor, key_id: uuid.UUID) -> HttpResponse:
    form = RotationForm(request.POST or None)
    if form.is_valid():
        return show(request, "key_issued", {"issued": keys.rotate_key(actor, key_id=key_id, overlap=form.overlap)})
    content = {"form": form, "key": keys.get_key(actor, key_id=key_id)}
    return show(request, "key_rotate", content, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def revoke(request: HttpRequest, actor: Actor, key_id: uuid.UUID) -> HttpResponse:
    if request.method == "POST":
        keys.revoke_key(actor, key_id=key_id)
        messages.success(request, "The key is revoked: the next request with it is refused.")
        return redirect("dashboard:keys")
    return show(request, "key_revoke", {"key": keys.get_key(actor, key_id=key_id)})
