"""A collection that moves to another engine: start, look, and take the next step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import HTMX_STOP_POLLING

from common.context import Actor
from common.errors import NotFound
from dashboard.charts import Chart, stacked_bars
from dashboard.engine_forms import EngineForm, SwitchForm
from dashboard.pages import member_page, show
from recognition.errors import EngineMoveNotFound
from recognition.services import collections, engine_moves, switching
from recognition.services.engine_moves import MoveView


@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def detail(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    """The page, and to htmx the move alone; the last of those tells htmx to stop asking."""
    form = EngineForm(request.POST or None)
    if form.is_valid():
        engine_moves.start_move(name, engine=form.cleaned_data["engine"], actor=actor)
        messages.success(request, "The second index is being filled.")
        return redirect("dashboard:engine", name)
    collection = collections.get_collection(name, actor=actor)
    view = _view(name, actor=actor)
    is_filling = view is not None and view.move.job is not None and view.move.job.is_open
    content = {
        "form": form,
        "switch_form": SwitchForm(),
        "collection": collection,
        "view": view,
        "is_filling": is_filling,
        "chart": _chart(view) if view else None,
        "agreed": 100 * (view.agreement.get("rank_one_agreement") or 0.0) if view else None,
    }
    status = HTMX_STOP_POLLING if getattr(request, "htmx", False) and not is_filling else 200
    return show(request, "engine", content, partial="engine_move", status=422 if form.errors else status)


@require_POST
@member_page
def take(request: HttpRequest, actor: Actor, name: str, step: str) -> HttpResponse:
    """Take one step of the move."""
    if step not in _STEPS:
        raise NotFound("There is no such step.")
    form = SwitchForm(request.POST)
    act, said = _STEPS[step]
    act(name, actor, form.is_valid() and form.cleaned_data["leave_behind"])
    messages.success(request, said)
    return redirect("dashboard:engine", name)


_Step = Callable[[str, Actor, bool], object]
_STEPS: Final[dict[str, tuple[_Step, str]]] = {
    "fill": (
        lambda name, actor, _: engine_moves.fill_move(name, actor=actor),
        "The second index is being filled.",
    ),
    "switch": (
        lambda name, actor, leaves: switching.switch(name, actor=actor, leaves_behind=leaves),
        "Searches use the second index now. The first is kept until you end the move.",
    ),
    "roll-back": (
        lambda name, actor, leaves: switching.switch(name, actor=actor, back=True, leaves_behind=leaves),
        "Searches use the first index again.",
    ),
    "end": (lambda name, actor, _: switching.end_move(name, actor=actor), "The index that was not searched is gone."),
}


def _view(name: str, *, actor: Actor) -> MoveView | None:
    try:
        return engine_moves.read_move(name, actor=actor)
    except EngineMoveNotFound:
        return None


def _chart(view: MoveView) -> Chart:
    """Pairs of bars for each band of similarity: the index that answered, and the other."""
    bands = view.agreement.get("bands", [])
    pairs = [[("answered", band["answered"])] for band in bands], [[("shadow", band["shadow"])] for band in bands]
    return stacked_bars([column for pair in zip(*pairs, strict=True) for column in pair])
