"""Members of requests that several operations have: images, quality filters, ids of faces, names of resources."""

from __future__ import annotations

import re
import uuid
from typing import Any, Final

from common.vocabulary import FaceAttribute, Operation
from recognition.models import COLLECTION_NAME, QualityFilter
from recognition.rekognition.call import Call
from recognition.rekognition.faults import Fault, invalid
from recognition.services import buckets, images

_FORMATS: Final = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")
# CreateCollection gives names out without `arn:`, DescribeCollection with it, as Amazon does.
_ARN: Final = re.compile(
    rf"(?:arn:)?aws:rekognition:[a-z0-9-]{{1,32}}:(?P<account>[0-9]{{12}}):collection/(?P<name>{COLLECTION_NAME})"
)
_NAMES: Final = {"MUSTACHE": FaceAttribute.MOUSTACHE.value}
_NO_NAMES: Final = (".", "..")
_IMAGES: Final = ("Image", "SourceImage", "TargetImage")
# What a picture of a bucket is read for.
_USES: Final = {
    "DetectFaces": Operation.DETECT,
    "CompareFaces": Operation.COMPARE,
    "IndexFaces": Operation.ENROL,
    "SearchFacesByImage": Operation.SEARCH,
    "SearchUsersByImage": Operation.SEARCH,
}


def number_of_images(call: Call) -> int:
    """Return how many pictures a call sends."""
    return sum(name in call.parameters for name in _IMAGES)


def image_of(call: Call, member: str = "Image") -> bytes:
    """Return the picture that a member sends or names: in a bucket that the tenant registered, or kept by a collection.

    Raises:
        Fault: it is neither JPEG nor PNG, or none is sent or named.
        PolicyRefused: the policy does not let it be read.
        BucketObjectUnreadable, ImageTooLarge: see `buckets.read_object`.
        ImageNotFound, ImageNotKept, StoredImageDamaged, StorageUnavailable: see `images.read_by_name`.
    """
    image: dict[str, Any] = call.parameters[member]
    if ("Bytes" in image) == ("S3Object" in image):
        raise invalid(f"{member} must have either Bytes or S3Object.")
    data: bytes = image["Bytes"] if "Bytes" in image else _named(image["S3Object"], call=call)
    if not data.startswith(_FORMATS):
        raise Fault("InvalidImageFormatException", "Request has invalid image format: images must be JPEG or PNG.")
    return data


def attributes_of(call: Call, member: str) -> list[str]:
    """Return the attributes that a member asks for, by our names."""
    return [_NAMES.get(name, name.lower()) for name in call.parameters.get(member, ())]


def _named(s3_object: dict[str, str], *, call: Call) -> bytes:
    missing = {"Bucket", "Name"} - set(s3_object)
    if missing:
        raise invalid(f"S3Object must have {' and '.join(sorted(missing))}.")
    name, version = s3_object["Name"], s3_object.get("Version", "")
    if bucket := buckets.find_bucket(s3_object["Bucket"], actor=call.actor):
        use = _USES[call.operation]
        return buckets.read_object(bucket, key=name, version=version, use=use, actor=call.actor)
    if version:
        raise Fault("InvalidS3ObjectException", "Unable to get object metadata from S3: kept images have no versions.")
    return images.read_by_name(name, collection_name=s3_object["Bucket"], actor=call.actor)


def quality_of(call: Call, *, default: QualityFilter) -> QualityFilter:
    """Return the quality filter: Amazon's have the names of ours."""
    asked = call.parameters.get("QualityFilter")
    return default if asked is None else QualityFilter(asked.lower())


def new_name(call: Call, member: str) -> str:
    """Return the name of what is to be made.

    Raises:
        Fault: it cannot stand in an address of the REST API.
    """
    name: str = call.parameters[member]
    if name in _NO_NAMES:
        raise invalid(f"{member} must not be a dot or two: they cannot stand in an address.")
    return name


def account_of(tenant_id: uuid.UUID) -> str:
    """Return the twelve digits that stand for a tenant in the names of its resources."""
    return f"{tenant_id.int % 10**12:012d}"


def arn_of(call: Call, *, name: str) -> str:
    """Return the name of a collection as a resource, without the leading `arn:`."""
    return f"aws:rekognition:{call.region}:{account_of(call.actor.tenant_id)}:collection/{name}"


def collection_of(call: Call) -> str:
    """Return the tenant's name of the collection that `ResourceArn` names.

    Raises:
        Fault: it is no name of a collection of this tenant.
    """
    match = _ARN.fullmatch(call.parameters["ResourceArn"])
    if match is None:
        raise invalid("ResourceArn must be the name of a collection.")
    if match["account"] != account_of(call.actor.tenant_id):
        raise Fault("ResourceNotFoundException", "There is no such resource.")
    return match["name"]
