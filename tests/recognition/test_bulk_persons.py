"""Enrolment as a job, of pictures that say whose they are."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from common.context import tenant_scope
from recognition.engines.fake import face_picture
from recognition.models import Collection, Face, Job
from recognition.selectors import persons as selectors
from recognition.services import persons
from tests.recognition.conftest import GALLERY, Outbox, in_json, reload, work_off
from tests.worlds import Player

BATCH = f"/v1/collections/{GALLERY}/faces:batch"


@pytest.fixture
def people(alice: Player, gallery: Collection) -> None:
    for name in ("anna", "ben"):
        persons.create_person(name, collection_name=GALLERY, actor=alice.actor)


def _submit(alice: Player, *named: tuple[int, str | None]) -> Any:
    images = [{**in_json(face_picture(identity, others=(9,))), "person": person} for identity, person in named]
    return alice.client.post(BATCH, {"images": images, "max_faces": 5})


def _problems(job: Job, alice: Player) -> list[str | None]:
    results = alice.client.get(f"/v1/jobs/{job.id}/results").json()["items"]
    return [result["problem"] and result["problem"]["code"] for result in results]


def _work(alice: Player, answer: Any, outbox: Outbox) -> Job:
    assert answer.status_code == 202, answer.json()
    with tenant_scope(alice.tenant.id):
        job = Job.objects.get(id=answer.json()["id"])
    work_off(job, outbox)
    return reload(job)


def test_each_picture_is_its_persons_largest_face_and_the_others_are_nobodys(
    alice: Player, people: None, outbox: Outbox
) -> None:
    job = _work(alice, _submit(alice, (1, "anna"), (2, "ben"), (1, "anna"), (3, None)), outbox)

    assert (job.done, job.failed) == (4, 0)
    with tenant_scope(alice.tenant.id):
        owners = sorted(Face.objects.values_list("person__name", flat=True), key=str)
    assert owners == [None, None, "anna", "anna", "ben"]
    found = alice.client.post(f"/v1/collections/{GALLERY}/persons:search", {"image": in_json(face_picture(1))})
    (match,) = found.json()["candidates"]
    assert (match["person"]["person_id"], match["person"]["face_count"]) == ("anna", 2)


def test_uploads_name_persons_in_their_order(alice: Player, people: None, outbox: Outbox) -> None:
    uploads = [SimpleUploadedFile("picture", face_picture(identity)) for identity in (1, 2)]

    answer = alice.client.post(BATCH, {"images": uploads, "persons": ["", "ben"]}, format="multipart")

    assert _work(alice, answer, outbox).done == 2
    with tenant_scope(alice.tenant.id):
        assert set(Face.objects.values_list("person__name", flat=True)) == {None, "ben"}
    short = {"images": [SimpleUploadedFile("picture", face_picture(1))], "persons": ["ben", "ben"]}
    assert alice.client.post(BATCH, short, format="multipart").status_code == 400


def test_a_person_who_is_not_there_refuses_the_request(alice: Player, people: None) -> None:
    answer = _submit(alice, (1, "anna"), (2, "nobody"))

    assert (answer.status_code, answer.json()["code"]) == (404, "person-not-found")
    assert alice.client.get("/v1/jobs").json()["items"] == []


def test_who_is_gone_or_full_when_the_turn_comes_is_a_problem_of_the_picture(
    alice: Player, people: None, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selectors, "MOST_FACES_OF_A_PERSON", 1)
    answer = _submit(alice, (1, "anna"), (1, "anna"), (2, "ben"), (3, None))
    persons.delete_person("ben", collection_name=GALLERY, actor=alice.actor)

    job = _work(alice, answer, outbox)

    assert (job.done, job.failed) == (2, 2)
    assert _problems(job, alice) == [None, "person-full", "person-not-found", None]
