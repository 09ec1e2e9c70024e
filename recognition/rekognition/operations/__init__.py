"""The operations that are offered, by their names. Each puts a call into words of one use-case and its result back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from recognition.rekognition.call import Call
from recognition.rekognition.operations import collections, faces, images, tags, users

OPERATIONS: Final[Mapping[str, Callable[[Call], dict[str, Any]]]] = {
    "AssociateFaces": users.associate_faces,
    "CompareFaces": images.compare_faces,
    "CreateCollection": collections.create_collection,
    "CreateUser": users.create_user,
    "DeleteCollection": collections.delete_collection,
    "DeleteFaces": faces.delete_faces,
    "DeleteUser": users.delete_user,
    "DescribeCollection": collections.describe_collection,
    "DetectFaces": images.detect_faces,
    "DisassociateFaces": users.disassociate_faces,
    "IndexFaces": faces.index_faces,
    "ListCollections": collections.list_collections,
    "ListFaces": faces.list_faces,
    "ListTagsForResource": tags.list_tags_for_resource,
    "ListUsers": users.list_users,
    "SearchFaces": faces.search_faces,
    "SearchFacesByImage": faces.search_faces_by_image,
    "SearchUsers": users.search_users,
    "SearchUsersByImage": users.search_users_by_image,
    "TagResource": tags.tag_resource,
    "UntagResource": tags.untag_resource,
}
