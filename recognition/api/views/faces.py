"""Faces of a collection: enrol one image or many, list, read, delete."""

from __future__ import annotations

import uuid

from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from common.documentation import PAGE, documented
from common.pagination import page
from common.preconditions import precondition_of
from recognition.api import examples
from recognition.api.limits import BatchView, LimitedView, OneImageView
from recognition.api.requests import body_of
from recognition.api.serializers import faces as shapes
from recognition.api.serializers.jobs import JobResponse
from recognition.api.views.jobs import accepted
from recognition.errors import FaceNotFound
from recognition.models import Face
from recognition.services import deletion, enrolment, faces
from recognition.services.results import face_etag, view_of
from tenants.api.requests import actor_of

_TAG = "faces"


def _present(row: Face) -> dict[str, object]:
    return shapes.face_of(view_of(row))


class FaceList(OneImageView):
    @documented(
        "list_faces",
        summary="List the faces of a collection",
        tag=_TAG,
        parameters=PAGE,
        responses={200: shapes.FacePage},
        problems=(404,),
        example=examples.LIST_FACES,
    )
    def get(self, request: Request, collection: str) -> Response:
        found = faces.list_faces(
            collection_name=collection,
            actor=actor_of(request),
            paginate=lambda rows: page(rows, request, present=_present),
        )
        return Response(found)

    @documented(
        "enrol_faces",
        summary="Enrol the faces of one image",
        tag=_TAG,
        json=shapes.EnrolFacesRequest,
        upload=shapes.EnrolFacesUpload,
        responses={201: shapes.EnrolFacesResponse},
        problems=(404, 409, 422),
        example=examples.ENROL_FACES,
        idempotent=True,
    )
    def post(self, request: Request, collection: str) -> Response:
        body = body_of(request, json=shapes.EnrolFacesRequest, upload=shapes.EnrolFacesUpload)
        enrolled = enrolment.enrol_image(
            body["image"],
            collection_name=collection,
            actor=actor_of(request),
            external_id=body["external_id"],
            max_faces=body["max_faces"],
            quality=body["quality"],
            person=body["person"],
            asked=body.get("attributes", ()),
        )
        return Response(shapes.enrolled_of(enrolled), status=status.HTTP_201_CREATED)


class FaceBatch(BatchView):
    @documented(
        "enrol_faces_batch",
        summary="Enrol the faces of many images as a job",
        tag=_TAG,
        json=shapes.EnrolBatchRequest,
        upload=shapes.EnrolBatchUpload,
        responses={202: JobResponse},
        problems=(404, 409, 422),
        example=examples.ENROL_FACES_BATCH,
        idempotent=True,
    )
    def post(self, request: Request, collection: str) -> Response:
        body = body_of(request, json=shapes.EnrolBatchRequest, upload=shapes.EnrolBatchUpload)
        job = enrolment.submit_job(
            [enrolment.Submission(**image) for image in body["images"]],
            collection_name=collection,
            actor=actor_of(request),
            max_faces=body["max_faces"],
            quality=body["quality"],
        )
        return accepted(job)


class FaceDeletion(LimitedView):
    @documented(
        "delete_faces",
        summary="Delete many faces",
        tag=_TAG,
        json=shapes.DeleteFacesRequest,
        responses={200: shapes.DeleteFacesResponse},
        problems=(404,),
        example=examples.DELETE_FACES,
        idempotent=True,
    )
    def post(self, request: Request, collection: str) -> Response:
        body = body_of(request, json=shapes.DeleteFacesRequest)
        found = deletion.delete_faces(body["ids"], collection_name=collection, actor=actor_of(request))
        failed = [{"id": face_id, "code": FaceNotFound.code} for face_id in found.unknown]
        return Response({"deleted": found.deleted, "failed": failed})


class FaceDetail(LimitedView):
    @documented(
        "get_face",
        summary="Read a face",
        tag=_TAG,
        responses={200: shapes.FaceResponse},
        problems=(404,),
        example=examples.GET_FACE,
        tagged=True,
    )
    def get(self, request: Request, collection: str, face_id: uuid.UUID) -> Response:
        face = faces.get_face(face_id, collection_name=collection, actor=actor_of(request))
        return Response(shapes.face_of(face), headers={"ETag": face_etag(face)})

    @documented(
        "delete_face",
        summary="Delete a face with its template",
        tag=_TAG,
        responses={204: None},
        problems=(404,),
        idempotent=True,
        conditional=True,
    )
    def delete(self, request: Request, collection: str, face_id: uuid.UUID) -> Response:
        deletion.delete_face(
            face_id, collection_name=collection, actor=actor_of(request), precondition=precondition_of(request)
        )
        return Response(status=status.HTTP_204_NO_CONTENT)
