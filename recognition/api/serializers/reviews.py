"""Answers about results that were under review."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from governance.casework.api.serializers import ReviewTaskResponse, review_of
from recognition.api.serializers.searches import SearchOfProbe, search_of
from recognition.services.reviews import ReleasedResult


class ReviewResultResponse(serializers.Serializer[Any]):
    review_task = ReviewTaskResponse()
    searches = SearchOfProbe(many=True, help_text="Of each probe, the candidates that both reviewers released.")


def released_of(result: ReleasedResult) -> dict[str, Any]:
    """Return the members of `ReviewResultResponse`."""
    return {"review_task": review_of(result.task), "searches": [search_of(search) for search in result.searches]}
