"""Collections: list, create, look into, delete."""

from __future__ import annotations

from typing import Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_safe

from common.context import Actor
from common.pagination import rows_of
from dashboard.forms import CollectionForm, ConfirmForm
from dashboard.pages import member_page, show
from recognition.errors import CollectionExists
from recognition.services import collections, deletion, faces

_FACES_SHOWN: Final = 50


@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    form = CollectionForm(request.POST or None)
    if form.is_valid():
        try:
            collections.create_collection(**form.cleaned_data, actor=actor)
        except CollectionExists as error:
            form.add_error("name", error.detail)
        else:
            messages.success(request, f"The collection {form.cleaned_data['name']} is ready.")
            return redirect("dashboard:collection", form.cleaned_data["name"])

    found = collections.list_collections(actor=actor, paginate=lambda rows: rows_of(rows, request))
    status = 422 if form.errors else 200
    return show(request, "collections", {"form": form, "collections": found}, status=status)


@require_safe
@member_page
def detail(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    content = {
        "collection": collections.get_collection(name, actor=actor),
        "faces": faces.list_faces(
            collection_name=name, actor=actor, paginate=lambda rows: rows_of(rows, request, limit=_FACES_SHOWN)
        ),
    }
    return show(request, "collection", content)


@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def delete(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    form = ConfirmForm(request.POST or None, expected=name)
    if form.is_valid():
        deletion.delete_collection(name, actor=actor)
        messages.success(request, f"The collection {name} and everything in it is deleted.")
        return redirect("dashboard:collections")
    content = {"form": form, "name": name}
    return show(request, "collection_delete", content, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def purpose_met(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    """Say that the collection has served its purpose."""
    form = ConfirmForm(request.POST or None, expected=name)
    if form.is_valid():
        deletion.declare_purpose_met(name, actor=actor)
        messages.success(request, f"Nothing of {name} is found any more; its faces are purged within a day.")
        return redirect("dashboard:collections")
    content = {"form": form, "name": name, "collection": collections.get_collection(name, actor=actor)}
    return show(request, "purpose_met", content, status=422 if form.errors else 200)
