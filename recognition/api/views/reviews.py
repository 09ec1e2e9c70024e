"""What two reviewers released; and the answer to who asked for something that must be reviewed first."""

from __future__ import annotations

import uuid

from django.urls import reverse
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from common.context import Actor
from common.documentation import documented
from governance.casework import reviews as review_tasks
from governance.casework.api.serializers import UnderReviewResponse, review_of
from recognition.api import examples
from recognition.api.limits import LimitedView
from recognition.api.serializers import reviews as shapes
from recognition.services import reviews
from tenants.api.requests import actor_of


def under_review(task_id: uuid.UUID, *, actor: Actor) -> Response:
    """Answer 202: the review that the result waits for, and where it is."""
    task = review_tasks.masked_task(task_id, actor=actor)
    location = reverse("review-task", kwargs={"task_id": task_id})
    answer = UnderReviewResponse({"review_task": review_of(task)}).data
    return Response(answer, status=status.HTTP_202_ACCEPTED, headers={"Location": location})


class ReviewResult(LimitedView):
    @documented(
        "get_review_result",
        summary="Read what two reviewers released",
        tag="reviews",
        responses={200: shapes.ReviewResultResponse},
        problems=(404, 409),
        example=examples.GET_REVIEW_RESULT,
    )
    def get(self, request: Request, task_id: uuid.UUID) -> Response:
        return Response(shapes.released_of(reviews.read_result(task_id, actor=actor_of(request))))
