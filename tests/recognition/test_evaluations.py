"""Evaluations: a governed job of short steps over a tenant's own labelled faces, whose report names nobody."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest

from common.context import tenant_scope
from common.vocabulary import CustomerCategory, JobStatus, Operation
from governance import services as governance
from recognition import dispatch
from recognition.engines.fake import face_picture
from recognition.errors import EvaluationNotFound, JobHalted
from recognition.evaluation import plots
from recognition.models import Collection, EvaluationRun, Job
from recognition.services import collections, deletion, enrolment, evaluation_runs, jobs, labels, sweeping
from tests.recognition.conftest import GALLERY, Outbox, decided, reload
from tests.worlds import MoratoriumFactory, Player, PlayerFactory

URL = "/v1/evaluations"
PROBES = "probes"
EVALUATION = governance.Selector(categories=[CustomerCategory.CONSUMER_SOFTWARE], operations=[Operation.EVALUATE])


def _enrol(player: Player, name: str, *, first: int, people: int, images: int = 2) -> None:
    for person in range(first, first + people):
        for variant in range(images):
            enrolment.enrol_image(
                face_picture(person, variant=variant),
                collection_name=name,
                actor=player.actor,
                external_id=f"person-{person}",
            )


@pytest.fixture
def labelled(alice: Player, gallery: Collection) -> Collection:
    """Twenty people with a picture each, ten of them with two, and a face of nobody knows whom."""
    _enrol(alice, GALLERY, first=1, people=10)
    _enrol(alice, GALLERY, first=11, people=10, images=1)
    enrolment.enrol_image(face_picture(999), collection_name=GALLERY, actor=alice.actor)
    return gallery


@pytest.fixture
def probes(alice: Player) -> Collection:
    """Ten other people."""
    made = collections.create_collection(PROBES, actor=alice.actor)
    _enrol(alice, PROBES, first=501, people=10, images=1)
    return made


def _work_off(outbox: Outbox) -> None:
    """Do what a worker would, with the messages that its own work sends too."""
    seen = 0
    while seen < len(outbox.messages):
        task, arguments, tenant_id = outbox.messages[seen]
        seen += 1
        if task == dispatch.RUN_EVALUATION_STEP:
            job_id, step = arguments
            evaluation_runs.run_step(uuid.UUID(job_id), step=step, tenant_id=tenant_id)


def _evaluated(player: Player, outbox: Outbox, **body: Any) -> dict[str, Any]:
    accepted = player.client.post(URL, {"collection": GALLERY, **body}, format="json")
    assert accepted.status_code == 202, accepted.json()
    _work_off(outbox)
    found: dict[str, Any] = player.client.get(f"{URL}/{accepted.json()['id']}").json()
    return found


def test_it_counts_what_is_compared(alice: Player, labelled: Collection, outbox: Outbox) -> None:
    found = _evaluated(alice, outbox)

    assert found["status"] == "succeeded"
    assert found["report"]["data"] == {"templates": 30, "subjects": 20, "unlabelled": 1, "drawn_from": 30}
    at_80 = next(row for row in found["report"]["thresholds"] if row["similarity"] == 80.0)
    assert at_80["fmr"]["trials"] == 30 * 29 // 2 - 10
    assert at_80["fnmr"]["trials"] == 10
    assert (at_80["fmr"]["events"], at_80["fnmr"]["events"]) == (0, 0), "drawn people are easily told apart"
    assert at_80["fmr"]["high"] > 0.0, "nothing seen is not nothing"
    assert "experiment" not in found["report"]


def test_rates_of_groups_come_with_their_differences(alice: Player, labelled: Collection, outbox: Outbox) -> None:
    groups = {f"person-{number}": "a" if number % 2 else "b" for number in range(1, 21)}

    report = _evaluated(alice, outbox, groups=groups)["report"]

    assert [(group["name"], group["n_subjects"]) for group in report["groups"]] == [("a", 10), ("b", 10)]
    assert len(report["differentials"]) == len(report["thresholds"])


def test_the_experiment_searches_for_people_who_are_not_there(
    alice: Player, labelled: Collection, probes: Collection, outbox: Outbox
) -> None:
    experiment = _evaluated(alice, outbox, probe_collection=PROBES)["report"]["experiment"]

    assert (experiment["gallery_size"], experiment["probes"], experiment["probe_subjects"]) == (30, 10, 10)
    assert {row["candidates"] for row in experiment["thresholds"] if row["similarity"] >= 80} == {0}
    assert all(row["fpir"]["high"] == pytest.approx(3 / 10) for row in experiment["thresholds"][1:])


def test_the_experiment_refuses_people_who_are(
    alice: Player, labelled: Collection, probes: Collection, outbox: Outbox
) -> None:
    _enrol(alice, PROBES, first=3, people=1)

    found = _evaluated(alice, outbox, probe_collection=PROBES)

    assert found["status"] == "failed"
    assert found["problem"]["code"] == "evaluation-impossible"
    assert "person-3" not in json.dumps(found)


def test_a_report_names_nobody_and_the_groups_are_forgotten(
    alice: Player, labelled: Collection, outbox: Outbox
) -> None:
    found = _evaluated(alice, outbox, groups={"person-1": "a"})

    assert "person-" not in json.dumps(found["report"])
    with tenant_scope(alice.tenant.id):
        assert EvaluationRun.objects.get(job_id=found["id"]).groups == {}


def test_a_few_people_are_not_enough(alice: Player, gallery: Collection, outbox: Outbox) -> None:
    _enrol(alice, GALLERY, first=1, people=9)

    found = _evaluated(alice, outbox)

    assert (found["status"], found["problem"]["code"]) == ("failed", "evaluation-impossible")
    assert "10 people" in found["problem"]["detail"]


def test_people_are_drawn_whole_where_there_are_too_many(
    alice: Player, labelled: Collection, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(labels, "MOST_TEMPLATES", 20)

    data = _evaluated(alice, outbox)["report"]["data"]

    assert (data["unlabelled"], data["drawn_from"]) == (1, 30)
    assert 18 <= data["templates"] <= 20
    assert data["subjects"] >= 10


def test_every_plot_that_it_names_can_be_drawn(
    alice: Player, labelled: Collection, probes: Collection, outbox: Outbox
) -> None:
    groups = {f"person-{number}": "a" if number % 2 else "b" for number in range(1, 21)}
    found = _evaluated(alice, outbox, probe_collection=PROBES, groups=groups)

    assert set(found["plots"]) == {"det", "calibration", "searches", "groups", "experiment"}
    for name in found["plots"]:
        assert plots.draw(name, report=found["report"]).startswith(b"<?xml")
    assert plots.draw("det", report=found["report"], file_format="png").startswith(b"\x89PNG")
    assert plots.draw("det", report=found["report"]) == plots.draw("det", report=found["report"])


def test_a_plot_of_nothing_is_not_drawn() -> None:
    with pytest.raises(KeyError):
        plots.draw("experiment", report={})


def test_every_step_is_judged_anew(
    alice: Player, labelled: Collection, outbox: Outbox, impose: MoratoriumFactory
) -> None:
    job = evaluation_runs.submit_evaluation(collection_name=GALLERY, actor=alice.actor)
    evaluation_runs.run_step(job.id, step=0, tenant_id=alice.tenant.id)
    moratorium = impose(selector=EVALUATION)

    _work_off(outbox)

    assert reload(job).status == JobStatus.HALTED_BY_POLICY
    with tenant_scope(alice.tenant.id):
        assert not EvaluationRun.objects.exists()
    refused = alice.client.get(f"{URL}/{job.id}")
    assert (refused.status_code, refused.json()["rules"][0]["id"]) == (403, "MOR-001")
    del moratorium


def test_a_halted_evaluation_stays_unreadable(alice: Player, labelled: Collection, outbox: Outbox) -> None:
    job = evaluation_runs.submit_evaluation(collection_name=GALLERY, actor=alice.actor)
    with tenant_scope(alice.tenant.id):
        EvaluationRun.objects.all().delete()

    with pytest.raises(JobHalted):
        evaluation_runs.read_evaluation(job.id, actor=alice.actor)


def test_a_step_that_is_done_twice_changes_nothing(alice: Player, labelled: Collection, outbox: Outbox) -> None:
    found = _evaluated(alice, outbox)

    _work_off(outbox)

    again = alice.client.get(f"{URL}/{found['id']}").json()
    assert again == found


def test_a_lost_message_is_sent_again(alice: Player, labelled: Collection, outbox: Outbox) -> None:
    job = evaluation_runs.submit_evaluation(collection_name=GALLERY, actor=alice.actor)
    evaluation_runs.run_step(job.id, step=0, tenant_id=alice.tenant.id)
    outbox.messages.clear()

    sweeping._send(reload(job))

    assert outbox.of(dispatch.RUN_EVALUATION_STEP) == [(str(job.id), 1)]


def test_the_probes_collection_may_be_deleted_meanwhile(
    alice: Player, labelled: Collection, probes: Collection, outbox: Outbox
) -> None:
    job = evaluation_runs.submit_evaluation(collection_name=GALLERY, actor=alice.actor, probe_collection_name=PROBES)
    deletion.delete_collection(PROBES, actor=alice.actor)

    _work_off(outbox)

    assert reload(job).problem["code"] == "evaluation-impossible"


def test_deleting_the_collection_cancels_it(alice: Player, labelled: Collection, outbox: Outbox) -> None:
    job = evaluation_runs.submit_evaluation(collection_name=GALLERY, actor=alice.actor)
    deletion.delete_collection(GALLERY, actor=alice.actor)

    _work_off(outbox)

    assert reload(job).status == JobStatus.CANCELLED


def test_it_can_be_cancelled(alice: Player, labelled: Collection, outbox: Outbox) -> None:
    job = evaluation_runs.submit_evaluation(collection_name=GALLERY, actor=alice.actor)
    jobs.cancel_job(job.id, actor=alice.actor)

    _work_off(outbox)

    assert reload(job).status == JobStatus.CANCELLED


def test_the_probes_must_be_elsewhere_and_of_the_same_engine(
    alice: Player, labelled: Collection, probes: Collection
) -> None:
    itself = alice.client.post(URL, {"collection": GALLERY, "probe_collection": GALLERY}, format="json")
    with tenant_scope(alice.tenant.id):
        assert not Job.objects.filter(kind="evaluate").exists()

    assert (itself.status_code, itself.json()["code"]) == (400, "invalid-request")


def test_another_tenants_evaluation_is_not_there(
    alice: Player, mallory: Player, labelled: Collection, outbox: Outbox
) -> None:
    found = _evaluated(alice, outbox)

    assert mallory.client.get(f"{URL}/{found['id']}").status_code == 404
    assert mallory.client.get(URL).json()["items"] == []
    with pytest.raises(EvaluationNotFound):
        evaluation_runs.read_evaluation(reload(labelled).id, actor=alice.actor)


def test_it_is_recorded_as_an_evaluation(alice: Player, labelled: Collection, outbox: Outbox) -> None:
    accepted = alice.client.post(URL, {"collection": GALLERY}, format="json")

    decision, outcome = decided(alice, accepted)
    assert (decision["action"], outcome["status"]) == ("evaluate", "succeeded")


@pytest.mark.parametrize(
    "wrong",
    [
        {"groups": {"person-1": ""}},
        {"groups": {"person-1": "x" * 41}},
        {"groups": {"person-1": "<b>"}},
        {"groups": ["a"]},
        {"collection": "no such/name"},
        {"unknown": 1},
    ],
)
def test_what_makes_no_sense_is_refused(alice: Player, labelled: Collection, wrong: dict[str, Any]) -> None:
    assert alice.client.post(URL, {"collection": GALLERY, **wrong}, format="json").status_code == 400


def test_nobody_is_told_of_a_group_of_a_few(
    alice: Player, labelled: Collection, probes: Collection, outbox: Outbox
) -> None:
    """A group of one person would be a search for that person."""
    groups = {f"person-{number}": "others" for number in range(2, 21)} | {"person-1": "she", "person-501": "suspect"}

    report = _evaluated(alice, outbox, probe_collection=PROBES, groups=groups)["report"]

    assert [group["name"] for group in report["groups"]] == ["others"]
    assert all(row["by_group"] == [] for row in report["experiment"]["thresholds"])


def test_an_investigator_cannot_search_by_evaluating(make_player: PlayerFactory, outbox: Outbox) -> None:
    """It counts as identification, and cannot mask."""
    rescue = make_player(CustomerCategory.VICTIM_RESCUE_NGO)
    collections.create_collection(GALLERY, actor=rescue.actor)

    refused = rescue.client.post(URL, {"collection": GALLERY}, format="json")

    assert refused.status_code == 403
    assert "HUM-001" in {rule["id"] for rule in refused.json()["rules"]}
