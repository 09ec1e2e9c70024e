"""Operations on the tags of collections."""

from __future__ import annotations

from typing import Any

from recognition.rekognition.arguments import collection_of
from recognition.rekognition.call import Call
from recognition.services import tags


def tag_resource(call: Call) -> dict[str, Any]:
    """Add tags, or give those that there are another value."""
    tags.add_tags(call.parameters["Tags"], collection_name=collection_of(call), actor=call.actor)
    return {}


def untag_resource(call: Call) -> dict[str, Any]:
    """Take tags away; those that there are none of are passed over."""
    tags.remove_tags(call.parameters["TagKeys"], collection_name=collection_of(call), actor=call.actor)
    return {}


def list_tags_for_resource(call: Call) -> dict[str, Any]:
    """List the tags of a collection."""
    return {"Tags": tags.list_tags(collection_name=collection_of(call), actor=call.actor)}
