"""The pages of reviews: the queue, the pictures side by side, the verdict, and what was released."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from common.context import tenant_scope
from common.vocabulary import OffenceClass, Purpose, TenantRole
from governance.audit.ledger import database_now
from governance.casework import cases
from governance.casework.models import Case, CaseOfficer
from recognition.engines.fake import face_picture
from recognition.services import batches, persons
from tenants.models import User
from tests.casework.conftest import GALLERY, Charity, attest, charity, encoded
from tests.dashboard.conftest import SignIn, text_of, upload
from tests.people import make_member
from tests.people import sign_in as sign_in_as
from tests.worlds import Player

__all__ = ["charity"]


def _reviewer(charity: Charity) -> Client:
    user = make_member(charity.player, TenantRole.REVIEWER)
    attest(charity.player, user)
    return sign_in_as(user)


def _verdict(page: str, judgement: str = "release") -> dict[str, str]:
    names = re.findall(r'<select name="([0-9a-f-]{36})"', page)
    assert names
    return {**dict.fromkeys(names, judgement), "reasons": "Ears and chin agree."}


def test_two_people_look_and_release(charity: Charity) -> None:
    task_id = charity.search().json()["review_task"]["id"]
    for client in (_reviewer(charity), _reviewer(charity)):
        queue = client.get("/reviews")
        assert f"/reviews/{task_id}/judge" in queue.content.decode()
        sheet = client.get(f"/reviews/{task_id}/judge")
        shown = text_of(sheet)
        assert "not probable cause" in shown
        assert "at most 1 false match per 1,000,000 comparisons" in shown
        assert "No picture of this face is kept here" in shown
        assert 'src="data:image/jpeg;base64,' in sheet.content.decode()
        assert not any(secret in sheet.content.decode() for secret in (str(charity.anna), "anna"))

        done = client.post(f"/reviews/{task_id}/judge", _verdict(sheet.content.decode()))
        assert done.status_code == 302, text_of(done)
        mine = client.get("/reviews?show=all")
        assert "judged by you" in text_of(mine)
        assert f"/reviews/{task_id}/judge" not in mine.content.decode()

    page = text_of(client.get(f"/reviews/{task_id}/"))
    assert "released" in page and "anna" in page
    assert "Nothing waits." in text_of(client.get("/reviews"))
    assert task_id in client.get("/reviews?show=all").content.decode()


def test_two_people_confirm_that_nobody_was_found(charity: Charity) -> None:
    task_id = charity.search(77).json()["review_task"]["id"]
    for client in (_reviewer(charity), _reviewer(charity)):
        assert "Nobody is as similar as the threshold asks." in text_of(client.get(f"/reviews/{task_id}/judge"))
        done = client.post(f"/reviews/{task_id}/judge", {"reasons": "Nothing to compare."})
        assert done.status_code == 302, text_of(done)

    page = text_of(client.get(f"/reviews/{task_id}/"))
    assert "rejected" in page and "Nobody was released." in page


def test_an_unfinished_form_is_shown_again(charity: Charity) -> None:
    task_id = charity.search().json()["review_task"]["id"]
    client = _reviewer(charity)

    page = client.post(f"/reviews/{task_id}/judge", {"reasons": "x"})

    assert page.status_code == 422
    assert "This field is required." in text_of(page)


def test_a_pending_review_names_nobody(charity: Charity) -> None:
    task_id = charity.search().json()["review_task"]["id"]

    page = _reviewer(charity).get(f"/reviews/{task_id}/")

    assert "Whether anybody was found is not told before two people" in text_of(page)
    assert "false match per 1,000,000 comparisons of different people" not in text_of(page)
    assert not any(secret in page.content.decode() for secret in (str(charity.anna), "anna"))


def test_a_search_on_the_page_leads_to_its_review(charity: Charity) -> None:
    worker = make_member(charity.player, TenantRole.CASE_WORKER)
    with tenant_scope(charity.player.tenant.id):
        CaseOfficer.objects.create(tenant_id=charity.player.tenant.id, case=Case.objects.get(), user=worker)

    page = sign_in_as(worker).post(
        f"/collections/{GALLERY}/search",
        {"image": upload(face_picture(1, variant=1)), "case_ref": charity.actor.usage.case_ref},
        follow=True,
    )

    assert page.redirect_chain[-1][0].startswith("/reviews/")
    assert "Review of a search" in text_of(page)
    assert "You asked for it, so two others look." in text_of(page)
    judge_it = sign_in_as(worker).get(page.redirect_chain[-1][0] + "judge")
    assert judge_it.status_code == 403


def test_a_reviewer_without_training_is_told_why(charity: Charity) -> None:
    task_id = charity.search().json()["review_task"]["id"]
    client = sign_in_as(make_member(charity.player, TenantRole.REVIEWER))

    page = client.get(f"/reviews/{task_id}/judge")

    assert page.status_code == 403
    assert "The training of the reviewer was not attested." in text_of(page)


def test_a_job_says_that_its_results_are_under_review(charity: Charity) -> None:
    body = {"images": [encoded(face_picture(1, variant=1))]}
    job = charity.player.client.post(f"/v1/collections/{GALLERY}/search:batch", body, format="json").json()
    batches.run_batch(uuid.UUID(job["id"]), first=0, tenant_id=charity.player.tenant.id)

    page = sign_in_as(make_member(charity.player, TenantRole.OWNER)).get(f"/jobs/{job['id']}/results")

    assert "Under review" in text_of(page)


def test_the_last_day_that_there_is_is_too_late_and_no_bug(alice: Player, member: Client) -> None:
    reviewer = make_member(alice, TenantRole.REVIEWER)

    page = member.post("/training", {"user_id": str(reviewer.pk), "course": "Faces", "last_day": "9999-12-31"})

    assert page.status_code == 400
    assert "a year" in text_of(page)


def test_training_is_attested_and_taken_back(alice: Player, member: Client, sign_in: SignIn) -> None:
    reviewer: User = make_member(alice, TenantRole.REVIEWER)
    day = (database_now() + timedelta(days=30)).date().isoformat()

    page = member.post("/training", {"user_id": str(reviewer.pk), "course": "Faces", "last_day": day}, follow=True)
    assert f"{reviewer.username}: Faces, until" in text_of(page)

    action = page.content.decode().partition('/revoke"')[0].rpartition('"')[2] + "/revoke"
    assert "Nobody's training is attested." in text_of(member.post(action, follow=True))
    assert sign_in(alice, TenantRole.REVIEWER).get("/training").status_code == 403


def test_reviewers_see_that_a_face_is_gone(charity: Charity) -> None:
    task_id = charity.search().json()["review_task"]["id"]
    charity.player.client.delete(f"/v1/collections/{GALLERY}/faces/{charity.anna}")

    sheet = _reviewer(charity).get(f"/reviews/{task_id}/judge")

    assert "This face was deleted meanwhile" in text_of(sheet)


def test_a_comparison_and_a_search_among_persons_lead_to_their_reviews(charity: Charity) -> None:
    worker = make_member(charity.player, TenantRole.CASE_WORKER)
    case = cases.open_case(
        charity.actor,
        reference="BTH-2026-007",
        purpose=Purpose.VICTIM_IDENTIFICATION,
        offence_class=OffenceClass.SERIOUS,
        rationale="Somebody was last seen near the station.",
        officers=[worker.pk],
    )
    persons.create_person("anna-1998", collection_name=GALLERY, actor=charity.actor)
    client = sign_in_as(worker)
    stated = {
        "purpose": "victim_identification",
        "on_behalf_of": "victim_rescue_ngo",
        "case_ref": case.reference,
        "threshold": "99",
    }

    compared = client.post("/compare", {**stated, "source": _file(1), "target": _file(2)})
    searched = client.post(f"/collections/{GALLERY}/persons:search", {**stated, "image": _file(1)})

    for response in (compared, searched):
        assert response.status_code == 302, text_of(response)
        assert response["Location"].startswith("/reviews/")


def _file(identity: int) -> SimpleUploadedFile:
    return SimpleUploadedFile("face.png", face_picture(identity), content_type="image/png")
