"""Buckets of the organisation's own: register, try, remove. Their log-ins are sealed and never shown."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from common.context import Actor
from common.errors import PayloadTooLarge, Unprocessable, UnsupportedMedia
from common.pagination import rows_of
from dashboard.access_forms import BucketForm, BucketTrialForm
from dashboard.pages import member_page, show
from recognition.errors import BucketExists
from recognition.services import buckets


@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The list, with the form for another one where the operator lists services."""
    endpoints = buckets.offered_endpoints()
    form = BucketForm(request.POST or None, endpoints=endpoints)
    if form.is_valid():
        try:
            bucket = buckets.register_bucket(actor, stated=form.stated)
        except BucketExists as error:
            form.add_error("name", error.detail)
        else:
            messages.success(request, f"{bucket.name} is registered. Try whether it can be read.")
            return redirect("dashboard:bucket-try", bucket.id)
    content = {
        "buckets": buckets.list_buckets(actor, paginate=lambda rows: rows_of(rows, request)),
        "form": form if endpoints else None,
    }
    return show(request, "buckets", content, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def attempt(request: HttpRequest, actor: Actor, bucket_id: uuid.UUID) -> HttpResponse:
    """Read one picture of a bucket, and say what came."""
    form = BucketTrialForm(request.POST or None)
    tried = None
    if form.is_valid():
        try:
            tried = buckets.try_bucket(actor, bucket_id=bucket_id, key=form.cleaned_data["name"])
        except (Unprocessable, UnsupportedMedia, PayloadTooLarge) as error:
            form.add_error(None, f"{error.title}. {error.detail}")
    content = {"bucket": buckets.get_bucket(actor, bucket_id=bucket_id), "form": form, "tried": tried}
    return show(request, "bucket_try", content, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def remove(request: HttpRequest, actor: Actor, bucket_id: uuid.UUID) -> HttpResponse:
    if request.method == "POST":
        buckets.remove_bucket(actor, bucket_id=bucket_id)
        messages.success(request, "The bucket is forgotten, and its log-in is deleted.")
        return redirect("dashboard:buckets")
    return show(request, "bucket_remove", {"bucket": buckets.get_bucket(actor, bucket_id=bucket_id)})
