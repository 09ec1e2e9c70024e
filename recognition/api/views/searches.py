"""One-to-many searches, for one image at once or for many as a job."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from common.documentation import documented
from governance.casework.api.serializers import UnderReviewResponse
from recognition.api import examples
from recognition.api.limits import BatchView, OneImageView
from recognition.api.requests import body_of
from recognition.api.serializers import searches as shapes
from recognition.api.serializers.jobs import JobResponse
from recognition.api.views.jobs import accepted
from recognition.api.views.reviews import under_review
from recognition.services import identification, person_search, searches
from recognition.services.submission import Submission
from tenants.api.requests import actor_of


class FaceSearch(OneImageView):
    @documented(
        "search_faces",
        summary="Search a collection for the face of an image, or for one of its own faces or persons",
        tag="searches",
        json=shapes.SearchRequest,
        upload=shapes.SearchUpload,
        responses={200: shapes.SearchResponse, 202: UnderReviewResponse},
        problems=(404, 409, 422),
        example=examples.SEARCH_FACES,
    )
    def post(self, request: Request, collection: str) -> Response:
        body = body_of(request, json=shapes.SearchRequest, upload=shapes.SearchUpload)
        actor = actor_of(request)
        if "person_id" in body:
            found = person_search.search_faces_by_person(
                body["person_id"],
                collection_name=collection,
                actor=actor,
                threshold=body["threshold"],
                limit=body["limit"],
                masks=True,
            )
        elif "face_id" in body:
            found = identification.search_by_face(
                body["face_id"],
                collection_name=collection,
                actor=actor,
                threshold=body["threshold"],
                limit=body["limit"],
                masks=True,
            )
        else:
            found = identification.search_by_image(
                body["image"],
                collection_name=collection,
                actor=actor,
                threshold=body["threshold"],
                limit=body["limit"],
                every_face=body["every_face"],
                masks=True,
            )
        if found.review_task is not None:
            return under_review(found.review_task, actor=actor)
        return Response(shapes.identification_of(found))


class SearchBatch(BatchView):
    @documented(
        "search_faces_batch",
        summary="Search a collection for the faces of many images, as a job",
        tag="searches",
        json=shapes.SearchBatchRequest,
        upload=shapes.SearchBatchUpload,
        responses={202: JobResponse},
        problems=(404, 409, 422),
        example=examples.SEARCH_FACES_BATCH,
        idempotent=True,
    )
    def post(self, request: Request, collection: str) -> Response:
        body = body_of(request, json=shapes.SearchBatchRequest, upload=shapes.SearchBatchUpload)
        job = searches.submit_job(
            [Submission(**image) for image in body["images"]],
            collection_name=collection,
            actor=actor_of(request),
            threshold=body["threshold"],
            limit=body["limit"],
            every_face=body["every_face"],
        )
        return accepted(job)
