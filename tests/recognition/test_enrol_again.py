"""Enrolling the same picture again, and pictures in which there is nothing to enrol, where the caller allows that."""

from __future__ import annotations

import pytest

from recognition.engines.fake import face_picture
from recognition.errors import NoFaceFound
from recognition.models import Collection, QualityFilter
from recognition.services import deletion, enrolment, examination, identification, verification
from tests.recognition.conftest import GALLERY, reload, traces_of
from tests.worlds import Player


def _enrol(player: Player, data: bytes, **options: object) -> enrolment.Enrolled:
    return enrolment.enrol_image(data, collection_name=GALLERY, actor=player.actor, **options)  # type: ignore[arg-type]


def test_the_same_picture_under_the_same_name_is_stored_once(alice: Player, gallery: Collection) -> None:
    first = _enrol(alice, face_picture(1, others=(2,)), external_id="anna", once=True)
    again = _enrol(alice, face_picture(1, others=(2,)), external_id="anna", once=True)

    assert again == first
    assert (traces_of(alice).faces, traces_of(alice).images, reload(gallery).face_count) == (2, 1, 2)


def test_another_name_or_picture_or_no_such_wish_is_stored(alice: Player, gallery: Collection) -> None:
    first = _enrol(alice, face_picture(1), external_id="anna", once=True)
    others = [
        _enrol(alice, face_picture(1), external_id="ben", once=True),
        _enrol(alice, face_picture(1, variant=1), external_id="anna", once=True),
        _enrol(alice, face_picture(1), external_id="anna"),
    ]

    assert len({face_id for enrolled in (first, *others) for face_id in enrolled.face_ids}) == 4


def test_only_the_faces_that_are_missing_are_added(alice: Player, gallery: Collection) -> None:
    first = _enrol(alice, face_picture(1, others=(2, 3)), once=True, max_faces=1)
    all_three = _enrol(alice, face_picture(1, others=(2, 3)), once=True)

    assert all_three.face_ids[0] == first.face_ids[0]
    assert all_three.image_id == first.image_id
    assert (traces_of(alice).faces, traces_of(alice).images) == (3, 1)
    assert reload(gallery).face_count == 3


def test_a_face_that_was_deleted_is_stored_anew(alice: Player, gallery: Collection) -> None:
    first = _enrol(alice, face_picture(1), once=True)
    deletion.delete_faces(first.face_ids, collection_name=GALLERY, actor=alice.actor)

    again = _enrol(alice, face_picture(1), once=True)

    assert again.face_ids != first.face_ids
    assert reload(gallery).face_count == 1


def test_nothing_to_enrol_is_no_error_where_the_caller_says_so(
    alice: Player, gallery: Collection, blank_picture: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = _enrol(alice, blank_picture, needs_face=False)
    monkeypatch.setattr(examination, "LEAST_FACE_PX", 500)
    none_usable = _enrol(alice, face_picture(1), needs_face=False)

    assert (nobody.image_id, nobody.faces, nobody.rejected) == (None, (), ())
    assert (none_usable.image_id, none_usable.faces) == (None, ())
    assert none_usable.rejected[0].face.confidence == 99.0
    assert traces_of(alice).images == 0


def test_faces_of_low_quality_are_left_out_of_comparing_and_searching_when_asked(
    alice: Player, gallery: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(examination, "LEAST_FACE_PX", 60)
    crowd = face_picture(1, others=(2, 3))

    def compare(quality: QualityFilter) -> int:
        found = verification.compare_faces(crowd, target=crowd, actor=alice.actor, quality=quality)
        return len(found.matches) + len(found.unmatched)

    def search(quality: QualityFilter) -> int:
        found = identification.search_by_image(
            crowd, collection_name=GALLERY, actor=alice.actor, every_face=True, quality=quality
        )
        return len(found.searches)

    assert (compare(QualityFilter.NONE), search(QualityFilter.NONE)) == (3, 3)
    assert (compare(QualityFilter.AUTO), search(QualityFilter.AUTO)) == (1, 1)
    monkeypatch.setattr(examination, "LEAST_FACE_PX", 500)
    for call in (compare, search):
        with pytest.raises(NoFaceFound):
            call(QualityFilter.AUTO)
