"""Operations on the faces of a collection."""

from __future__ import annotations

import uuid
from typing import Any, Final

from django.db.models import QuerySet

from recognition.engines.base import MAX_FACES
from recognition.models import Collection, Face, QualityFilter
from recognition.rekognition import paging, words
from recognition.rekognition.arguments import attributes_of, image_of, quality_of
from recognition.rekognition.call import Call
from recognition.services import deletion, enrolment, faces, identification
from recognition.services.results import view_of

DEFAULT_MATCHES: Final = 80


def index_faces(call: Call) -> dict[str, Any]:
    """Enrol the faces of an image; the same image under the same external id is enrolled once."""
    enrolled = enrolment.enrol_image(
        image_of(call),
        collection_name=call.collection_name,
        actor=call.actor,
        external_id=call.parameters.get("ExternalImageId", ""),
        max_faces=min(call.parameters.get("MaxFaces", MAX_FACES), MAX_FACES),
        quality=quality_of(call, default=QualityFilter.AUTO),
        needs_face=False,
        once=True,
        asked=attributes_of(call, "DetectionAttributes"),
    )
    version = enrolled.engine_version
    return {
        "FaceRecords": [
            {
                "Face": words.stored_face(view, engine_version=version),
                "FaceDetail": words.face_detail(view.detected, said=view.attributes),
            }
            for view in enrolled.faces
        ],
        "UnindexedFaces": [words.unindexed_face(rejection) for rejection in enrolled.rejected],
        "FaceModelVersion": words.model_version(version),
    }


def list_faces(call: Call) -> dict[str, Any]:
    """List the faces of a collection, oldest first; all of them, or those of certain ids or of a user."""

    def page(rows: QuerySet[Face], collection: Collection) -> dict[str, Any]:
        if "FaceIds" in call.parameters:
            rows = rows.filter(id__in=call.parameters["FaceIds"])
        if "UserId" in call.parameters:
            rows = rows.filter(person__name=call.parameters["UserId"], person__collection_id=collection.id)
        found, token = paging.page_of(rows, call)
        version = collection.engine_version
        return {
            "Faces": [words.stored_face(view_of(row), engine_version=version) for row in found],
            "FaceModelVersion": words.model_version(version),
            **token,
        }

    return faces.list_with_collection(collection_name=call.collection_name, actor=call.actor, paginate=page)


def search_faces(call: Call) -> dict[str, Any]:
    """Search a collection for one of its own faces."""
    face_id = call.parameters["FaceId"]
    found = identification.search_by_face(
        uuid.UUID(face_id),
        collection_name=call.collection_name,
        actor=call.actor,
        threshold=call.parameters.get("FaceMatchThreshold"),
        limit=call.parameters.get("MaxFaces", DEFAULT_MATCHES),
    )
    return {"SearchedFaceId": face_id, **_matches(found)}


def search_faces_by_image(call: Call) -> dict[str, Any]:
    """Search a collection for the largest face of an image."""
    found = identification.search_by_image(
        image_of(call),
        collection_name=call.collection_name,
        actor=call.actor,
        threshold=call.parameters.get("FaceMatchThreshold"),
        limit=call.parameters.get("MaxFaces", DEFAULT_MATCHES),
        quality=quality_of(call, default=QualityFilter.NONE),
    )
    (search,) = found.searches
    assert search.probe is not None, "a picture's search has a probe"
    return {
        "SearchedFaceBoundingBox": words.bounding_box(search.probe.box),
        "SearchedFaceConfidence": search.probe.confidence,
        **_matches(found),
    }


def delete_faces(call: Call) -> dict[str, Any]:
    """Delete faces; those of users, and those that there are none of, are told apart."""
    face_ids = [uuid.UUID(face_id) for face_id in call.parameters["FaceIds"]]
    done = deletion.delete_faces(face_ids, collection_name=call.collection_name, actor=call.actor, spares_persons=True)
    return {
        "DeletedFaces": [str(face_id) for face_id in done.deleted],
        "UnsuccessfulFaceDeletions": [
            *(
                {"FaceId": str(face_id), "UserId": user_id, "Reasons": ["ASSOCIATED_TO_AN_EXISTING_USER"]}
                for face_id, user_id in done.spared
            ),
            *({"FaceId": str(face_id), "Reasons": ["FACE_NOT_FOUND"]} for face_id in done.unknown),
        ],
    }


def _matches(found: identification.Identification) -> dict[str, Any]:
    return {
        "FaceMatches": words.face_matches(found.candidates, engine_version=found.engine_version),
        "FaceModelVersion": words.model_version(found.engine_version),
    }
