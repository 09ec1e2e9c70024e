"""Requests and answers about a collection that moves to another engine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rest_framework import serializers

from common.serializers import StrictSerializer
from recognition.models import ShadowScore, UnmovedFace
from recognition.services.engine_moves import MoveView


class StartEngineMoveRequest(StrictSerializer):
    engine = serializers.CharField(max_length=40, help_text="One that the instance offers, as `deepface:yunet+SFace`.")


class SwitchEngineRequest(StrictSerializer):
    leave_behind = serializers.BooleanField(
        default=False,
        help_text="Accept that the faces which could not be moved are not found any more. They stay until the end of"
        " the move.",
    )


class AgreementBand(serializers.Serializer[Any]):
    # `from` is a word of Python.
    def get_fields(self) -> dict[str, Any]:
        return {
            "from": serializers.IntegerField(help_text="Similarities from here on, in per cent, to 5 more."),
            "answered": serializers.IntegerField(help_text="Best candidates of the index that answered."),
            "shadow": serializers.IntegerField(help_text="Best candidates of the other index."),
        }


class AgreementResponse(serializers.Serializer[Any]):
    """How searches in the other index would have ended. Whom either found is not kept."""

    n_searches = serializers.IntegerField()
    rank_one_agreement = serializers.FloatField(
        allow_null=True, help_text="Share with the same best candidate in both, or none in both. Null: no search yet."
    )
    counts = serializers.DictField(
        child=serializers.IntegerField(), help_text=f"Searches by outcome: {', '.join(ShadowScore.Agreement.values)}."
    )
    mean = serializers.FloatField(allow_null=True, help_text="Of the best similarities that were answered.")
    deviation = serializers.FloatField(allow_null=True)
    shadow_mean = serializers.FloatField(allow_null=True, help_text="Of the best similarities in the other index.")
    shadow_deviation = serializers.FloatField(allow_null=True)
    bands = AgreementBand(many=True)


class EngineMoveResponse(serializers.Serializer[Any]):
    collection = serializers.CharField()
    engine_version = serializers.CharField(help_text="Of the index that is searched.")
    second_engine = serializers.CharField()
    second_engine_version = serializers.CharField(help_text="Of the index that is not: new before, old after a switch.")
    is_switched = serializers.BooleanField()
    job = serializers.UUIDField(allow_null=True, help_text="The last job that filled the second index.")
    n_faces = serializers.IntegerField()
    n_missing = serializers.IntegerField(help_text="Faces that have no template in the second index yet.")
    n_unmoved = serializers.IntegerField(help_text="Faces that could not be given one: see `unmoved`.")
    agreement = AgreementResponse()
    created_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)


class UnmovedFaceResponse(serializers.Serializer[Any]):
    face_id = serializers.UUIDField()
    reason = serializers.ChoiceField(choices=UnmovedFace.Reason.values)


class UnmovedFacePage(serializers.Serializer[Any]):
    items = UnmovedFaceResponse(many=True)
    next_cursor = serializers.CharField(allow_null=True)


def move_of(view: MoveView) -> dict[str, Any]:
    """Return the members of `EngineMoveResponse`."""
    move, collection = view.move, view.collection
    return {
        "collection": collection.name,
        "engine_version": collection.engine_version,
        "second_engine": move.engine,
        "second_engine_version": move.engine_version,
        "is_switched": move.is_switched,
        "job": move.job_id,
        "n_faces": collection.face_count,
        "n_missing": view.n_missing,
        "n_unmoved": view.n_unmoved,
        "agreement": view.agreement,
        "created_at": move.created_at,
        "ended_at": move.ended_at,
    }


def unmoved_of(faces: Sequence[UnmovedFace]) -> list[dict[str, Any]]:
    """Return the members of `UnmovedFaceResponse` for each face."""
    return [{"face_id": face.face_id, "reason": face.reason} for face in faces]
