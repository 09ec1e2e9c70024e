"""One-to-many searches."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from common.documentation import documented
from recognition.api.limits import OneImageView
from recognition.api.requests import body_of
from recognition.api.serializers import searches as shapes
from recognition.services import identification
from tenants.api.requests import actor_of


class FaceSearch(OneImageView):
    @documented(
        "search_faces",
        summary="Search a collection for the face of an image, or for one of its own faces",
        tag="searches",
        json=shapes.SearchRequest,
        upload=shapes.SearchUpload,
        responses={200: shapes.SearchResponse},
        problems=(400, 404, 409, 413, 415, 422),
    )
    def post(self, request: Request, collection: str) -> Response:
        body = body_of(request, json=shapes.SearchRequest, upload=shapes.SearchUpload)
        actor = actor_of(request)
        if "face_id" in body:
            found = identification.search_by_face(
                body["face_id"],
                collection_name=collection,
                actor=actor,
                threshold=body["threshold"],
                limit=body["limit"],
            )
        else:
            found = identification.search_by_image(
                body["image"],
                collection_name=collection,
                actor=actor,
                threshold=body["threshold"],
                limit=body["limit"],
                every_face=body["every_face"],
            )
        return Response(shapes.identification_of(found))
