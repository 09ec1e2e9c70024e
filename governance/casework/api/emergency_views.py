"""Breaking the glass in a case. Who may is decided by the services (`casework.authority`): members, never keys."""

from __future__ import annotations

import uuid

from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.documentation import documented
from common.vocabulary import CustomerCategory, Operation
from governance.casework import break_glass
from governance.casework.api import examples
from governance.casework.api import serializers as shapes
from governance.casework.break_glass import Emergency
from governance.casework.models import BreakGlassGrant
from tenants.api.requests import actor_of, validated_body

_TAG = "cases"


class BreakGlass(APIView):
    @documented(
        "break_glass",
        governed=False,
        summary="Open emergency access in a case: to be confirmed in 15 minutes, and reviewed in 24 hours",
        tag=_TAG,
        json=shapes.BreakGlassRequest,
        responses={201: shapes.BreakGlassResponse},
        problems=(404, 409),
        example=examples.BREAK_GLASS,
    )
    def post(self, request: Request, case_id: uuid.UUID) -> Response:
        body = validated_body(request, shapes.BreakGlassRequest)
        emergency = Emergency(
            reason=body["reason"],
            operations={Operation(slug) for slug in body["operations"]},
            end_user=CustomerCategory(body["end_user"]),
            jurisdiction=body["jurisdiction"],
            hours=body["hours"],
        )
        grant = break_glass.break_glass(actor_of(request), case_id=case_id, emergency=emergency)
        return _answer(grant, status_code=status.HTTP_201_CREATED)


class Confirmation(APIView):
    @documented(
        "confirm_break_glass",
        governed=False,
        summary="Confirm an emergency, by another person than who opened it, and no key",
        tag=_TAG,
        responses={200: shapes.BreakGlassResponse},
        problems=(404, 409),
        example=examples.CONFIRM_BREAK_GLASS,
    )
    def post(self, request: Request, case_id: uuid.UUID, grant_id: uuid.UUID) -> Response:
        return _answer(break_glass.confirm(actor_of(request), case_id=case_id, grant_id=grant_id))


class Closing(APIView):
    @documented(
        "close_break_glass",
        governed=False,
        summary="End emergency access before its time; its review is owed all the same",
        tag=_TAG,
        responses={200: shapes.BreakGlassResponse},
        problems=(404, 409),
        example=examples.CLOSE_BREAK_GLASS,
    )
    def post(self, request: Request, case_id: uuid.UUID, grant_id: uuid.UUID) -> Response:
        return _answer(break_glass.close(actor_of(request), case_id=case_id, grant_id=grant_id))


def _answer(grant: BreakGlassGrant, *, status_code: int = status.HTTP_200_OK) -> Response:
    return Response(shapes.BreakGlassResponse(shapes.emergency_of(grant)).data, status=status_code)
