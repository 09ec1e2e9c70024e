"""Enrolling one picture."""

from __future__ import annotations

import pytest
from django.db import connections

from common.context import tenant_scope
from governance.errors import PolicyRefused
from recognition.engines.fake import face_picture
from recognition.errors import CollectionNotFound, NoFaceFound
from recognition.models import Collection, Face, Image
from recognition.selectors import faces as face_selectors
from recognition.services import enrolment
from tests.recognition.conftest import GALLERY
from tests.worlds import Player


def test_it_stores_face_image_and_template(alice: Player, gallery: Collection) -> None:
    enrolled = enrolment.enrol_image(face_picture(7), collection_name=GALLERY, actor=alice.actor, external_id="seven")

    with tenant_scope(alice.tenant.id):
        face = Face.objects.get(id=enrolled.faces[0].id)
        image = Image.objects.get(id=enrolled.image_id)
        gallery.refresh_from_db()
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT face_id, partition_no, engine_version FROM recognition_template")
            templates = cursor.fetchall()
    assert (face.collection_id, face.image_id, face.external_id) == (gallery.id, image.id, "seven")
    assert gallery.face_count == 1
    assert templates == [(face.id, gallery.partition_no, gallery.engine_version)]
