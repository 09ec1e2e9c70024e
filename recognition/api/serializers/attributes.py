"""Attributes of a face: how they are asked for, and how they are answered."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

from rest_framework import serializers

from common.vocabulary import FaceAttribute
from recognition.engines.attributes import Attributes
from recognition.engines.presentation_attacks import EvidenceKind, Medium
from recognition.services.attributes import NAMES

_CONFIDENCE: Final = "How sure the answer is, in per cent; calibrated, see the service card."


class AskedAttributes(serializers.ListField):
    """A list of names; `all` means every attribute that the engine offers but `liveness`."""

    def __init__(self) -> None:
        super().__init__(
            child=serializers.ChoiceField(choices=list(NAMES)),
            required=False,
            max_length=len(NAMES),
            help_text=(
                "What to say of each face beyond box, confidence, landmarks, pose and quality (`default`): names, or"
                " `all`, which leaves out `liveness`. More than `default` is a use of its own: it takes the operation"
                " `analyse_attributes`. Race is never inferred."
            ),
        )


class PresenceResponse(serializers.Serializer[Any]):
    value = serializers.BooleanField()
    confidence = serializers.FloatField(help_text=_CONFIDENCE)


class ChoiceResponse(serializers.Serializer[Any]):
    value = serializers.CharField()
    confidence = serializers.FloatField(help_text=_CONFIDENCE)


class AgeRangeResponse(serializers.Serializer[Any]):
    low = serializers.IntegerField(help_text="Years.")
    high = serializers.IntegerField()


class EmotionResponse(serializers.Serializer[Any]):
    type = serializers.CharField(help_text="An expression of the face; not what somebody feels.")
    confidence = serializers.FloatField(help_text="All expressions add up to 100.")


class EyeDirectionResponse(serializers.Serializer[Any]):
    yaw = serializers.FloatField(help_text="Degrees; positive: towards the right border of the picture.")
    pitch = serializers.FloatField(
        required=False, help_text="Degrees; positive: up. Left out where the engine does not say it."
    )
    confidence = serializers.FloatField(
        help_text="Per cent: that the eyes look to the left, into the lens or to the right, as the yaw says."
    )


class LivenessResponse(serializers.Serializer[Any]):
    """Evidence for or against a presentation attack (ISO/IEC 30107)."""

    kind = serializers.ChoiceField(
        choices=[kind.value for kind in EvidenceKind], help_text="Whether the person had to do something for it."
    )
    score = serializers.FloatField(
        min_value=0,
        max_value=100,
        help_text=(
            "Of a hundred genuine photographs, so many look less genuine than this one. Measured on press photographs"
            " and on simulated re-photographs of them, never on a real attack; said only of faces of 80 to 180 px, as"
            " those are. A picture that was shrunk scores low without being an attack."
        ),
    )
    measured_on = serializers.ChoiceField(choices=[medium.value for medium in Medium])
    is_advisory = serializers.BooleanField(
        help_text="True: never decide by it alone; Custos never does. What is known: docs/reference/liveness.md."
    )


class AttributesResponse(serializers.Serializer[Any]):
    """What was asked for; an attribute that cannot be seen on a face is left out."""

    age_range = AgeRangeResponse(required=False)
    beard = PresenceResponse(required=False)
    emotions = EmotionResponse(required=False, many=True)
    eye_direction = EyeDirectionResponse(required=False)
    eyeglasses = PresenceResponse(required=False, help_text="Sunglasses are eyeglasses too.")
    eyes_open = PresenceResponse(required=False)
    face_occluded = PresenceResponse(required=False)
    gender = ChoiceResponse(required=False, help_text="How the face looks to a model; not who somebody is.")
    hair_colour = ChoiceResponse(required=False)
    liveness = LivenessResponse(required=False)
    moustache = PresenceResponse(required=False)
    mouth_open = PresenceResponse(required=False)
    smile = PresenceResponse(required=False)
    sunglasses = PresenceResponse(required=False)


def attributes_of(said: Attributes) -> dict[str, Any]:
    """Return the members of `AttributesResponse`; landmarks are a member of the face itself."""
    answered = {name: value for name, value in asdict(said).items() if value is not None}
    answered.pop(FaceAttribute.LANDMARKS.value, None)
    if said.eye_direction and said.eye_direction.pitch is None:
        del answered[FaceAttribute.EYE_DIRECTION.value]["pitch"]
    return answered
