"""A collection that moves to another engine: start, fill, look, switch, roll back, end."""

from __future__ import annotations

from django.urls import reverse
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from common.documentation import PAGE, documented
from common.pagination import page
from recognition.api import engine_move_examples as examples
from recognition.api.limits import LimitedView
from recognition.api.requests import body_of
from recognition.api.serializers import engine_moves as shapes
from recognition.services import engine_moves, switching
from recognition.services.engine_moves import MoveView
from tenants.api.requests import actor_of

_TAG = "engine moves"


def _answer(view: MoveView) -> Response:
    return Response(shapes.move_of(view))


def _accepted(view: MoveView) -> Response:
    """Point at the job that fills, or, where nothing had to be filled, at the move."""
    if view.move.job_id is not None:
        location = reverse("job", args=[view.move.job_id])
    else:
        location = reverse("engine-move", args=[view.collection.name])
    return Response(shapes.move_of(view), status=status.HTTP_202_ACCEPTED, headers={"Location": location})


class EngineMoveDetail(LimitedView):
    @documented(
        "get_engine_move",
        summary="Read how far a collection's move to another engine is, and how both engines agree",
        tag=_TAG,
        responses={200: shapes.EngineMoveResponse},
        problems=(404,),
        example=examples.GET_ENGINE_MOVE,
    )
    def get(self, request: Request, collection: str) -> Response:
        return _answer(engine_moves.read_move(collection, actor=actor_of(request)))

    @documented(
        "start_engine_move",
        summary="Begin to move a collection to another engine: a second index is filled from kept pictures, as a job",
        tag=_TAG,
        json=shapes.StartEngineMoveRequest,
        responses={202: shapes.EngineMoveResponse},
        problems=(404, 409),
        example=examples.START_ENGINE_MOVE,
        idempotent=True,
    )
    def post(self, request: Request, collection: str) -> Response:
        body = body_of(request, json=shapes.StartEngineMoveRequest)
        view = engine_moves.start_move(collection, engine=body["engine"], actor=actor_of(request))
        return _accepted(view)


class EngineMoveUnmoved(LimitedView):
    @documented(
        "list_unmoved_faces",
        summary="List the faces that could not be moved, with the reason",
        tag=_TAG,
        parameters=PAGE,
        responses={200: shapes.UnmovedFacePage},
        problems=(404,),
        example=examples.LIST_UNMOVED,
    )
    def get(self, request: Request, collection: str) -> Response:
        found = engine_moves.list_unmoved(
            collection,
            actor=actor_of(request),
            paginate=lambda rows: page(rows, request, present=lambda row: shapes.unmoved_of([row])[0]),
        )
        return Response(found)


class EngineMoveFilling(LimitedView):
    @documented(
        "fill_engine_move",
        summary="Fill the second index again: faces enrolled since, and those that could not be moved",
        tag=_TAG,
        responses={202: shapes.EngineMoveResponse},
        problems=(404, 409),
        example=examples.FILL_ENGINE_MOVE,
        idempotent=True,
    )
    def post(self, request: Request, collection: str) -> Response:
        view = engine_moves.fill_move(collection, actor=actor_of(request))
        return _accepted(view)


class EngineMoveSwitch(LimitedView):
    @documented(
        "switch_engine",
        summary="Search the second index from now on, and keep the first",
        tag=_TAG,
        json=shapes.SwitchEngineRequest,
        responses={200: shapes.EngineMoveResponse},
        problems=(404, 409),
        example=examples.SWITCH_ENGINE,
        idempotent=True,
    )
    def post(self, request: Request, collection: str) -> Response:
        body = body_of(request, json=shapes.SwitchEngineRequest)
        return _answer(switching.switch(collection, actor=actor_of(request), leaves_behind=body["leave_behind"]))


class EngineMoveRollBack(LimitedView):
    @documented(
        "roll_back_engine",
        summary="Search the first index again, and keep the second",
        tag=_TAG,
        json=shapes.SwitchEngineRequest,
        responses={200: shapes.EngineMoveResponse},
        problems=(404, 409),
        example=examples.ROLL_BACK_ENGINE,
        idempotent=True,
    )
    def post(self, request: Request, collection: str) -> Response:
        body = body_of(request, json=shapes.SwitchEngineRequest)
        return _answer(
            switching.switch(collection, actor=actor_of(request), back=True, leaves_behind=body["leave_behind"])
        )


class EngineMoveEnd(LimitedView):
    @documented(
        "end_engine_move",
        summary="Delete the index that is not searched, and after a switch the faces that were left behind",
        tag=_TAG,
        responses={200: shapes.EngineMoveResponse},
        problems=(404, 409),
        example=examples.END_ENGINE_MOVE,
        idempotent=True,
    )
    def post(self, request: Request, collection: str) -> Response:
        return _answer(switching.end_move(collection, actor=actor_of(request)))
