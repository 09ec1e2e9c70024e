"""Looking at pictures that are not kept: which faces are on one, and whether two show somebody alike."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_safe

from common.context import Actor
from dashboard.pages import member_page, show
from dashboard.picture_forms import CompareForm, DetectForm
from dashboard.pictures import picture_of
from dashboard.results import comparison_of, detection_of
from recognition.engines.liveness_figures import figures
from recognition.services import detection, verification


@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def detect(request: HttpRequest, actor: Actor) -> HttpResponse:
    form = DetectForm(request.POST or None, request.FILES or None)
    if not form.is_valid():
        return show(request, "detect", {"form": form}, status=422 if form.errors else 200)
    data: bytes = form.cleaned_data["image"]
    found = detection.detect_faces(data, actor=form.narrowed(actor), asked=form.asked)
    picture = picture_of(data)
    faces = detection_of(found, picture=picture)
    content = {"picture": picture, "faces": faces, "outlines": [seen.outline for seen in faces]}
    return show(request, "detected", content)


@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def compare(request: HttpRequest, actor: Actor) -> HttpResponse:
    form = CompareForm(request.POST or None, request.FILES or None)
    if not form.is_valid():
        return show(request, "compare", {"form": form}, status=422 if form.errors else 200)
    values = form.cleaned_data
    found = verification.compare_faces(
        values["source"], target=values["target"], actor=form.narrowed(actor), threshold=values["threshold"], masks=True
    )
    if found.review_task is not None:
        return redirect("dashboard:review", found.review_task)
    source, target = picture_of(values["source"]), picture_of(values["target"])
    shown = comparison_of(found, source=source, target=target)
    content = {"comparison": found, "shown": shown, "source": source, "target": target}
    return show(request, "compared", content)


@require_safe
@member_page
def liveness(request: HttpRequest, actor: Actor) -> HttpResponse:
    return show(request, "liveness", {"figures": figures()})
