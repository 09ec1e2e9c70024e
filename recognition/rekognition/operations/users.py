"""Operations on users: persons of a collection, each with up to a hundred of its faces."""

from __future__ import annotations

import uuid
from typing import Any, Final

from django.db.models import QuerySet

from common.vocabulary import PersonStatus
from recognition.errors import NoFaceFound
from recognition.models import Person, QualityFilter
from recognition.rekognition import paging, words
from recognition.rekognition.arguments import image_of, new_name, quality_of
from recognition.rekognition.call import Call
from recognition.rekognition.faults import invalid
from recognition.services import persons
from recognition.services.joining import Unchanged
from recognition.services.person_search import PersonSearch

DEFAULT_USERS: Final = 500
DEFAULT_MATCHES: Final = 80


def create_user(call: Call) -> dict[str, Any]:
    """Create a user without a face."""
    persons.create_person(new_name(call, "UserId"), collection_name=call.collection_name, actor=call.actor)
    return {}


def list_users(call: Call) -> dict[str, Any]:
    """List the users of a collection, oldest first."""

    def page(rows: QuerySet[Person]) -> dict[str, Any]:
        found, token = paging.page_of(rows, call, default=DEFAULT_USERS)
        return {"Users": [_user(row) for row in found], **token}

    return persons.list_persons(collection_name=call.collection_name, actor=call.actor, paginate=page)


def delete_user(call: Call) -> dict[str, Any]:
    """Delete a user; its faces stay in the collection and belong to nobody."""
    persons.delete_person(call.parameters["UserId"], collection_name=call.collection_name, actor=call.actor)
    return {}


def associate_faces(call: Call) -> dict[str, Any]:
    """Join faces to a user; those that are the user's already are passed over."""
    done = persons.associate_faces(
        call.parameters["UserId"],
        face_ids=_face_ids(call),
        collection_name=call.collection_name,
        actor=call.actor,
        threshold=call.parameters.get("UserMatchThreshold"),
    )
    return {
        "AssociatedFaces": [{"FaceId": str(face_id)} for face_id in done.changed],
        "UnsuccessfulFaceAssociations": [_unsuccessful(face) for face in done.unchanged],
        "UserStatus": _STATUSES[done.person.status],
    }


def disassociate_faces(call: Call) -> dict[str, Any]:
    """Take faces away from a user; those that are nobody's are passed over."""
    done = persons.disassociate_faces(
        call.parameters["UserId"], face_ids=_face_ids(call), collection_name=call.collection_name, actor=call.actor
    )
    return {
        "DisassociatedFaces": [{"FaceId": str(face_id)} for face_id in done.changed],
        "UnsuccessfulFaceDisassociations": [_unsuccessful(face) for face in done.unchanged],
        "UserStatus": _STATUSES[done.person.status],
    }


def search_users(call: Call) -> dict[str, Any]:
    """Search the users of a collection for one of its faces, or for another user."""
    face_id, user_id = call.parameters.get("FaceId"), call.parameters.get("UserId")
    if (face_id is None) == (user_id is None):
        raise invalid("Give either FaceId or UserId.")
    found = persons.search_persons(
        collection_name=call.collection_name,
        actor=call.actor,
        face_id=uuid.UUID(face_id) if face_id else None,
        person=user_id,
        threshold=call.parameters.get("UserMatchThreshold"),
        limit=call.parameters.get("MaxUsers", DEFAULT_MATCHES),
    )
    searched = {"SearchedFace": {"FaceId": face_id}} if face_id else {"SearchedUser": {"UserId": user_id}}
    return {**_matches(found), **searched}


def search_users_by_image(call: Call) -> dict[str, Any]:
    """Search the users of a collection for the largest face of an image; one without a face finds nobody."""
    try:
        found = persons.search_persons(
            collection_name=call.collection_name,
            actor=call.actor,
            image=image_of(call),
            threshold=call.parameters.get("UserMatchThreshold"),
            limit=call.parameters.get("MaxUsers", DEFAULT_MATCHES),
            quality=quality_of(call, default=QualityFilter.NONE),
        )
    except NoFaceFound:
        return {"UserMatches": [], "UnsearchedFaces": []}
    searched = {"SearchedFace": {"FaceDetail": words.face_detail(found.probe)}} if found.probe else {}
    return {
        **_matches(found),
        **searched,
        "UnsearchedFaces": [
            *({"FaceDetails": words.face_detail(face), "Reasons": ["FACE_NOT_LARGEST"]} for face in found.others),
            *(
                {"FaceDetails": words.face_detail(left.face), "Reasons": [reason.value for reason in left.reasons]}
                for left in found.rejected
            ),
        ],
    }


_STATUSES: Final = {PersonStatus.CREATED: "CREATED", PersonStatus.ACTIVE: "ACTIVE"}


def _user(person: Person) -> dict[str, str]:
    return {"UserId": person.name, "UserStatus": _STATUSES[person.status]}


def _matches(found: PersonSearch) -> dict[str, Any]:
    return {
        "UserMatches": [{"Similarity": match.similarity, "User": _user(match.person)} for match in found.candidates],
        "FaceModelVersion": words.model_version(found.engine_version),
    }


def _unsuccessful(face: Unchanged) -> dict[str, Any]:
    whose = {"UserId": face.person} if face.person is not None else {}
    alike = {"Confidence": face.similarity} if face.similarity is not None else {}
    return {"FaceId": str(face.face_id), "Reasons": [face.reason.value], **whose, **alike}


def _face_ids(call: Call) -> list[uuid.UUID]:
    return [uuid.UUID(face_id) for face_id in call.parameters["FaceIds"]]
