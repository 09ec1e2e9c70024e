"""Rows that go in together are those that were made, to the last bit."""

from __future__ import annotations

import math
from typing import Any

import pytest
from django.db import DatabaseError

from common.bulk import insert_rows
from common.context import tenant_scope
from common.ids import new_id
from recognition.models import Collection, Face, Image
from tests.worlds import Player

NUMBERS = {"box_left": 0.1 + 0.2, "box_top": -1 / 3, "box_width": 5e-324, "box_height": 2.0, "pose_yaw": math.pi * 57}


def _image(alice: Player, gallery: Collection) -> Image:
    return Image(
        id=new_id(),
        tenant_id=alice.tenant.id,
        collection_id=gallery.id,
        digest="0" * 64,
        width=1,
        height=1,
        format="JPEG",
        decision_entry_id=gallery.decision_entry_id,
    )


def _face(image: Image, **values: Any) -> Face:
    rest = dict.fromkeys(["confidence", "pose_yaw", "pose_pitch", "pose_roll", "brightness", "sharpness"], 1.5)
    return Face(
        id=new_id(),
        tenant_id=image.tenant_id,
        collection_id=image.collection_id,
        image_id=image.id,
        quality_score=99.9,
        decision_entry_id=image.decision_entry_id,
        **{**rest, **NUMBERS, **values},
    )


def test_rows_come_back_as_they_went_in(alice: Player, gallery: Collection) -> None:
    image = _image(alice, gallery)
    names = ["Zoë \"O'Neil\" \\ %s {} 'x'", "", "雪"]
    faces = [_face(image, external_id=name, landmarks=[{"type": "nose", "x": 1 / 3, "y": -0.0}]) for name in names]
    with tenant_scope(alice.tenant.id):
        insert_rows(Image, [image])
        insert_rows(Face, faces)
        insert_rows(Face, [])
        stored = {face.id: face for face in Face.objects.filter(tenant_id=alice.tenant.id)}

    given = [field.attname for field in Face._meta.concrete_fields if field.attname != "created_at"]
    assert [[getattr(stored[face.id], name) for name in given] for face in faces] == [
        [getattr(face, name) for name in given] for face in faces
    ]
    assert all(face.created_at is not None for face in stored.values())


def test_one_row_that_is_refused_keeps_all_out(alice: Player, gallery: Collection) -> None:
    image = _image(alice, gallery)
    broken = _image(alice, gallery)
    broken.width = 0

    with pytest.raises(DatabaseError), tenant_scope(alice.tenant.id):
        insert_rows(Image, [image, broken])

    with tenant_scope(alice.tenant.id):
        assert not Image.objects.filter(tenant_id=alice.tenant.id).exists()


def test_the_rows_of_another_tenant_are_refused(alice: Player, mallory: Player, gallery: Collection) -> None:
    with pytest.raises(DatabaseError), tenant_scope(mallory.tenant.id):
        insert_rows(Image, [_image(alice, gallery)])
