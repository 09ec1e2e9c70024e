"""Jobs: progress that polls until the end, results, cancelling, and why one was halted."""

from __future__ import annotations

from django.test import Client

from common.ids import new_id
from common.vocabulary import CustomerCategory, Operation
from governance import services as governance
from recognition.engines.fake import face_picture
from recognition.models import Collection, Job
from recognition.services import enrolment, jobs
from recognition.services.enrolment import Submission
from tests.dashboard.conftest import GALLERY, SignIn, text_of
from tests.recognition.conftest import NOT_A_PICTURE, Outbox, work_off
from tests.worlds import MoratoriumFactory, Player, World

HTMX = {"HX-Request": "true"}


def _submit(player: Player, *images: bytes) -> Job:
    submissions = [Submission(data, f"image-{number}") for number, data in enumerate(images)]
    return enrolment.submit_job(submissions, collection_name=GALLERY, actor=player.actor)


def test_an_open_job_is_polled(member: Client, alice: Player, gallery: Collection) -> None:
    job = _submit(alice, face_picture(1), face_picture(2))

    page = member.get(f"/jobs/{job.id}/")
    part = member.get(f"/jobs/{job.id}/", headers=HTMX)

    assert "0 of 2 pictures done" in text_of(page)
    assert f'hx-get="/jobs/{job.id}/" hx-trigger="every 2s"' in " ".join(page.content.decode().split())
    assert part.status_code == 200
    assert "<html" not in part.content.decode()


def test_the_last_part_tells_htmx_to_stop(member: Client, alice: Player, gallery: Collection, outbox: Outbox) -> None:
    job = _submit(alice, face_picture(1), face_picture(2))
    work_off(job, outbox)

    part = member.get(f"/jobs/{job.id}/", headers=HTMX)
    page = member.get(f"/jobs/{job.id}/")

    assert part.status_code == 286
    assert page.status_code == 200
    assert "hx-get" not in part.content.decode() + page.content.decode()
    assert "✓ succeeded 2 of 2 pictures done" in text_of(page)


def test_the_results_say_what_became_of_each_picture(
    member: Client, alice: Player, gallery: Collection, outbox: Outbox
) -> None:
    job = _submit(alice, face_picture(1), NOT_A_PICTURE)
    work_off(job, outbox)

    shown = text_of(member.get(f"/jobs/{job.id}/results"))

    assert "1 ✓ done image-0 1" in shown
    assert "2 ✕ failed image-1 0 The content is neither JPEG, PNG nor WebP." in shown
    assert "1 failed" in text_of(member.get("/jobs"))


def test_it_cancels_an_open_job_once(member: Client, alice: Player, gallery: Collection) -> None:
    job = _submit(alice, face_picture(1))

    first = member.post(f"/jobs/{job.id}/cancel", follow=True)
    second = member.post(f"/jobs/{job.id}/cancel")

    assert "– cancelled" in text_of(first)
    assert second.status_code == 409
    assert "The job has already ended" in text_of(second)


def test_a_halted_job_explains_itself(
    member: Client, alice: Player, gallery: Collection, impose: MoratoriumFactory
) -> None:
    job = _submit(alice, face_picture(1))
    impose(selector=governance.Selector(categories=[CustomerCategory.CONSUMER_SOFTWARE], operations=[Operation.ENROL]))
    jobs.recheck(job, collection=gallery)

    response = member.get(f"/jobs/{job.id}/")

    assert "■ halted by policy" in text_of(response)
    assert "MOR-001" in text_of(response)
    assert 'href="/decisions/' in response.content.decode()


def test_a_job_of_another_tenant_does_not_exist(
    world: World, member: Client, gallery: Collection, sign_in: SignIn
) -> None:
    job = _submit(world.alice, face_picture(1))
    stranger = sign_in(world.mallory)

    for response in (
        stranger.get(f"/jobs/{job.id}/"),
        stranger.get(f"/jobs/{job.id}/results"),
        stranger.post(f"/jobs/{job.id}/cancel"),
        member.get(f"/jobs/{new_id()}/"),
    ):
        assert response.status_code == 404
        assert "There is no such job" in text_of(response)
