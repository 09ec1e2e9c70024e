"""Persons of a collection: list, create, look into, give faces and take them, search, delete."""

from __future__ import annotations

import uuid
from typing import Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST

from common.context import Actor
from common.errors import InvalidRequest
from common.pagination import rows_of
from common.vocabulary import JoinReason
from dashboard.forms import ConfirmForm
from dashboard.pages import member_page, show
from dashboard.person_forms import JoinForm, PersonForm, PersonNameForm, PersonPictureForm, PersonSearchForm
from dashboard.pictures import picture_of
from recognition.errors import PersonExists, PersonNotFound
from recognition.services import enrolment, persons
from recognition.services.joining import Unchanged

_FACES_SHOWN: Final = 100  # as many as a person may have


@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def index(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    form = PersonForm(request.POST or None)
    if form.is_valid():
        try:
            persons.create_person(**form.cleaned_data, collection_name=name, actor=actor)
        except PersonExists as error:
            form.add_error("name", error.detail)
        else:
            return redirect("dashboard:person", name, form.cleaned_data["name"])
    found = persons.list_persons(collection_name=name, actor=actor, paginate=lambda rows: rows_of(rows, request))
    content = {"form": form, "name": name, "persons": found}
    return show(request, "persons", content, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def detail(request: HttpRequest, actor: Actor, name: str, person: str) -> HttpResponse:
    """Show a person; sent back, the form changes the name that is shown."""
    form = PersonNameForm(request.POST or None)
    if form.is_valid():
        persons.update_person(
            person,
            collection_name=name,
            actor=actor,
            changes={"display_name": form.cleaned_data["display_name"]},
        )
        messages.success(request, "The name is changed.")
        return redirect("dashboard:person", name, person)
    found = persons.get_person(person, collection_name=name, actor=actor)
    faces = persons.list_faces_of(
        person,
        collection_name=name,
        actor=actor,
        paginate=lambda rows: rows_of(rows, request, limit=_FACES_SHOWN),
    )
    form.initial["display_name"] = found.display_name
    content = {"form": form, "name": name, "person": found, "faces": faces}
    return show(request, "person", content, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def enrol(request: HttpRequest, actor: Actor, name: str, person: str) -> HttpResponse:
    form = PersonPictureForm(request.POST or None, request.FILES or None)
    if form.is_valid():
        enrolment.enrol_image(
            form.cleaned_data["image"], collection_name=name, actor=form.narrowed(actor), person=person
        )
        messages.success(request, "The face is enrolled as this person's.")
        return redirect("dashboard:person", name, person)
    found = persons.get_person(person, collection_name=name, actor=actor)
    content = {"form": form, "name": name, "person": found}
    return show(request, "person_enrol", content, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def delete(request: HttpRequest, actor: Actor, name: str, person: str) -> HttpResponse:
    form = ConfirmForm(request.POST or None, expected=person)
    if form.is_valid():
        persons.delete_person(person, collection_name=name, actor=actor)
        messages.success(request, "The person is deleted; the faces are still in the collection.")
        return redirect("dashboard:persons", name)
    content = {"form": form, "name": name, "person": persons.get_person(person, collection_name=name, actor=actor)}
    return show(request, "person_delete", content, status=422 if form.errors else 200)


@require_POST
@member_page
def remove_face(request: HttpRequest, actor: Actor, name: str, person: str, face_id: uuid.UUID) -> HttpResponse:
    persons.disassociate_faces(person, face_ids=[face_id], collection_name=name, actor=actor)
    messages.success(request, "The face is taken from this person; it is still in the collection.")
    return redirect("dashboard:person", name, person)


@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def join(request: HttpRequest, actor: Actor, name: str, face_id: uuid.UUID) -> HttpResponse:
    """Say whose an enrolled face is."""
    form = JoinForm(request.POST or None)
    if form.is_valid() and _is_joined(form, actor=actor, name=name, face_id=face_id):
        messages.success(request, "The face is joined to the person.")
        return redirect("dashboard:person", name, form.cleaned_data["person"])
    known = persons.list_persons(collection_name=name, actor=actor, paginate=lambda rows: rows_of(rows, request))
    content = {"form": form, "name": name, "face_id": face_id, "persons": known}
    return show(request, "face_join", content, status=422 if form.errors else 200)


def _is_joined(form: JoinForm, *, actor: Actor, name: str, face_id: uuid.UUID) -> bool:
    """Join; where that does not work, the form says why."""
    values = form.cleaned_data
    try:
        joining = persons.associate_faces(
            values["person"],
            face_ids=[face_id],
            collection_name=name,
            actor=form.narrowed(actor),
            threshold=values["threshold"],
        )
    except PersonNotFound as error:
        form.add_error("person", error.detail)
        return False
    for unchanged in joining.unchanged:
        form.add_error(None, _why(unchanged))
    return not joining.unchanged


def _why(unchanged: Unchanged) -> str:
    if unchanged.reason is JoinReason.FACE_NOT_FOUND:
        return "This face is not in the collection."
    if unchanged.reason is JoinReason.LOW_MATCH_CONFIDENCE:
        return f"The face is not alike enough to the person's others: {unchanged.similarity:.1f} % similar."
    return f"The face is another person's: {unchanged.person}."


@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def search(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    form = PersonSearchForm(request.POST or None, request.FILES or None)
    if not form.is_valid():
        persons.list_persons(collection_name=name, actor=actor, paginate=lambda rows: rows_of(rows, request, limit=1))
        return show(request, "person_search", {"form": form, "name": name}, status=422 if form.errors else 200)
    data: bytes = form.cleaned_data["image"]
    found = persons.search_persons(
        collection_name=name,
        actor=form.narrowed(actor),
        image=data,
        threshold=form.cleaned_data["threshold"],
        masks=True,
    )
    if found.review_task is not None:
        return redirect("dashboard:review", found.review_task)
    if found.probe is None:
        raise InvalidRequest("A picture is searched for here.")
    picture = picture_of(data)
    outlines = [picture.outline(found.probe.box, number=1, prefix="probe")]
    content = {"name": name, "found": found, "picture": picture, "outlines": outlines}
    return show(request, "persons_found", content)
