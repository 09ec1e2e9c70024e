"""Shapes of the usage route."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from common.context import ActorKind
from traffic.models import UsageCounter


class UsageResponse(serializers.Serializer[Any]):
    day = serializers.DateField(help_text="UTC.")
    actor = serializers.UUIDField(help_text="The API key, or the member, that sent the requests.")
    actor_kind = serializers.ChoiceField(choices=[kind.value for kind in ActorKind])
    operation = serializers.CharField(help_text="operationId of this document.")
    requests = serializers.IntegerField(help_text="All of them, however they ended.")
    refused = serializers.IntegerField(help_text="By the policy (403).")
    throttled = serializers.IntegerField(help_text="By a rate or a quota (429).")
    failed = serializers.IntegerField(help_text="For any other reason.")
    images = serializers.IntegerField(help_text="Pictures that were sent.")


class UsagePage(serializers.Serializer[Any]):
    items = UsageResponse(many=True)
    next_cursor = serializers.CharField(allow_null=True)


def usage_of(counter: UsageCounter) -> dict[str, Any]:
    """Return the members of `UsageResponse`."""
    return {
        "day": counter.day,
        "actor": counter.actor_id,
        "actor_kind": counter.actor_kind,
        "operation": counter.operation,
        "requests": counter.requests,
        "refused": counter.refused,
        "throttled": counter.throttled,
        "failed": counter.failed,
        "images": counter.images,
    }
