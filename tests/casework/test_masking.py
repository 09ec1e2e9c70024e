"""Nobody is named before two reviewers released them: one test for each way that somebody might try."""

from __future__ import annotations

import json
import uuid
from typing import Any, Final

import pytest
from django.conf import settings
from django.db import IntegrityError, connections

from common.context import tenant_scope
from common.vocabulary import Operation
from governance import gate
from governance.accountability.models import SearchRecord
from governance.audit.models import AuditEntry
from governance.casework import selectors, verdicts
from governance.casework.models import ReviewCandidate, ReviewProbe, ReviewTask
from governance.casework.verdicts import Judgement
from governance.errors import PolicyRefused
from recognition.engines.fake import face_picture
from recognition.models import JobItem
from recognition.services import (
    batches,
    collections,
    consents,
    enrolment,
    identification,
    jobs,
    masking,
    persons,
    purging,
    verification,
)
from tests.casework.conftest import GALLERY, Charity, Judge, encoded
from tests.recognition.conftest import decided, let_days_pass
from tests.worlds import Player


def _names(charity: Charity, text: str) -> list[str]:
    """Return what of the identities an answer holds."""
    return [secret for secret in (str(charity.anna), str(charity.bert), "anna", "bert") if secret in text]


def _masked(charity: Charity, response: Any) -> dict[str, Any]:
    """Return the review of an answer that names nobody."""
    assert response.status_code == 202, response.content
    assert _names(charity, response.content.decode()) == []
    task: dict[str, Any] = response.json()["review_task"]
    assert task["status"] == "pending"
    assert response["Location"] == f"/v1/review-tasks/{task['id']}"
    return task


def test_a_search_answers_with_words_and_nobody(charity: Charity) -> None:
    response = charity.search()

    task = _masked(charity, response)
    assert "similarity" not in response.content.decode()
    notices = " ".join(task["notices"])
    assert "not probable cause" in notices and "false match rate in words" in notices
    decision, outcome = decided(charity.player, response)
    assert decision["decision"]["obligations"] == ["HUM-001", "HUM-002", "HUM-003", "RET-002"]
    assert outcome["n_faces"] == 1
    assert not {"n_candidates", "top_score_bucket"} & outcome.keys()


_OWN: Final = ("id", "created_at", "expires_at")


def _told(charity: Charity, response: Any, *, path: str = "/v1/review-tasks") -> dict[str, Any]:
    """Return all that a requester can read of a masked result, without what every request has of its own."""
    task = _masked(charity, response)
    shown = charity.player.client.get(f"{path}/{task['id']}").json()
    assert shown == task
    _, outcome = decided(charity.player, response)
    own = ("decision_id", "epoch", "ts")
    return {
        "task": {name: value for name, value in task.items() if name not in _OWN},
        "outcome": {name: value for name, value in outcome.items() if name not in own},
        "headers": sorted(response.headers),
    }


def test_a_loop_of_searches_tells_nothing(charity: Charity) -> None:
    """That a review exists, or what is in it, would say who it is: over collections of one person each."""
    assert _told(charity, charity.search(1)) == _told(charity, charity.search(77))


def test_a_loop_of_comparisons_tells_nothing(charity: Charity) -> None:
    them, another = (
        charity.player.client.post(
            "/v1/compare", {"source": encoded(face_picture(1)), "target": encoded(target)}, format="json"
        )
        for target in (face_picture(1, variant=1), face_picture(77))
    )

    assert _told(charity, them) == _told(charity, another)


def test_the_facts_of_the_next_search_tell_nothing(charity: Charity) -> None:
    """How often somebody was found is counted (SRV-001); the facts of a decision, which who asks reads, do not say."""
    facts = []
    for identity in (77, 1):
        charity.search(identity)
        response = charity.player.client.post(
            f"/v1/collections/{GALLERY}/search", {"face_id": str(charity.anna)}, format="json"
        )
        decision, _ = decided(charity.player, response)
        facts.append(decision["facts"]["searches_of_subject"])

    assert facts == [0, 1], "the search for the face itself, and no search that found it"


