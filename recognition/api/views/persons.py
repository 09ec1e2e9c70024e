"""Persons of a collection: create, list, read, change, delete; whose faces are whose; and searching for them."""

from __future__ import annotations

from typing import cast

from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from common.documentation import PAGE, documented
from common.pagination import page
from common.preconditions import precondition_of
from governance.casework.api.serializers import UnderReviewResponse
from recognition.api import examples
from recognition.api.limits import LimitedView, OneImageView
from recognition.api.requests import body_of
from recognition.api.serializers import persons as shapes
from recognition.api.serializers.faces import FacePage, face_of
from recognition.api.views.reviews import under_review
from recognition.models import Face, Person
from recognition.services import persons
from recognition.services.results import view_of
from tenants.api.requests import actor_of

_TAG = "persons"


def _answer(person: Person, *, status: int = status.HTTP_200_OK) -> Response:
    return Response(shapes.person_of(person), status=status, headers={"ETag": person.etag})


def _present(face: Face) -> dict[str, object]:
    return face_of(view_of(face))


class PersonList(LimitedView):
    @documented(
        "list_persons",
        summary="List the persons of a collection",
        tag=_TAG,
        parameters=PAGE,
        responses={200: shapes.PersonPage},
        problems=(404,),
        example=examples.LIST_PERSONS,
    )
    def get(self, request: Request, collection: str) -> Response:
        found = persons.list_persons(
            collection_name=collection,
            actor=actor_of(request),
            paginate=lambda rows: page(rows, request, present=shapes.person_of),
        )
        return Response(found)

    @documented(
        "create_person",
        summary="Create a person, who has no face yet",
        tag=_TAG,
        json=shapes.CreatePersonRequest,
        responses={201: shapes.PersonResponse},
        problems=(404, 409),
        example=examples.CREATE_PERSON,
        idempotent=True,
        tagged=True,
    )
    def post(self, request: Request, collection: str) -> Response:
        body = body_of(request, json=shapes.CreatePersonRequest)
        person = persons.create_person(
            body["person_id"],
            collection_name=collection,
            actor=actor_of(request),
            display_name=body["display_name"],
        )
        return _answer(person, status=status.HTTP_201_CREATED)


class PersonDetail(LimitedView):
    @documented(
        "get_person",
        summary="Read a person",
        tag=_TAG,
        responses={200: shapes.PersonResponse},
        problems=(404,),
        example=examples.GET_PERSON,
        tagged=True,
    )
    def get(self, request: Request, collection: str, person: str) -> Response:
        return _answer(persons.get_person(person, collection_name=collection, actor=actor_of(request)))

    @documented(
        "update_person",
        summary="Change the name that people read of a person",
        tag=_TAG,
        json=shapes.UpdatePersonRequest,
        responses={200: shapes.PersonResponse},
        problems=(404,),
        example=examples.UPDATE_PERSON,
        idempotent=True,
        conditional=True,
        tagged=True,
    )
    def patch(self, request: Request, collection: str, person: str) -> Response:
        changed = persons.update_person(
            person,
            collection_name=collection,
            actor=actor_of(request),
            changes=cast(persons.Changes, body_of(request, json=shapes.UpdatePersonRequest)),
            precondition=precondition_of(request),
        )
        return _answer(changed)

    @documented(
        "delete_person",
        summary="Delete a person, whose faces stay and belong to nobody",
        tag=_TAG,
        responses={204: None},
        problems=(404,),
        idempotent=True,
        conditional=True,
    )
    def delete(self, request: Request, collection: str, person: str) -> Response:
        persons.delete_person(
            person, collection_name=collection, actor=actor_of(request), precondition=precondition_of(request)
        )
        return Response(status=status.HTTP_204_NO_CONTENT)


class PersonFaces(LimitedView):
    @documented(
        "list_faces_of_person",
        summary="List the faces of a person",
        tag=_TAG,
        parameters=PAGE,
        responses={200: FacePage},
        problems=(404,),
        example=examples.LIST_FACES_OF_PERSON,
    )
    def get(self, request: Request, collection: str, person: str) -> Response:
        found = persons.list_faces_of(
            person,
            collection_name=collection,
            actor=actor_of(request),
            paginate=lambda rows: page(rows, request, present=_present),
        )
        return Response(found)

    @documented(
        "associate_faces",
        summary="Join faces of the collection to a person",
        tag=_TAG,
        json=shapes.AssociateFacesRequest,
        responses={200: shapes.AssociateFacesResponse},
        problems=(404, 409),
        example=examples.ASSOCIATE_FACES,
        idempotent=True,
    )
    def post(self, request: Request, collection: str, person: str) -> Response:
        body = body_of(request, json=shapes.AssociateFacesRequest)
        joining = persons.associate_faces(
            person,
            face_ids=body["ids"],
            collection_name=collection,
            actor=actor_of(request),
            threshold=body["threshold"],
        )
        return Response(shapes.association_of(joining))


class PersonFaceRemoval(LimitedView):
    @documented(
        "disassociate_faces",
        summary="Take faces away from a person; they stay in the collection",
        tag=_TAG,
        json=shapes.DisassociateFacesRequest,
        responses={200: shapes.DisassociateFacesResponse},
        problems=(404,),
        example=examples.DISASSOCIATE_FACES,
        idempotent=True,
    )
    def post(self, request: Request, collection: str, person: str) -> Response:
        body = body_of(request, json=shapes.DisassociateFacesRequest)
        joining = persons.disassociate_faces(
            person, face_ids=body["ids"], collection_name=collection, actor=actor_of(request)
        )
        return Response(shapes.disassociation_of(joining))


class PersonSearch(OneImageView):
    @documented(
        "search_persons",
        summary="Search the persons of a collection for the face of an image, for a face, or for a person",
        tag=_TAG,
        json=shapes.SearchPersonsRequest,
        upload=shapes.SearchPersonsUpload,
        responses={200: shapes.SearchPersonsResponse, 202: UnderReviewResponse},
        problems=(404, 409, 422),
        example=examples.SEARCH_PERSONS,
    )
    def post(self, request: Request, collection: str) -> Response:
        body = body_of(request, json=shapes.SearchPersonsRequest, upload=shapes.SearchPersonsUpload)
        actor = actor_of(request)
        found = persons.search_persons(
            collection_name=collection,
            actor=actor,
            image=body.get("image"),
            face_id=body.get("face_id"),
            person=body.get("person_id"),
            threshold=body["threshold"],
            limit=body["limit"],
            masks=True,
        )
        if found.review_task is not None:
            return under_review(found.review_task, actor=actor)
        return Response(shapes.person_search_of(found))
