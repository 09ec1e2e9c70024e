"""Decisions, explained to the tenant they are about."""

from __future__ import annotations

import uuid

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.documentation import PAGE, documented
from common.pagination import page
from governance import explanations
from governance.api.serializers import DecisionExplained, DecisionPage, explanation_of, summary_of
from tenants.api.requests import actor_of

_TAG = "decisions"


class DecisionList(APIView):
    @documented(
        "list_decisions",
        summary="List the tenant's own decisions, newest first",
        tag=_TAG,
        parameters=PAGE,
        responses={200: DecisionPage},
    )
    def get(self, request: Request) -> Response:
        found = explanations.list_decisions(
            actor=actor_of(request),
            paginate=lambda entries: page(entries, request, present=summary_of, newest_first=True),
        )
        return Response(DecisionPage(found).data)


class DecisionDetail(APIView):
    @documented(
        "get_decision",
        summary="Explain one decision: facts, rules that fired, policy, outcome",
        tag=_TAG,
        responses={200: DecisionExplained},
        problems=(404,),
    )
    def get(self, request: Request, decision_id: uuid.UUID) -> Response:
        explained = explanations.get_decision(decision_id, actor=actor_of(request))
        return Response(DecisionExplained(explanation_of(explained.decision, outcome=explained.outcome)).data)