def test_a_review_that_nobody_gave_tells_nothing(charity: Charity) -> None:
    found, nobody = (_masked(charity, charity.search(identity))["id"] for identity in (1, 77))
    with tenant_scope(charity.player.tenant.id):
        for task in ReviewTask.objects.filter(id__in=[found, nobody]):
            verdicts.end(task, status=ReviewTask.Status.EXPIRED)

    shown = [charity.player.client.get(f"/v1/review-tasks/{task}/result").json() for task in (found, nobody)]

    assert [answer["review_task"]["status"] for answer in shown] == ["expired", "expired"]
    assert [answer["searches"][0]["candidates"] for answer in shown] == [[], []]
    assert [answer["review_task"]["probes"][0]["candidates"] for answer in shown] == [[], []]


def test_two_people_confirm_that_nobody_was_found(charity: Charity, judge: Judge) -> None:
    """It reads as one whose candidates both rejected."""
    found, nobody = (_masked(charity, charity.search(identity))["id"] for identity in (1, 77))
    for reviewer in charity.reviewers:
        for task in (found, nobody):
            judge(reviewer, task, Judgement.REJECT)

    shown = [charity.player.client.get(f"/v1/review-tasks/{task}").json() for task in (found, nobody)]

    assert [task["status"] for task in shown] == ["rejected", "rejected"]
    assert [task["probes"] for task in shown] == [[{"number": 1, "candidates": []}]] * 2
    with tenant_scope(charity.player.tenant.id):
        events = [entry.content for entry in AuditEntry.objects.filter(kind="event")]
    closed = [event["data"] for event in events if event["action"] == "review:closed"]
    assert closed == [{"status": "rejected", "n_released": 0}] * 2


def test_looking_at_the_sheet_leaves_no_count_in_the_log(charity: Charity) -> None:
    task = _masked(charity, charity.search())
    verdicts.show_sheet(charity.reviewers[0], task_id=uuid.UUID(task["id"]))

    with tenant_scope(charity.player.tenant.id):
        outcomes = [json.dumps(entry.content) for entry in AuditEntry.objects.filter(kind="outcome")]

    assert outcomes
    assert not [outcome for outcome in outcomes if "n_candidates" in outcome]


