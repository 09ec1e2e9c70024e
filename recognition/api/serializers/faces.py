"""Requests and answers about faces: detect, compare, enrol, list, delete."""

from __future__ import annotations

from typing import Any, ClassVar

from rest_framework import serializers

from recognition.api.serializers.attributes import AskedAttributes, AttributesResponse, attributes_of
from recognition.api.serializers.fields import EncodedImage, Similarity, StrictSerializer, UploadedImage, decoded
from recognition.engines.base import MAX_FACES, Box
from recognition.models import QualityFilter
from recognition.services.detection import Detection
from recognition.services.enrolment import Enrolled
from recognition.services.images import ImageReference
from recognition.services.results import FaceView, Likeness, Match
from recognition.services.verification import Comparison

MOST_DELETED = 1_000
THOROUGH = "thorough"


class BoxResponse(serializers.Serializer[Any]):
    left = serializers.FloatField(help_text="Fractions of the upright image.")
    top = serializers.FloatField()
    width = serializers.FloatField()
    height = serializers.FloatField()


class LandmarkResponse(serializers.Serializer[Any]):
    type = serializers.CharField()
    x = serializers.FloatField()
    y = serializers.FloatField()


class PoseResponse(serializers.Serializer[Any]):
    yaw = serializers.FloatField(help_text="Degrees.")
    pitch = serializers.FloatField()
    roll = serializers.FloatField()


class QualityResponse(serializers.Serializer[Any]):
    brightness = serializers.FloatField()
    sharpness = serializers.FloatField()
    score = serializers.FloatField()


class FaceSeen(serializers.Serializer[Any]):
    """A face in a picture that was sent, which is not enrolled."""

    box = BoxResponse()
    confidence = serializers.FloatField(help_text="Of the detector, in per cent.")
    landmarks = LandmarkResponse(many=True, help_text="Five; 30 where `landmarks` was asked for.")
    pose = PoseResponse()
    quality = QualityResponse()
    attributes = AttributesResponse(required=False, help_text="What was asked for and could be seen.")


class FaceResponse(FaceSeen):
    id = serializers.UUIDField(required=False, help_text="Of an enrolled face.")
    image_id = serializers.UUIDField(required=False)
    external_id = serializers.CharField(required=False)
    person_id = serializers.CharField(required=False, help_text="Whose face it is.")


class ImageSize(serializers.Serializer[Any]):
    width = serializers.IntegerField(help_text="Pixels of the upright image.")
    height = serializers.IntegerField()


class _DetectOptions(StrictSerializer):
    attributes = AskedAttributes()
    detection = serializers.ChoiceField(
        choices=["standard", THOROUGH],
        default="standard",
        help_text="`thorough` also looks at enlarged parts of the image, for faces below 28 px; it takes longer.",
    )


class DetectRequest(_DetectOptions):
    image = EncodedImage()


class DetectUpload(_DetectOptions):
    image = UploadedImage()


class DetectResponse(serializers.Serializer[Any]):
    image = ImageSize()
    faces = FaceResponse(many=True)


class _CompareOptions(StrictSerializer):
    threshold = Similarity(required=False, allow_null=True, default=None)


class CompareRequest(_CompareOptions):
    source = EncodedImage()  # type: ignore[assignment]  # DRF takes fields off the class
    target = EncodedImage()


class CompareUpload(_CompareOptions):
    source = UploadedImage()  # type: ignore[assignment]
    target = UploadedImage()


class LikenessResponse(serializers.Serializer[Any]):
    similarity = serializers.FloatField(help_text="Per cent, anchored on measured false match rates; no probability.")
    score = serializers.FloatField(help_text="Cosine of the templates.")
    fmr = serializers.FloatField(help_text="Share of pairs of different people that score as high.")
    fmr_words = serializers.CharField(help_text="The same in words; says so where it lies beyond the measured data.")


class MatchResponse(LikenessResponse):
    face = FaceResponse()


