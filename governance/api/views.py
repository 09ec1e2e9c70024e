"""Decisions, explained to the tenant they are about."""

from __future__ import annotations

import uuid

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.pagination import page
from governance import explanations
from governance.api.serializers import DecisionExplained, DecisionPage, explanation_of, summary_of
from tenants.api.requests import actor_of


class DecisionList(APIView):
    @extend_schema(
        operation_id="list_decisions",
        summary="List the tenant's own decisions, newest first",
        parameters=[OpenApiParameter("limit", int), OpenApiParameter("cursor", str)],
        responses=DecisionPage,
        tags=["decisions"],
    )
    def get(self, request: Request) -> Response:
        found = explanations.list_decisions(
            actor=actor_of(request),
            paginate=lambda entries: page(entries, request, present=summary_of, newest_first=True),
        )
        return Response(DecisionPage(found).data)


class DecisionDetail(APIView):
    @extend_schema(
        operation_id="get_decision",
        summary="Explain one decision: facts, rules that fired, policy, outcome",
        responses=DecisionExplained,
        tags=["decisions"],
    )
    def get(self, request: Request, decision_id: uuid.UUID) -> Response:
        explained = explanations.get_decision(decision_id, actor=actor_of(request))
        return Response(DecisionExplained(explanation_of(explained.decision, outcome=explained.outcome)).data)
