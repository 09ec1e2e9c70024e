"""Decisions, explained to the tenant they are about."""

from __future__ import annotations

import uuid
from typing import Any, Final

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.documentation import PAGE, Example, documented
from common.pagination import page
from governance import explanations
from governance.api.serializers import DecisionExplained, DecisionPage, explanation_of, summary_of
from tenants.api.requests import actor_of

_TAG = "decisions"
_SUMMARY: Final[dict[str, Any]] = {
    "id": "01971f75-5f0e-7d43-8c2b-6a7b8c9d0e1f",
    "time": "2026-03-02T09:15:27.104233Z",
    "operation": "search",
    "effect": "deny",
    "purpose": "criminal_investigation",
    "on_behalf_of": None,
    "jurisdiction": "US",
    "rules": [{"id": "MOR-001", "reason": "A moratorium stops searches for law_enforcement in US."}],
    "policy_version": 3,
}
_EXPLAINED: Final[dict[str, Any]] = {
    **_SUMMARY,
    "allowed_by": [],
    "policy_digest": "5f0c6e2b1d0f4a7c9e3b8a6d2c1f0e9d8c7b6a594837261504f3e2d1c0b9a897",
    "epoch": 17,
    "facts": {"tenant_category": "law_enforcement", "operation": "search"},
    "params": {"threshold_milli": 99000, "gallery_size": 25000},
    "resource": {"type": "collection", "id": "01971f6e-0c11-7a02-9f0e-1b2c3d4e5f60"},
    "outcome": {"status": "refused", "code": "policy-refused"},
    "leaf_hash": "9b1c0a7e6f5d4c3b2a190817263544536271809fa0b1c2d3e4f5061728394a5b",
}


class DecisionList(APIView):
    @documented(
        "list_decisions",
        summary="List the tenant's own decisions, newest first",
        tag=_TAG,
        parameters=PAGE,
        responses={200: DecisionPage},
        example=Example(answer={"items": [_SUMMARY], "next_cursor": None}),
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
        example=Example(answer=_EXPLAINED),
        problems=(404,),
    )
    def get(self, request: Request, decision_id: uuid.UUID) -> Response:
        explained = explanations.get_decision(decision_id, actor=actor_of(request))
        return Response(DecisionExplained(explanation_of(explained.decision, outcome=explained.outcome)).data)