def test_what_is_too_much_to_review_does_not_depend_on_what_is_found(
    charity: Charity, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(masking, "MOST_CANDIDATES", 1)

    answers = [charity.search(identity, limit=limit) for limit in (1, 2) for identity in (1, 77)]

    assert [answer.status_code for answer in answers] == [202, 202, 422, 422]
    assert answers[2].json()["detail"] == answers[3].json()["detail"]


def test_a_search_by_an_enrolled_face_is_masked_too(charity: Charity) -> None:
    twin = charity.player.client.post(
        f"/v1/collections/{GALLERY}/faces", {"image": encoded(face_picture(1, variant=2))}, format="json"
    ).json()["faces"][0]["id"]

    response = charity.player.client.post(f"/v1/collections/{GALLERY}/search", {"face_id": twin}, format="json")

    _masked(charity, response)


def test_a_search_for_every_face_is_one_review(charity: Charity) -> None:
    picture = face_picture(1, others=(2,), variant=1)

    response = charity.player.client.post(
        f"/v1/collections/{GALLERY}/search", {"image": encoded(picture), "every_face": True}, format="json"
    )

    task = _masked(charity, response)
    assert task["probes"] == [{"number": 1, "candidates": []}, {"number": 2, "candidates": []}]
    sheet = verdicts.show_sheet(charity.reviewers[0], task_id=uuid.UUID(task["id"]))
    assert [len(probe.candidates) for probe in sheet.probes] == [1, 1]


def test_a_search_that_finds_nobody_keeps_no_picture(charity: Charity) -> None:
    _masked(charity, charity.search(77))

    with tenant_scope(charity.player.tenant.id):
        assert [probe.sealed_crop for probe in ReviewProbe.objects.all()] == [None]
        assert not ReviewCandidate.objects.exists()


def test_of_several_probes_the_one_that_is_like_nobody_is_not_kept(charity: Charity) -> None:
    picture = face_picture(1, others=(77,), variant=1)

    charity.player.client.post(
        f"/v1/collections/{GALLERY}/search", {"image": encoded(picture), "every_face": True}, format="json"
    )

    with tenant_scope(charity.player.tenant.id):
        kept = [bool(probe.sealed_crop) for probe in ReviewProbe.objects.order_by("number")]
    assert sorted(kept) == [False, True]


def test_the_way_by_reading_the_review(charity: Charity) -> None:
    task = _masked(charity, charity.search())

    shown = charity.player.client.get(f"/v1/review-tasks/{task['id']}")

    assert shown.json() == task
    assert _names(charity, shown.content.decode()) == []


def test_the_way_by_listing_reviews(charity: Charity) -> None:
    task = _masked(charity, charity.search())

    listed = charity.player.client.get("/v1/review-tasks")

    assert [item["id"] for item in listed.json()["items"]] == [task["id"]]
    assert _names(charity, listed.content.decode()) == []


def test_the_way_by_reading_the_result_early(charity: Charity, judge: Judge) -> None:
    task = _masked(charity, charity.search())
    path = f"/v1/review-tasks/{task['id']}/result"

    assert charity.player.client.get(path).json()["code"] == "review-pending"
    judge(charity.reviewers[0], task["id"])
    early = charity.player.client.get(path)

    assert (early.status_code, early.json()["code"]) == (409, "review-pending")
    assert _names(charity, early.content.decode()) == []


def test_the_way_by_a_candidates_id(charity: Charity) -> None:
    """It is valid in its review alone."""
    task = _masked(charity, charity.search())
    (probe,) = verdicts.show_sheet(charity.reviewers[0], task_id=uuid.UUID(task["id"])).probes
    candidate = probe.candidates[0].candidate.id

    answers = [
        charity.player.client.get(f"/v1/collections/{GALLERY}/faces/{candidate}"),
        charity.player.client.post(f"/v1/collections/{GALLERY}/search", {"face_id": candidate}, format="json"),
        charity.player.client.get(f"/v1/review-tasks/{candidate}"),
    ]

    assert [answer.status_code for answer in answers] == [404, 404, 404]


def test_the_way_by_comparing(charity: Charity) -> None:
    body = {"source": encoded(face_picture(1)), "target": encoded(face_picture(1, others=(2,), variant=1))}

    response = charity.player.client.post("/v1/compare", body, format="json")

    task = _masked(charity, response)
    assert task["operation"] == "compare"
    assert not {"matches", "unmatched", "similarity"} & set(response.json())


def test_the_way_by_a_job(charity: Charity) -> None:
    body = {"images": [encoded(face_picture(1, variant=1)), encoded(face_picture(77))]}
    job = charity.player.client.post(f"/v1/collections/{GALLERY}/search:batch", body, format="json").json()
    batches.run_batch(uuid.UUID(job["id"]), first=0, tenant_id=charity.player.tenant.id)

    state = charity.player.client.get(f"/v1/jobs/{job['id']}")
    results = charity.player.client.get(f"/v1/jobs/{job['id']}/results")

    found, nobody = results.json()["items"]
    own = ("sequence", "external_id", "review_task")
    told = [{name: value for name, value in item.items() if name not in own} for item in (found, nobody)]
    assert told[0] == told[1]
    assert told[0]["search"] is None and nobody["review_task"]
    task = charity.player.client.get(f"/v1/review-tasks/{found['review_task']}").json()
    assert (task["status"], task["job_id"]) == ("pending", job["id"])
    assert _names(charity, results.content.decode() + state.content.decode()) == []
    with tenant_scope(charity.player.tenant.id):
        assert _names(charity, json.dumps([item.search for item in JobItem.objects.all()])) == []


def test_the_way_by_a_review_of_a_job_whose_results_are_over(charity: Charity, judge: Judge) -> None:
    body = {"images": [encoded(face_picture(1, variant=1))]}
    client = charity.player.client
    job = client.post(f"/v1/collections/{GALLERY}/search:batch", body, format="json").json()
    batches.run_batch(uuid.UUID(job["id"]), first=0, tenant_id=charity.player.tenant.id)
    task_id = client.get(f"/v1/jobs/{job['id']}/results").json()["items"][0]["review_task"]
    for reviewer in charity.reviewers:
        judge(reviewer, task_id)
    result = f"/v1/review-tasks/{task_id}/result"
    assert str(charity.anna) in client.get(result).content.decode()

    let_days_pass(charity.player, 31)
    before = client.get(result)
    purging.purge_results(uuid.UUID(job["id"]), tenant_id=charity.player.tenant.id)

    assert (before.status_code, before.json()["code"]) == (409, "job-results-expired")
    assert client.get(result).status_code == 404
    with tenant_scope(charity.player.tenant.id):
        assert not ReviewTask.objects.exists()


def test_the_way_by_a_result_from_before_the_rule(charity: Charity) -> None:
    """A job that named its candidates is not read any more once such results must be reviewed."""
    body = {"images": [encoded(face_picture(1, variant=1))]}
    job = charity.player.client.post(f"/v1/collections/{GALLERY}/search:batch", body, format="json").json()
    batches.run_batch(uuid.UUID(job["id"]), first=0, tenant_id=charity.player.tenant.id)
    with tenant_scope(charity.player.tenant.id):
        item = JobItem.objects.get()
        candidate = {"face_id": str(charity.anna), "similarity": 99.9, "score": 0.9, "fmr": 1e-9, "fmr_words": "few"}
        item.search["searches"][0]["candidates"] = [candidate]
        JobItem.objects.update(search={**item.search, "review_task": None})

    answer = charity.player.client.get(f"/v1/jobs/{job['id']}/results")

    assert (answer.status_code, answer.json()["code"]) == (409, "result-never-reviewed")


def test_the_way_by_a_result_that_named_nobody_before_the_rule(charity: Charity) -> None:
    body = {"images": [encoded(face_picture(77))]}
    job = charity.player.client.post(f"/v1/collections/{GALLERY}/search:batch", body, format="json").json()
    batches.run_batch(uuid.UUID(job["id"]), first=0, tenant_id=charity.player.tenant.id)
    with tenant_scope(charity.player.tenant.id):
        item = JobItem.objects.get()
        JobItem.objects.update(search={**item.search, "review_task": None})

    answer = charity.player.client.get(f"/v1/jobs/{job['id']}/results")

    assert (answer.status_code, answer.json()["code"]) == (409, "result-never-reviewed")


def test_the_way_by_an_edge_that_knows_nothing_of_reviews(charity: Charity) -> None:
    """Another edge calls the use-case without saying that it masks."""
    for call in (
        lambda: identification.search_by_image(face_picture(1), collection_name=GALLERY, actor=charity.actor),
        lambda: identification.search_by_face(charity.anna, collection_name=GALLERY, actor=charity.actor),
        lambda: verification.compare_faces(face_picture(1), target=face_picture(1), actor=charity.actor),
    ):
        with pytest.raises(PolicyRefused) as refusal:
            call()
        assert {"HUM-001", "HUM-002", "HUM-003"} <= {rule["id"] for rule in refusal.value.rules}


def test_a_search_among_persons_is_masked_and_names_a_face_of_whom_both_release(charity: Charity, judge: Judge) -> None:
    enrolled = []
    for name, identity in (("anna-1998", 1), ("bert-2001", 2)):
        persons.create_person(name, collection_name=GALLERY, actor=charity.actor)
        picture = face_picture(identity, variant=2)
        enrolled += enrolment.enrol_image(picture, collection_name=GALLERY, actor=charity.actor, person=name).face_ids
    client = charity.player.client
    by_picture = {"image": encoded(face_picture(1, variant=1))}
    by_person = {"person_id": "bert-2001"}

    found, other, stored, faces = (
        client.post(f"/v1/collections/{GALLERY}/{path}", {**body, "threshold": 99}, format="json")
        for path, body in (
            ("persons:search", by_picture),
            ("persons:search", {"image": encoded(face_picture(77))}),
            ("persons:search", by_person),
            ("search", by_person),
        )
    )

    assert _told(charity, found) == _told(charity, other), "whether somebody was found is not told"
    for answer in (stored, faces):
        assert answer.status_code == 202 and "anna" not in answer.content.decode()
    task_id = found.json()["review_task"]["id"]
    for reviewer in charity.reviewers:
        judge(reviewer, task_id)
    released = client.get(f"/v1/review-tasks/{task_id}/result").json()
    (candidate,) = released["searches"][0]["candidates"]
    assert candidate["face"]["id"] == str(enrolled[0])


@pytest.mark.parametrize(
    "operation", [Operation.SEARCH, Operation.CLUSTER, Operation.EXPORT, Operation.TRACK, Operation.WATCHLIST_REALTIME]
)
def test_the_way_by_clustering_export_persons_and_whatever_comes(charity: Charity, operation: Operation) -> None:
    """Joining faces to a person, clusters, exports, videos: none of them masks, so none is let in."""
    request = gate.AccessRequest(
        actor=charity.actor,
        operation=operation,
        resource=gate.ResourceRef("collection", None, charity.player.tenant.id),
        threshold=99.0,
    )

    decision = gate.authorise(request)

    assert not decision.is_allowed
    assert "HUM-001" in [rule.id for rule in decision.verdict.fired]


def test_the_way_by_the_decision_of_the_search(charity: Charity) -> None:
    response = charity.search()

    explained = charity.player.client.get(f"/v1/decisions/{response['Custos-Decision']}")

    assert explained.status_code == 200
    assert _names(charity, explained.content.decode()) == []


def test_the_way_by_the_database(charity: Charity) -> None:
    """Who reads the tables without the platform's keys learns nobody's identity, and sees nobody."""
    charity.search()

    with tenant_scope(charity.player.tenant.id), connections["default"].cursor() as cursor:
        rows = ""
        for table in ("reviewtask", "reviewprobe", "reviewcandidate"):
            cursor.execute(f"SELECT t::text FROM casework_{table} t")
            rows += str(cursor.fetchall())
        crop = bytes(ReviewProbe.objects.get().sealed_crop or b"")
        payload = bytes(ReviewCandidate.objects.get().sealed_payload)
    assert _names(charity, rows) == []
    assert charity.anna.bytes.hex() not in rows
    assert crop and not crop.startswith(b"\xff\xd8")
    assert b"face_id" not in payload


def test_more_than_two_people_can_look_at_is_refused_whole(charity: Charity, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(masking, "MOST_CANDIDATES", 0)

    answer = charity.search()
    body = {"images": [encoded(face_picture(1, variant=1))]}
    job = charity.player.client.post(f"/v1/collections/{GALLERY}/search:batch", body, format="json").json()
    batches.run_batch(uuid.UUID(job["id"]), first=0, tenant_id=charity.player.tenant.id)

    assert (answer.status_code, answer.json()["code"]) == (422, "too-many-to-review")
    with tenant_scope(charity.player.tenant.id):
        item = JobItem.objects.get()
        assert not ReviewCandidate.objects.exists()
    assert (item.status, item.problem["code"]) == ("failed", "too-many-to-review")


def test_another_purpose_is_not_masked(alice: Player) -> None:
    collections.create_collection(GALLERY, actor=alice.actor)
    enrolment.enrol_image(face_picture(1), collection_name=GALLERY, actor=alice.actor, external_id="anna")

    answer = alice.client.post(
        f"/v1/collections/{GALLERY}/search", {"image": encoded(face_picture(1, variant=1))}, format="json"
    )

    assert answer.status_code == 200
    assert answer.json()["searches"][0]["candidates"][0]["face"]["external_id"] == "anna"


def test_a_halted_job_takes_its_reviews_along(charity: Charity) -> None:
    body = {"images": [encoded(face_picture(1, variant=1)) for _ in range(settings.CUSTOS_IMAGES_AT_ONCE + 1)]}
    job = charity.player.client.post(f"/v1/collections/{GALLERY}/search:batch", body, format="json").json()
    batches.run_batch(uuid.UUID(job["id"]), first=0, tenant_id=charity.player.tenant.id)
    refusal = PolicyRefused(decision_id=uuid.uuid4(), rules=[{"id": "MOR-001", "reason": "stopped"}])
    with tenant_scope(charity.player.tenant.id):
        assert ReviewCandidate.objects.count() == settings.CUSTOS_IMAGES_AT_ONCE

    jobs.halt(uuid.UUID(job["id"]), refusal=refusal, tenant_id=charity.player.tenant.id)

    with tenant_scope(charity.player.tenant.id):
        assert not ReviewCandidate.objects.exists()


def test_a_deleted_face_is_a_candidate_no_more(charity: Charity, judge: Judge) -> None:
    pending, closed = (_masked(charity, charity.search()) for _ in range(2))
    for reviewer in charity.reviewers:
        judge(reviewer, closed["id"])

    charity.player.client.delete(f"/v1/collections/{GALLERY}/faces/{charity.anna}")

    result = charity.player.client.get(f"/v1/review-tasks/{closed['id']}/result").json()
    assert result["searches"][0]["candidates"] == []
    with tenant_scope(charity.player.tenant.id):
        left = ReviewCandidate.objects.get()
    assert str(left.task_id) == pending["id"]
    assert (bytes(left.sealed_payload), left.reference_digest, left.quality, left.sealed_crop) == (b"", "", None, None)


@pytest.mark.parametrize("judgement", [None, Judgement.REJECT])
def test_the_way_by_deleting_faces(charity: Charity, judge: Judge, judgement: Judgement | None) -> None:
    """Whether a deleted face was the candidate shows in no review: not in a pending one, and not in a rejected one."""
    task = _masked(charity, charity.search())
    for reviewer in charity.reviewers if judgement else ():
        judge(reviewer, task["id"], judgement)
    before = charity.player.client.get(f"/v1/review-tasks/{task['id']}").json()

    charity.player.client.delete(f"/v1/collections/{GALLERY}/faces/{charity.anna}")

    assert charity.player.client.get(f"/v1/review-tasks/{task['id']}").json() == before


def test_a_deleted_face_is_released_by_nobody(charity: Charity, judge: Judge) -> None:
    task = _masked(charity, charity.search())
    charity.player.client.delete(f"/v1/collections/{GALLERY}/faces/{charity.anna}")
    (probe,) = verdicts.show_sheet(charity.reviewers[0], task_id=uuid.UUID(task["id"])).probes
    assert [(shown.crop, shown.candidate.is_gone) for shown in probe.candidates] == [(None, True)]

    for reviewer in charity.reviewers:
        judge(reviewer, task["id"], Judgement.RELEASE)

    result = charity.player.client.get(f"/v1/review-tasks/{task['id']}/result").json()
    assert result["review_task"]["status"] == "inconclusive"
    assert result["searches"][0]["candidates"] == []


def test_who_a_candidate_is_can_be_emptied_and_not_changed(charity: Charity) -> None:
    charity.search()

    for change in ({"sealed_payload": b"other"}, {"reference_digest": "ab" * 32}):
        with pytest.raises(IntegrityError, match="emptied"), tenant_scope(charity.player.tenant.id):
            ReviewCandidate.objects.update(**change)


@pytest.mark.parametrize(("judgement", "counted"), [(Judgement.REJECT, 0), (Judgement.RELEASE, 1)])
def test_the_way_by_the_report_on_a_person(charity: Charity, judge: Judge, judgement: Judgement, counted: int) -> None:
    """The number of searches that found somebody best says who the candidate is: it grows with a release alone."""
    task = _masked(charity, charity.search())
    with tenant_scope(charity.player.tenant.id):
        kept = [len(record.subjects) for record in SearchRecord.objects.all()]
    pending = _reported(charity)
    for reviewer in charity.reviewers:
        judge(reviewer, task["id"], judgement)

    assert (kept, pending, _reported(charity)) == ([2], 0, counted), "the probe and who was found are counted"


def test_the_way_by_the_report_once_the_review_is_gone(charity: Charity) -> None:
    _masked(charity, charity.search())
    with tenant_scope(charity.player.tenant.id):
        selectors.delete_reviews(ReviewTask.objects.all())

    assert _reported(charity) == 0


def _reported(charity: Charity) -> int:
    return consents.tell_about("anna", collection_name=GALLERY, actor=charity.actor).searches


def test_a_deleted_collection_takes_its_reviews_along(charity: Charity) -> None:
    task = _masked(charity, charity.search())

    charity.player.client.delete(f"/v1/collections/{GALLERY}")

    assert charity.player.client.get(f"/v1/review-tasks/{task['id']}").status_code == 404


def test_every_judgement_but_two_releases_withholds(charity: Charity, judge: Judge) -> None:
    task = _masked(charity, charity.search())
    judge(charity.reviewers[0], task["id"], Judgement.RELEASE)
    judge(charity.reviewers[1], task["id"], Judgement.INCONCLUSIVE)

    result = charity.player.client.get(f"/v1/review-tasks/{task['id']}/result")

    assert result.json()["review_task"]["status"] == "inconclusive"
    assert _names(charity, result.content.decode()) == []
