"""Collections: create, list, read, change, delete."""

from __future__ import annotations

from typing import cast

from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from common.documentation import PAGE, documented
from common.pagination import page
from common.preconditions import precondition_of
from recognition.api import examples
from recognition.api.limits import LimitedView
from recognition.api.requests import body_of
from recognition.api.serializers import collections as shapes
from recognition.models import Collection
from recognition.services import collections, deletion
from tenants.api.requests import actor_of

_TAG = "collections"


def _answer(collection: Collection, *, status: int = status.HTTP_200_OK) -> Response:
    return Response(shapes.collection_of(collection), status=status, headers={"ETag": collection.etag})


class CollectionList(LimitedView):
    @documented(
        "list_collections",
        summary="List the tenant's collections",
        tag=_TAG,
        parameters=PAGE,
        responses={200: shapes.CollectionPage},
        example=examples.LIST_COLLECTIONS,
    )
    def get(self, request: Request) -> Response:
        found = collections.list_collections(
            actor=actor_of(request),
            paginate=lambda rows: page(rows, request, present=shapes.collection_of),
        )
        return Response(found)

    @documented(
        "create_collection",
        summary="Create an empty collection, pinned to the present engine version",
        tag=_TAG,
        json=shapes.CreateCollectionRequest,
        upload=shapes.CreateCollectionRequest,
        responses={201: shapes.CollectionResponse},
        problems=(409,),
        example=examples.CREATE_COLLECTION,
        idempotent=True,
        tagged=True,
    )
    def post(self, request: Request) -> Response:
        body = body_of(request, json=shapes.CreateCollectionRequest)
        collection = collections.create_collection(
            body["name"],
            actor=actor_of(request),
            engine=body.get("engine"),
            description=body["description"],
            retention_days=body["retention_days"],
            threshold=body["threshold"],
            store_images=body["store_images"],
        )
        return _answer(collection, status=status.HTTP_201_CREATED)


class CollectionPurpose(LimitedView):
    @documented(
        "declare_purpose_met",
        summary="Say that a collection has served its purpose: nothing of it is found, and its faces are purged",
        tag=_TAG,
        responses={200: shapes.CollectionResponse},
        problems=(404,),
        example=examples.DECLARE_PURPOSE_MET,
        tagged=True,
    )
    def post(self, request: Request, collection: str) -> Response:
        return _answer(deletion.declare_purpose_met(collection, actor=actor_of(request)))


class CollectionDetail(LimitedView):
    @documented(
        "get_collection",
        summary="Read a collection",
        tag=_TAG,
        responses={200: shapes.CollectionResponse},
        problems=(404,),
        example=examples.GET_COLLECTION,
        tagged=True,
    )
    def get(self, request: Request, collection: str) -> Response:
        found = collections.get_collection(collection, actor=actor_of(request))
        return _answer(found)

    @documented(
        "update_collection",
        summary="Change a collection's description, retention, threshold, or whether it keeps pictures",
        tag=_TAG,
        json=shapes.UpdateCollectionRequest,
        responses={200: shapes.CollectionResponse},
        problems=(404,),
        example=examples.UPDATE_COLLECTION,
        idempotent=True,
        conditional=True,
        tagged=True,
    )
    def patch(self, request: Request, collection: str) -> Response:
        changed = collections.update_collection(
            collection,
            actor=actor_of(request),
            changes=cast(collections.Changes, body_of(request, json=shapes.UpdateCollectionRequest)),
            precondition=precondition_of(request),
        )
        return _answer(changed)

    @documented(
        "delete_collection",
        summary="Delete a collection with every face, template and image in it",
        tag=_TAG,
        responses={204: None},
        problems=(404,),
        idempotent=True,
        conditional=True,
    )
    def delete(self, request: Request, collection: str) -> Response:
        deletion.delete_collection(collection, actor=actor_of(request), precondition=precondition_of(request))
        return Response(status=status.HTTP_204_NO_CONTENT)
