"""Detect and compare: nothing is stored."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from common.documentation import documented
from governance.casework.api.serializers import UnderReviewResponse
from recognition.api import examples
from recognition.api.limits import OneImageView, TwoImagesView
from recognition.api.requests import body_of
from recognition.api.serializers import faces as shapes
from recognition.api.views.reviews import under_review
from recognition.services import detection, verification
from tenants.api.requests import actor_of

_IMAGE_PROBLEMS = (404, 422)


class Detect(OneImageView):
    @documented(
        "detect_faces",
        summary="Find the faces in an image",
        tag="faces",
        json=shapes.DetectRequest,
        upload=shapes.DetectUpload,
        responses={200: shapes.DetectResponse},
        problems=_IMAGE_PROBLEMS,
        example=examples.DETECT,
    )
    def post(self, request: Request) -> Response:
        body = body_of(request, json=shapes.DetectRequest, upload=shapes.DetectUpload)
        found = detection.detect_faces(
            body["image"],
            actor=actor_of(request),
            asked=body.get("attributes", ()),
            thorough=body["detection"] == shapes.THOROUGH,
        )
        return Response(shapes.detection_of(found))


class Compare(TwoImagesView):
    @documented(
        "compare_faces",
        summary="Compare the largest face of one image with every face of another",
        tag="faces",
        json=shapes.CompareRequest,
        upload=shapes.CompareUpload,
        responses={200: shapes.CompareResponse, 202: UnderReviewResponse},
        problems=_IMAGE_PROBLEMS,
        example=examples.COMPARE,
    )
    def post(self, request: Request) -> Response:
        body = body_of(request, json=shapes.CompareRequest, upload=shapes.CompareUpload)
        actor = actor_of(request)
        found = verification.compare_faces(
            body["source"], target=body["target"], threshold=body["threshold"], actor=actor, masks=True
        )
        if found.review_task is not None:
            return under_review(found.review_task, actor=actor)
        return Response(shapes.comparison_of(found))