class CompareResponse(serializers.Serializer[Any]):
    source_face = FaceResponse()
    matches = MatchResponse(many=True)
    unmatched = FaceResponse(many=True)
    threshold = serializers.FloatField(help_text="The similarity threshold that was used.")


class _EnrolOptions(StrictSerializer):
    max_faces = serializers.IntegerField(min_value=1, max_value=MAX_FACES, default=MAX_FACES)
    quality = serializers.ChoiceField(choices=QualityFilter.values, default=QualityFilter.AUTO.value)

    def validate_quality(self, value: str) -> QualityFilter:
        return QualityFilter(value)


class _EnrolOneOptions(_EnrolOptions):
    max_faces = serializers.IntegerField(min_value=1, max_value=MAX_FACES, required=False)
    external_id = serializers.CharField(max_length=255, default="", allow_blank=True)
    person = serializers.CharField(
        required=False,
        allow_null=True,
        default=None,
        max_length=128,
        help_text="Id of a person of the collection whose largest face this is. Only that face is enrolled, and it is"
        " compared with nothing.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["person"] is not None and attrs.get("max_faces", 1) != 1:
            raise serializers.ValidationError({"max_faces": ["With a person, one face is enrolled."]})
        return {"max_faces": MAX_FACES, **attrs}


class EnrolFacesRequest(_EnrolOneOptions):
    image = EncodedImage()
    attributes = AskedAttributes()


class EnrolFacesUpload(_EnrolOneOptions):
    image = UploadedImage()
    attributes = AskedAttributes()


class RejectionResponse(serializers.Serializer[Any]):
    box = BoxResponse()
    reasons = serializers.ListField(child=serializers.CharField())


class EnrolFacesResponse(serializers.Serializer[Any]):
    image_id = serializers.UUIDField()
    faces = FaceResponse(many=True)
    rejected = RejectionResponse(many=True)


class BatchImage(StrictSerializer):
    """One image of a batch in JSON: its bytes, or the id of one that is kept."""

    default_error_messages: ClassVar = {"base64": "The bytes are not valid base64."}

    bytes = serializers.CharField(required=False, trim_whitespace=False, help_text="The file in base64.")
    image_id = serializers.UUIDField(required=False, help_text="Of an image that is kept, instead of the bytes.")
    external_id = serializers.CharField(max_length=255, default="", allow_blank=True)

    def to_internal_value(self, data: Any) -> Any:
        values = super().to_internal_value(data)
        if ("bytes" in values) == ("image_id" in values):
            raise serializers.ValidationError({"bytes": ["Send either bytes or an image_id."]})
        image = ImageReference(values["image_id"]) if "image_id" in values else decoded(values["bytes"], field=self)
        return {**{name: value for name, value in values.items() if name not in ("bytes", "image_id")}, "data": image}


_WHOSE = (
    "Id of a person of the collection whose largest face this is. Only that face is enrolled, whatever `max_faces` is."
)


class EnrolBatchImage(BatchImage):
    person = serializers.CharField(max_length=128, required=False, allow_null=True, default=None, help_text=_WHOSE)

    def to_internal_value(self, data: Any) -> Any:
        values = super().to_internal_value(data)
        return {**values, "person": values["person"] or ""}


class EnrolBatchRequest(_EnrolOptions):
    images = EnrolBatchImage(many=True, allow_empty=False)


class ImagesUpload(StrictSerializer):
    """Several images in multipart, and optionally a name for each."""

    images = serializers.ListField(child=UploadedImage(), allow_empty=False)
    external_ids = serializers.ListField(
        child=serializers.CharField(max_length=255, allow_blank=True),
        required=False,
        help_text="One for each image, in the same order, or none at all.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        ids = attrs.pop("external_ids", None) or [""] * len(attrs["images"])
        if len(ids) != len(attrs["images"]):
            raise serializers.ValidationError({"external_ids": ["Send as many as images, or none."]})
        attrs["images"] = [
            {"data": data, "external_id": external_id} for data, external_id in zip(attrs["images"], ids, strict=True)
        ]
        return attrs


class EnrolBatchUpload(ImagesUpload, _EnrolOptions):
    persons = serializers.ListField(
        child=serializers.CharField(max_length=128, allow_blank=True),
        required=False,
        help_text="One for each image, in the same order, blank for none, or none at all: see `person` in JSON.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        named = attrs.pop("persons", None)
        attrs = super().validate(attrs)
        if named is not None and len(named) != len(attrs["images"]):
            raise serializers.ValidationError({"persons": ["Send as many as images, or none."]})
        for image, person in zip(attrs["images"], named or (), strict=False):
            image["person"] = person
        return attrs


class FacePage(serializers.Serializer[Any]):
    items = FaceResponse(many=True)
    next_cursor = serializers.CharField(allow_null=True)


class DeleteFacesRequest(StrictSerializer):
    ids = serializers.ListField(child=serializers.UUIDField(), allow_empty=False, max_length=MOST_DELETED)


class FailedDeletion(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    code = serializers.CharField()


class DeleteFacesResponse(serializers.Serializer[Any]):
    deleted = serializers.ListField(child=serializers.UUIDField())
    failed = FailedDeletion(many=True)


def box_of(box: Box) -> dict[str, float]:
    return {"left": box.left, "top": box.top, "width": box.width, "height": box.height}


def face_of(view: FaceView) -> dict[str, Any]:
    """Return the members of `FaceResponse`."""
    face = view.detected
    enrolled: dict[str, Any] = {}
    if view.id is not None:
        enrolled = {"id": view.id, "image_id": view.image_id}
        if view.external_id:
            enrolled["external_id"] = view.external_id
        if view.person:
            enrolled["person_id"] = view.person
    said = view.attributes
    landmarks = (said.landmarks if said else None) or face.landmarks
    return {
        **enrolled,
        "box": box_of(face.box),
        "confidence": face.confidence,
        "landmarks": [{"type": point.type, "x": point.x, "y": point.y} for point in landmarks],
        "pose": {"yaw": face.pose.yaw, "pitch": face.pose.pitch, "roll": face.pose.roll},
        "quality": {
            "brightness": face.quality.brightness,
            "sharpness": face.quality.sharpness,
            "score": face.quality.score,
        },
        **({"attributes": attributes_of(said)} if said else {}),
    }


def detection_of(detection: Detection) -> dict[str, Any]:
    """Return the members of `DetectResponse`."""
    return {
        "image": {"width": detection.width, "height": detection.height},
        "faces": [face_of(face) for face in detection.faces],
    }


def likeness_of(likeness: Likeness) -> dict[str, Any]:
    """Return the members of `LikenessResponse`."""
    return {
        "similarity": likeness.similarity,
        "score": likeness.score,
        "fmr": likeness.fmr,
        "fmr_words": likeness.fmr_words,
    }


def match_of(match: Match) -> dict[str, Any]:
    """Return the members of `MatchResponse`."""
    return {**likeness_of(match), "face": face_of(match.face)}


def comparison_of(comparison: Comparison) -> dict[str, Any]:
    """Return the members of `CompareResponse`."""
    return {
        "source_face": face_of(comparison.source_face),
        "matches": [match_of(match) for match in comparison.matches],
        "unmatched": [face_of(face) for face in comparison.unmatched],
        "threshold": comparison.threshold,
    }


def enrolled_of(enrolled: Enrolled) -> dict[str, Any]:
    """Return the members of `EnrolFacesResponse`."""
    return {
        "image_id": enrolled.image_id,
        "faces": [face_of(face) for face in enrolled.faces],
        "rejected": [
            {"box": box_of(rejection.box), "reasons": [reason.value for reason in rejection.reasons]}
            for rejection in enrolled.rejected
        ],
    }
