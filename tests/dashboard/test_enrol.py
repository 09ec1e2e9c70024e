"""Enrolling from the page: one picture at once, several as a job, and the outlines of the faces."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from common.context import tenant_scope
from dashboard.pictures import Picture
from dashboard.views import faces
from recognition.engines.fake import face_picture
from recognition.errors import EngineBusy
from recognition.models import Collection, Face, Job
from tests.dashboard.conftest import GALLERY, text_of, upload
from tests.worlds import Player

ENROL = f"/collections/{GALLERY}/enrol"


def _form(**changes: object) -> dict[str, object]:
    return {"images": upload(), "external_id": "", "max_faces": 100, "skip_low_quality": "on", **changes}


def test_an_enrolment_whose_picture_cannot_be_shown_is_no_error(
    member: Client, gallery: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(data: bytes) -> Picture:
        raise EngineBusy(retry_after=1)

    monkeypatch.setattr(faces, "picture_of", busy)
    response = member.post(ENROL, _form(images=upload(face_picture(1, others=(2,)))), follow=True)

    assert response.status_code == 200
    assert "Faces enrolled: 2." in text_of(response)


def test_it_enrols_one_picture_and_outlines_every_face(member: Client, alice: Player, gallery: Collection) -> None:
    picture = upload(face_picture(1, others=(2,)))

    response = member.post(ENROL, _form(images=picture, external_id="anna"))

    page = response.content.decode()
    assert response.status_code == 200
    assert "2 faces enrolled" in text_of(response)
    # Every outline points at a row of the list.
    outlined = re.findall(r'<a href="#([\w-]+)"\s+data-face', page)
    rows = re.findall(r'<li id="([\w-]+)"', page)
    assert outlined == rows == ["face-1", "face-2"]
    with tenant_scope(alice.tenant.id):
        assert list(Face.objects.values_list("external_id", flat=True)) == ["anna", "anna"]


def test_the_outlines_lie_where_the_faces_are(member: Client, gallery: Collection) -> None:
    page = member.post(ENROL, _form(images=upload(face_picture(1)))).content.decode()

    # `face_picture` draws a block of 96 px, 16 px from the corner, on a picture of 128 px.
    assert 'viewBox="0 0 128 128"' in page
    rect = re.search(r"<rect.*?/>", page, re.DOTALL)
    assert rect is not None
    assert dict(re.findall(r'\b(x|y|width|height)="([\d.]+)"', rect[0])) == {
        "x": "16.0",
        "y": "16.0",
        "width": "96.0",
        "height": "96.0",
    }


def test_it_says_which_faces_were_left_out_and_why(member: Client, gallery: Collection) -> None:
    response = member.post(ENROL, _form(images=upload(face_picture(1, others=(2,))), max_faces=1))

    assert "1 face enrolled" in text_of(response)
    assert "Left out: more faces than asked for" in text_of(response)
    assert 'class="rejected"' in response.content.decode()


def test_the_picture_is_in_the_answer_and_nowhere_else(member: Client, home: Path, gallery: Collection) -> None:
    response = member.post(ENROL, _form())

    assert 'src="data:image/jpeg;base64,' in response.content.decode()
    assert [path for path in home.rglob("*") if path.is_file()] == []
    assert "no-store" in response["Cache-Control"]


def test_several_pictures_become_a_job(member: Client, alice: Player, gallery: Collection) -> None:
    pictures = [upload(face_picture(number)) for number in range(3)]

    response = member.post(ENROL, _form(images=pictures))

    with tenant_scope(alice.tenant.id):
        job = Job.objects.get()
    assert response.status_code == 302
    assert response["Location"] == f"/jobs/{job.id}/"
    assert job.total == 3


@pytest.mark.parametrize(
    ("data", "status", "words"),
    [
        (b"not a picture", 415, "Images must be JPEG, PNG or WebP"),
        (face_picture()[:200], 422, "The image cannot be read"),
    ],
)
def test_a_bad_picture_is_a_clear_page(
    member: Client, gallery: Collection, data: bytes, status: int, words: str
) -> None:
    response = member.post(ENROL, _form(images=upload(data)))

    assert response.status_code == status
    assert words in text_of(response)


def test_a_form_without_a_picture_says_so(member: Client, gallery: Collection) -> None:
    response = member.post(ENROL, {"max_faces": 1})

    assert response.status_code == 422
    assert "This field is required." in text_of(response)


def test_a_picture_that_is_too_large_is_refused_by_the_form(
    member: Client, gallery: Collection, settings: Settings
) -> None:
    settings.CUSTOS_MAX_IMAGE_BYTES = 100

    response = member.post(ENROL, _form())

    assert response.status_code == 422
    assert "A picture may have" in text_of(response)


def test_more_pictures_than_a_job_takes_are_refused_by_the_form(
    member: Client, gallery: Collection, settings: Settings
) -> None:
    settings.CUSTOS_MAX_BATCH_IMAGES = 2

    response = member.post(ENROL, _form(images=[upload(), upload(), upload()]))

    assert response.status_code == 422
    assert "Choose 2 pictures at most." in text_of(response)
