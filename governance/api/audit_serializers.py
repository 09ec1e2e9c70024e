"""Shapes of the routes of the audit log."""

from __future__ import annotations

import base64
from typing import Any

from rest_framework import serializers

from governance import log_access


class Checkpoint(serializers.Serializer[Any]):
    size = serializers.IntegerField()
    root_hash = serializers.CharField(help_text="RFC 6962 root hash, base64.")
    note = serializers.CharField(help_text="The signed C2SP checkpoint, with the witness's cosignatures.")


class Tile(serializers.Serializer[Any]):
    level = serializers.IntegerField()
    index = serializers.IntegerField()
    hashes = serializers.ListField(child=serializers.CharField(), help_text="Base64, from left to right.")


class TileWidth(serializers.Serializer[Any]):
    width = serializers.IntegerField(min_value=1, max_value=256, required=False)


class Sizes(serializers.Serializer[Any]):
    old = serializers.IntegerField(min_value=1, max_value=2**53, default=1)
    new = serializers.IntegerField(min_value=1, max_value=2**53, required=False)


class Consistency(serializers.Serializer[Any]):
    old = serializers.IntegerField()
    new = serializers.IntegerField()
    proof = serializers.ListField(child=serializers.CharField(), help_text="RFC 9162 2.1.4, base64.")


class LoggedEntry(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=["decision", "outcome", "event"])
    time = serializers.DateTimeField()
    index = serializers.IntegerField(allow_null=True, help_text="Its leaf; null until it was sequenced.")
    leaf_hash = serializers.CharField(help_text="RFC 6962 leaf hash of the body, base64.")
    body = serializers.CharField(help_text="The exact stored text: hash it as it is.")


class Proof(serializers.Serializer[Any]):
    proof = serializers.CharField(help_text="C2SP tlog-proof@v1: index, audit path, checkpoint.")


class CheckReceipt(serializers.Serializer[Any]):
    receipt = serializers.CharField(max_length=2000, help_text="The value of a `Custos-Receipt` header.")


class ReceiptChecked(serializers.Serializer[Any]):
    entry_id = serializers.UUIDField(allow_null=True)
    time = serializers.DateTimeField(help_text="Of the decision, as the receipt says.")
    is_recorded = serializers.BooleanField(help_text="Whether the tenant's log holds this entry as it was.")
    index = serializers.IntegerField(allow_null=True)


def entry_of(logged: log_access.LoggedEntry) -> dict[str, Any]:
    """Return the members of `LoggedEntry`."""
    entry = logged.entry
    return {
        "id": entry.id,
        "kind": entry.kind,
        "time": entry.ts,
        "index": logged.index,
        "leaf_hash": base64.b64encode(bytes(entry.leaf_hash)).decode(),
        "body": bytes(entry.body).decode(),
    }
