"""Arguments with which every operation answers an allowed caller, and the things that they name."""

from __future__ import annotations

import base64
from typing import Any

from recognition.engines.fake import face_picture
from recognition.rekognition.arguments import account_of
from recognition.services import collections, enrolment, persons
from tests.rekognition.conftest import GALLERY
from tests.worlds import Player

IMAGE = {"Bytes": face_picture(1)}


def arguments_of(face_id: str, arn: str) -> dict[str, dict[str, Any]]:
    """Return arguments with which an allowed caller gets an answer, for every operation; what destroys comes last."""
    there = {"CollectionId": GALLERY}
    return {
        "DetectFaces": {"Image": IMAGE},
        "CompareFaces": {"SourceImage": IMAGE, "TargetImage": IMAGE},
        "CreateCollection": {"CollectionId": "another"},
        "DescribeCollection": there,
        "ListCollections": {},
        "IndexFaces": {**there, "Image": IMAGE},
        "ListFaces": there,
        "SearchFaces": {**there, "FaceId": face_id},
        "SearchFacesByImage": {**there, "Image": IMAGE},
        "TagResource": {"ResourceArn": arn, "Tags": {"a": "b"}},
        "ListTagsForResource": {"ResourceArn": arn},
        "UntagResource": {"ResourceArn": arn, "TagKeys": ["a"]},
        "CreateUser": {**there, "UserId": "ben"},
        "ListUsers": there,
        "AssociateFaces": {**there, "UserId": "anna", "FaceIds": [face_id]},
        "SearchUsers": {**there, "FaceId": face_id},
        "SearchUsersByImage": {**there, "Image": IMAGE},
        "DisassociateFaces": {**there, "UserId": "anna", "FaceIds": [face_id]},
        "DeleteUser": {**there, "UserId": "anna"},
        "DeleteFaces": {**there, "FaceIds": [face_id]},
        "DeleteCollection": there,
    }


def account_arn(player: Player) -> str:
    """Return the name of the player's collection as a resource."""
    return f"arn:aws:rekognition:eu-central-1:{account_of(player.tenant.id)}:collection/{GALLERY}"


def set_up(player: Player) -> tuple[str, str]:
    """Make what the walk asks for, while the player still may."""
    collections.create_collection(GALLERY, actor=player.actor)
    enrolled = enrolment.enrol_image(face_picture(1), collection_name=GALLERY, actor=player.actor)
    persons.create_person("anna", collection_name=GALLERY, actor=player.actor)
    return str(enrolled.face_ids[0]), account_arn(player)


def in_text(arguments: dict[str, Any]) -> dict[str, Any]:
    """Return arguments as the wire carries them: bytes in base64."""
    encoded = {"Bytes": base64.b64encode(IMAGE["Bytes"]).decode()}
    return {name: encoded if value is IMAGE else value for name, value in arguments.items()}
