"""The audit log over HTTP: checkpoint, tiles, entries, proofs, receipts, export."""

from __future__ import annotations

import base64
import uuid
from typing import Any, Final

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.documentation import Example, documented
from governance import log_access
from governance.api.audit_serializers import (
    Checkpoint,
    CheckReceipt,
    Consistency,
    LoggedEntry,
    Proof,
    ReceiptChecked,
    Sizes,
    Tile,
    TileWidth,
    entry_of,
)
from tenants.api.requests import actor_of

_TAG = "audit log"
_ID = "01971f75-5f0e-7d43-8c2b-6a7b8c9d0e1f"
_HASH = "nFVTJv1SZcbhkBfmHKbl9nOZKOBOP3LFoMUcVbC0LWM="
_NOTE = (
    "custos.local/6f0d2a1b9c8e7f60\n2\nnFVTJv1SZcbhkBfmHKbl9nOZKOBOP3LFoMUcVbC0LWM=\n"
    "time 2026-11-24T21:00:00.123456+00:00\n\n— custos.local/6f0d2a1b9c8e7f60 base64\n"
)
_ENTRY: Final[dict[str, Any]] = {
    "id": _ID,
    "kind": "decision",
    "time": "2026-11-24T21:00:00.123456Z",
    "index": 1,
    "leaf_hash": _HASH,
    "body": '{"action":"search","…":"…"}',
}


def _text(hash_: bytes) -> str:
    return base64.b64encode(hash_).decode()


class CheckpointDetail(APIView):
    @documented(
        "get_checkpoint",
        summary="The newest signed checkpoint of the audit log",
        tag=_TAG,
        responses={200: Checkpoint},
        example=Example(answer={"size": 2, "root_hash": _HASH, "note": _NOTE}),
        problems=(404,),
        governed=False,
    )
    def get(self, request: Request) -> Response:
        found = log_access.newest_checkpoint()
        return Response(Checkpoint({"size": found.size, "root_hash": _text(found.root), "note": found.note}).data)


class TileDetail(APIView):
    @documented(
        "get_tile",
        summary="The hashes of a tile of the audit log's tree",
        tag=_TAG,
        parameters=[
            OpenApiParameter(
                "width",
                {"type": "integer", "minimum": 1, "maximum": 256},
                description="How many of its hashes; left out, as many as there are.",
            )
        ],
        responses={200: Tile},
        example=Example(answer={"level": 0, "index": 0, "hashes": [_HASH]}),
        problems=(404,),
        governed=False,
    )
    def get(self, request: Request, level: int, tile: int) -> Response:
        asked = TileWidth(data=request.query_params)
        asked.is_valid(raise_exception=True)
        hashes = log_access.get_tile(level, number=tile, width=asked.validated_data.get("width"))
        return Response(Tile({"level": level, "index": tile, "hashes": [_text(each) for each in hashes]}).data)


class ConsistencyDetail(APIView):
    @documented(
        "prove_consistency",
        summary="The proof that the log of one size is the beginning of the log of another",
        tag=_TAG,
        parameters=[
            OpenApiParameter(name, {"type": "integer", "minimum": 1}, description=sentence)
            for name, sentence in (
                ("old", "The smaller size; left out, 1."),
                ("new", "The larger size; left out, the newest checkpoint's."),
            )
        ],
        responses={200: Consistency},
        example=Example(answer={"old": 1, "new": 2, "proof": [_HASH]}),
        problems=(404,),
        governed=False,
    )
    def get(self, request: Request) -> Response:
        asked = Sizes(data=request.query_params)
        asked.is_valid(raise_exception=True)
        old, new, proof = log_access.prove_consistency(**asked.validated_data)
        return Response(Consistency({"old": old, "new": new, "proof": [_text(step) for step in proof]}).data)


class EntryDetail(APIView):
    @documented(
        "get_audit_entry",
        summary="One of the tenant's entries, with its exact body and its place in the tree",
        tag=_TAG,
        responses={200: LoggedEntry},
        example=Example(answer=_ENTRY),
        problems=(404,),
    )
    def get(self, request: Request, entry_id: uuid.UUID) -> Response:
        return Response(LoggedEntry(entry_of(log_access.get_entry(entry_id, actor=actor_of(request)))).data)


class EntryProof(APIView):
    @documented(
        "prove_inclusion",
        summary="The proof that one of the tenant's entries is under the newest checkpoint",
        tag=_TAG,
        responses={200: Proof},
        example=Example(answer={"proof": f"c2sp.org/tlog-proof@v1\nindex 1\n{_HASH}\n\n{_NOTE}"}),
        problems=(404, 409),
        governed=False,
    )
    def get(self, request: Request, entry_id: uuid.UUID) -> Response:
        return Response(Proof({"proof": log_access.prove_inclusion(entry_id, actor=actor_of(request))}).data)


class ReceiptCheck(APIView):
    @documented(
        "check_receipt",
        summary="Whether a receipt is genuine, and whether the log holds its entry as it was",
        tag=_TAG,
        json=CheckReceipt,
        responses={200: ReceiptChecked},
        example=Example(
            request={"receipt": "Y3VzdG9zLXJlY2VpcHQvdjEK"},
            answer={"entry_id": _ID, "time": "2026-11-24T21:00:00.123456Z", "is_recorded": True, "index": 1},
        ),
        problems=(422,),
        governed=False,
    )
    def post(self, request: Request) -> Response:
        asked = CheckReceipt(data=request.data)
        asked.is_valid(raise_exception=True)
        found = log_access.check_receipt(asked.validated_data["receipt"], actor=actor_of(request))
        content = {
            "entry_id": found.logged.entry.id if found.logged else None,
            "time": found.receipt.time,
            "is_recorded": found.logged is not None,
            "index": found.logged.index if found.logged else None,
        }
        return Response(ReceiptChecked(content).data)


class Export(APIView):
    @documented(
        "export_audit_log",
        summary="The tenant's entries with their proofs, as a zip for the offline verifier",
        tag=_TAG,
        responses={200: None},
        files=("application/zip",),
        problems=(422,),
    )
    def get(self, request: Request) -> HttpResponse:
        content = log_access.export(actor=actor_of(request))
        headers = {"Content-Disposition": 'attachment; filename="custos-audit-log.zip"'}
        return HttpResponse(content, content_type="application/zip", headers=headers)
