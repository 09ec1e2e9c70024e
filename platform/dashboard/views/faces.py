"""Faces: enrol them from pictures, search for them, delete them."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from common.context import Actor
from dashboard.forms import EnrolForm, SearchForm
from dashboard.pages import member_page, show
from dashboard.pictures import Picture, picture_of
from dashboard.results import enrolment_of, searches_of
from recognition.errors import EngineBusy
from recognition.services import collections, deletion, enrolment, faces, identification, images
from recognition.services.enrolment import Submission
from recognition.services.identification import Identification


@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def enrol(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    """One picture is enrolled at once and shown with its faces; several become a job."""
    form = EnrolForm(request.POST or None, request.FILES or None)
    if not form.is_valid():
        collection = collections.get_collection(name, actor=actor)
        content = {"form": form, "collection": collection}
        return show(request, "enrol", content, status=422 if form.errors else 200)
    pictures: list[bytes] = form.cleaned_data["images"]
    external_id, max_faces = form.cleaned_data["external_id"], form.cleaned_data["max_faces"]
    if len(pictures) > 1:
        job = enrolment.submit_job(
            [Submission(data, external_id) for data in pictures],
            collection_name=name,
            actor=form.narrowed(actor),
            max_faces=max_faces,
            quality=form.quality,
        )
        return redirect("dashboard:job", job.id)
    enrolled = enrolment.enrol_image(
        pictures[0],
        collection_name=name,
        actor=form.narrowed(actor),
        external_id=external_id,
        max_faces=max_faces,
        quality=form.quality,
    )
    try:
        picture = picture_of(pictures[0])
    except EngineBusy:  # what is enrolled is enrolled: an error would have it sent again
        messages.success(request, f"Faces enrolled: {len(enrolled.faces)}. The picture cannot be shown right now.")
        return redirect("dashboard:collection", name)
    shown = enrolment_of(enrolled, picture=picture)
    content = {"name": name, "picture": picture, "enrolled": shown, "outlines": shown.outlines}
    return show(request, "enrolled", content)


@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def search(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    form = SearchForm(request.POST or None, request.FILES or None)
    if not form.is_valid():
        collection = collections.get_collection(name, actor=actor)
        content = {"form": form, "collection": collection}
        return show(request, "search", content, partial="search_form", status=422 if form.errors else 200)
    data: bytes | None = form.cleaned_data["image"]
    found = _search(form, name=name, actor=form.narrowed(actor))
    if found.review_task is not None:
        return redirect("dashboard:review", found.review_task)
    picture: Picture | None = picture_of(data) if data is not None else None
    searches = searches_of(found, picture=picture)
    outlines = [search.outline for search in searches if search.outline]
    content = {"name": name, "picture": picture, "found": found, "searches": searches, "outlines": outlines}
    return show(request, "searched", content)


@require_safe
@member_page
def detail(request: HttpRequest, actor: Actor, name: str, face_id: uuid.UUID) -> HttpResponse:
    """A face, outlined on its picture where that is kept."""
    face = faces.get_face(face_id, collection_name=name, actor=actor)
    content: dict[str, object] = {"name": name, "face": face}
    if face.image_id is not None and images.get_image(face.image_id, actor=actor).file is not None:
        picture = picture_of(images.read_image(face.image_id, actor=actor)[1])
        content |= {"picture": picture, "outlines": [picture.outline(face.detected.box, number=1)]}
    return show(request, "face", content)


def _search(form: SearchForm, *, name: str, actor: Actor) -> Identification:
    values = form.cleaned_data
    if values["face_id"] is not None:
        return identification.search_by_face(
            values["face_id"],
            collection_name=name,
            actor=actor,
            threshold=values["threshold"],
            limit=values["limit"],
            masks=True,
        )
    return identification.search_by_image(
        values["image"],
        collection_name=name,
        actor=actor,
        threshold=values["threshold"],
        limit=values["limit"],
        every_face=values["every_face"],
        masks=True,
    )


@require_POST
@member_page
def delete(request: HttpRequest, actor: Actor, name: str, face_id: uuid.UUID) -> HttpResponse:
    deletion.delete_face(face_id, collection_name=name, actor=actor)
    messages.success(request, "The face and its template are deleted.")
    return redirect("dashboard:collection", name)
