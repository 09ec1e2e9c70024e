"""Requests and answers about evaluations."""

from __future__ import annotations

from typing import Any, Final

from rest_framework import serializers

from common.problem_shapes import ProblemResponse
from common.serializers import StrictSerializer
from common.vocabulary import JobStatus
from recognition.evaluation import plots
from recognition.models import COLLECTION_NAME, EvaluationRun

MOST_GROUPED: Final = 20_000
_LONGEST_GROUP: Final = 40
GROUP_PATTERN: Final = rf"\A[\w .+-]{{1,{_LONGEST_GROUP}}}\Z"
_NAME: Final = rf"\A{COLLECTION_NAME}\Z"


class EvaluationRequest(StrictSerializer):
    collection = serializers.RegexField(
        _NAME, max_length=255, help_text="Its faces are compared with each other; one external id is one person."
    )
    probe_collection = serializers.RegexField(
        _NAME,
        max_length=255,
        required=False,
        allow_null=True,
        default=None,
        help_text="Other people, for the false-positive experiment: none of them may be in the collection.",
    )
    groups = serializers.DictField(
        child=serializers.RegexField(GROUP_PATTERN),
        required=False,
        default=dict,
        help_text="Group of each external id, for the rates of each group. Not kept when the job has ended.",
    )

    def validate_groups(self, value: dict[str, str]) -> dict[str, str]:
        """Refuse more than a job takes."""
        if len(value) > MOST_GROUPED:
            raise serializers.ValidationError(f"At most {MOST_GROUPED:,} external ids are accepted.")
        return value


class EvaluationSummary(serializers.Serializer[Any]):
    id = serializers.UUIDField(help_text="Of the job.")
    status = serializers.ChoiceField(choices=[status.value for status in JobStatus])
    collection = serializers.CharField(allow_null=True, help_text="Null when it has been deleted.")
    probe_collection = serializers.CharField(allow_null=True)
    engine_version = serializers.CharField()
    problem = ProblemResponse(allow_null=True)
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)


class EvaluationPage(serializers.Serializer[Any]):
    items = EvaluationSummary(many=True)
    next_cursor = serializers.CharField(allow_null=True)


class EvaluationResponse(EvaluationSummary):
    report = serializers.DictField(help_text="As far as it has come: docs/reference/evaluation.md. Aggregates only.")
    plots = serializers.ListField(child=serializers.CharField(), help_text="Plots that there are of it.")


def summary_of(run: EvaluationRun) -> dict[str, Any]:
    """Return the members of `EvaluationSummary`."""
    job = run.job
    return {
        "id": job.id,
        "status": job.status,
        "collection": job.collection.name if job.collection else None,
        "probe_collection": run.probe_collection.name if run.probe_collection else None,
        "engine_version": run.engine_version,
        "problem": job.problem,
        "created_at": job.created_at,
        "finished_at": job.finished_at,
    }


def evaluation_of(run: EvaluationRun) -> dict[str, Any]:
    """Return the members of `EvaluationResponse`."""
    return {**summary_of(run), "report": run.report, "plots": list(plots.names_for(run.report))}
