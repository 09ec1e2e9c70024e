"""Answers about jobs and what they did."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rest_framework import serializers

from common.problem_shapes import ProblemResponse
from common.vocabulary import JobKind, JobStatus
from recognition.api.serializers.faces import FaceResponse, RejectionResponse, face_of
from recognition.api.serializers.searches import SearchResponse, identification_of
from recognition.models import Job, JobItem
from recognition.services import found
from recognition.services.identification import Identification
from recognition.services.results import view_of


class ProgressResponse(serializers.Serializer[Any]):
    done = serializers.IntegerField(help_text="Images that were enrolled, or searched for.")
    total = serializers.IntegerField()
    failed = serializers.IntegerField(help_text="Images that could not be; the results say why.")


class JobResponse(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=[kind.value for kind in JobKind])
    status = serializers.ChoiceField(choices=[status.value for status in JobStatus])
    collection = serializers.CharField(allow_null=True, help_text="Null when it has been deleted.")
    progress = ProgressResponse()
    problem = ProblemResponse(allow_null=True, help_text="Why it ended without success.")
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)


class JobPage(serializers.Serializer[Any]):
    items = JobResponse(many=True)
    next_cursor = serializers.CharField(allow_null=True)


class JobResult(serializers.Serializer[Any]):
    sequence = serializers.IntegerField(help_text="Position of the image in the request, from 0.")
    status = serializers.ChoiceField(choices=JobItem.Status.values)
    external_id = serializers.CharField(allow_blank=True)
    image_id = serializers.UUIDField(allow_null=True)
    faces = FaceResponse(many=True)
    rejected = RejectionResponse(many=True)
    search = SearchResponse(allow_null=True, help_text="What was found, of a job that searches.")
    review_task = serializers.UUIDField(
        allow_null=True, help_text="The review that what was found waits for; then `search` is null."
    )
    problem = ProblemResponse(allow_null=True)


class JobResultPage(serializers.Serializer[Any]):
    items = JobResult(many=True)
    next_cursor = serializers.CharField(allow_null=True)


def job_of(job: Job) -> dict[str, Any]:
    """Return the members of `JobResponse`."""
    return {
        "id": job.id,
        "kind": job.kind,
        "status": job.status,
        "collection": job.collection.name if job.collection else None,
        "progress": {"done": job.done, "total": job.total, "failed": job.failed},
        "problem": job.problem,
        "created_at": job.created_at,
        "started_at": job.started_at,
        "finished_at": job.finished_at,
    }


def results_of(items: Sequence[JobItem]) -> list[dict[str, Any]]:
    """Return the members of `JobResult` for each item."""
    return [_result_of(result.item, search=result.search) for result in found.results_of(items)]


def _result_of(item: JobItem, *, search: Identification | None) -> dict[str, Any]:
    return {
        "sequence": item.sequence,
        "status": item.status,
        "external_id": item.external_id,
        "image_id": item.image_id,
        "faces": [face_of(view_of(face)) for face in item.faces.all()],
        "rejected": item.rejected,
        "search": identification_of(search) if search and search.review_task is None else None,
        "review_task": search.review_task if search else None,
        "problem": item.problem,
    }
