"""Decisions, explained to the tenant they are about."""

from __future__ import annotations

import uuid
from typing import Any, Final

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.documentation import PAGE, Example, documented
from common.pagination import page
from common.vocabulary import Operation
from governance import explanations, simulations
from governance.api import serializers as shapes
from governance.api.serializers import DecisionExplained, DecisionPage, explanation_of, summary_of
from governance.catalogue import mandatory_rules
from tenants.api.requests import actor_of, validated_body

_TAG = "decisions"
_POLICY_TAG: Final = "policy"
_SUPPOSED: Final[dict[str, Any]] = {
    "operation": "search",
    "purpose": "photo_organisation",
    "jurisdiction": "US",
    "threshold": 95.0,
    "gallery_size": 25000,
}
_WOULD_BE: Final[dict[str, Any]] = {
    "effect": "allow",
    "rules": [],
    "allowed_by": ["ALW-001"],
    "obligations": [],
    "limits": {},
    "threshold": 95.0,
    "policy_version": 3,
    "policy_digest": "5f0c6e2b1d0f4a7c9e3b8a6d2c1f0e9d8c7b6a594837261504f3e2d1c0b9a897",
    "facts": {"tenant_category": "consumer_software", "operation": "search"},
}
_CHANGED: Final[dict[str, Any]] = {"total": 2, "by_rule": {"THR-002": 2}, "by_purpose": {"photo_organisation": 2}}
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
    "obligations": ["RET-002"],
    "limits": {"threshold_floor_milli": 99000, "quality_floor_milli": 20000},
    "every_rule": [{"id": "MOR-001", "outcome": "fired"}, {"id": "THR-001", "outcome": "silent"}],
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
        return Response(DecisionExplained(explanation_of(explained)).data)


class WhatIf(APIView):
    @documented(
        "suppose_request",
        summary="Say what would be decided about a request that nobody makes, and why",
        tag=_POLICY_TAG,
        json=shapes.WhatIfRequest,
        responses={200: shapes.WhatIfResponse},
        example=Example(request=_SUPPOSED, answer=_WOULD_BE),
    )
    def post(self, request: Request) -> Response:
        body = validated_body(request, shapes.WhatIfRequest)
        supposed = simulations.Supposition(
            operation=Operation(body["operation"]),
            purpose=body.get("purpose"),
            on_behalf_of=body.get("on_behalf_of"),
            jurisdiction=body.get("jurisdiction"),
            case_ref=body.get("case"),
            circumstances=tuple(body.get("circumstances", ())),
            attributes=tuple(body.get("attributes", ())),
            threshold=body.get("threshold"),
            gallery_size=body.get("gallery_size"),
            gallery_growth=body.get("gallery_growth", 0),
            engine_version=body.get("engine_version"),
        )
        judgement = simulations.what_if(supposed, actor=actor_of(request))
        return Response(shapes.WhatIfResponse(shapes.supposed_of(judgement)).data)


class Simulate(APIView):
    @documented(
        "simulate_policy",
        summary="Replay the tenant's newest decisions under candidate rules",
        tag=_POLICY_TAG,
        json=shapes.SimulateRequest,
        responses={200: shapes.SimulateResponse},
        example=Example(
            request={"rules": mandatory_rules(), "days": 30},
            answer={
                "days": 30,
                "replayed": 120,
                "is_complete": True,
                "cannot_tell": 0,
                "newly_denied": _CHANGED,
                "newly_allowed": {"total": 0, "by_rule": {}, "by_purpose": {}},
            },
        ),
        problems=(422,),
    )
    def post(self, request: Request) -> Response:
        body = validated_body(request, shapes.SimulateRequest)
        simulation = simulations.simulate(body["rules"], days=body["days"], actor=actor_of(request))
        return Response(shapes.SimulateResponse(shapes.simulation_of(simulation)).data)
