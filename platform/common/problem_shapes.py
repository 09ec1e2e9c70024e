"""The shape of every problem (RFC 9457)."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers


class ProblemRule(serializers.Serializer[Any]):
    id = serializers.CharField()
    reason = serializers.CharField()


class ProblemField(serializers.Serializer[Any]):
    pointer = serializers.CharField(help_text="RFC 6901 pointer to the field.")
    code = serializers.CharField()
    detail = serializers.CharField()


class ProblemRejection(serializers.Serializer[Any]):
    reasons = serializers.ListField(child=serializers.CharField())


class ProblemResponse(serializers.Serializer[Any]):
    type = serializers.CharField(help_text="`/problems/` and the code.")
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    code = serializers.CharField(help_text="Stable; see the reference of errors.")
    instance = serializers.CharField(required=False, help_text="The request, for support.")
    decision_id = serializers.UUIDField(required=False, help_text="The decision that refused.")
    rules = ProblemRule(many=True, required=False, help_text="Every rule that fired.")
    errors = ProblemField(many=True, required=False)  # type: ignore[assignment]  # DRF takes fields off the class
    rejected = ProblemRejection(many=True, required=False, help_text="Why each face was left out.")
    appeal = serializers.CharField(required=False, help_text="The decision, explained.")
    retry_after = serializers.IntegerField(required=False, help_text="Seconds.")
