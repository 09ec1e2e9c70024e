"""Operations on collections."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from recognition.models import Collection
from recognition.rekognition import paging, words
from recognition.rekognition.arguments import arn_of, new_name
from recognition.rekognition.call import Call
from recognition.services import collections, deletion


def create_collection(call: Call) -> dict[str, Any]:
    """Create a collection with the instance's own engine."""
    name = new_name(call, "CollectionId")
    made = collections.create_collection(name, actor=call.actor, tags=call.parameters.get("Tags"))
    return {
        "StatusCode": 200,
        "CollectionArn": arn_of(call, name=made.name),
        "FaceModelVersion": words.model_version(made.engine_version),
    }


def describe_collection(call: Call) -> dict[str, Any]:
    """Say what there is in a collection."""
    found = collections.get_collection(call.collection_name, actor=call.actor)
    return {
        "FaceCount": found.face_count,
        "UserCount": found.person_count,
        "FaceModelVersion": words.model_version(found.engine_version),
        "CollectionARN": f"arn:{arn_of(call, name=found.name)}",
        "CreationTimestamp": found.created_at.timestamp(),
    }


def list_collections(call: Call) -> dict[str, Any]:
    """List the tenant's collections, oldest first."""

    def page(rows: QuerySet[Collection]) -> dict[str, Any]:
        found, token = paging.page_of(rows, call)
        return {
            "CollectionIds": [row.name for row in found],
            "FaceModelVersions": [words.model_version(row.engine_version) for row in found],
            **token,
        }

    return collections.list_collections(actor=call.actor, paginate=page)


def delete_collection(call: Call) -> dict[str, Any]:
    """Delete a collection with everything in it."""
    deletion.delete_collection(call.collection_name, actor=call.actor)
    return {"StatusCode": 200}
