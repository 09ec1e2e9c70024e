"""Two tenants never meet: every route and every task, asked by one tenant for the objects of another."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

import pytest
from celery import Task
from django.apps import apps
from django.db import connections
from pytest_django.fixtures import Settings

from common.context import tenant_scope
from common.tasks import TenantTask
from common.vocabulary import JobStatus
from config.celery import app
from recognition.engines.fake import face_picture
from recognition.models import Collection, Job
from recognition.services import collections, engine_moves, enrolment
from tenants.models import TenantOwned
from tests import worlds
from tests.api.conftest import MakeObjects
from tests.api.routes import ROWS, Objects, Row, image
from tests.recognition.test_engine_moves import OTHER, other_engine
from tests.worlds import Player, World

__all__ = ["other_engine"]

SECRET = "anna-whom-nobody-else-may-know"
DESCRIPTION = "a collection that nobody else may know"


@pytest.fixture(autouse=True)
def both_engines_are_evaluated(other_engine: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a collection can begin to move."""
    own = worlds.current_engine_versions()
    monkeypatch.setattr(worlds, "current_engine_versions", lambda: (*own, "other@1"))


@pytest.fixture
def hers(world: World, make_objects: MakeObjects) -> Objects:
    """Alice's objects, recognisable wherever they should turn up."""
    return make_objects(world.alice, external_id=SECRET, description=DESCRIPTION)


def _rows_of(player: Player) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row that the tenant has, in every table of tenants but log, usage, and what it may not read."""
    tables = {model._meta.db_table for model in apps.get_models() if issubclass(model, TenantOwned)}
    found = {}
    with tenant_scope(player.tenant.id), connections["default"].cursor() as cursor:
        for table in sorted(
            {*tables, "recognition_template", "recognition_templateindex"}
            - {"traffic_usagecounter", "vetting_evidencecontent"}
        ):
            cursor.execute(f"SELECT t::text FROM {table} t ORDER BY 1")
            found[table] = cursor.fetchall()
    return found


def _log_of(player: Player) -> int:
    with tenant_scope(player.tenant.id), connections["default"].cursor() as cursor:
        cursor.execute("SELECT count(*) FROM audit_entry")
        (count,) = cursor.fetchone()
        return int(count)


def _call(row: Row, *, player: Player, objects: Objects) -> Any:
    body = row.body(objects) if row.method in ("POST", "PUT", "PATCH") else {}
    return player.client.generic(
        row.method, objects.in_path(row.path), data=json.dumps(body), content_type="application/json"
    )


def _leaks(answer: Any, *, objects: Objects, asked: str) -> list[str]:
    """Return what an answer holds of another tenant's objects; an id may be repeated that was asked for."""
    text = answer.content.decode(errors="replace") + str(dict(answer.headers))
    ids = {getattr(objects, field.name) for field in fields(objects)}
    ids -= {objects.collection, objects.level, objects.tile}
    return [secret for secret in (SECRET, DESCRIPTION, *ids) if secret in text and secret not in asked]


@pytest.mark.parametrize("same_name", [False, True], ids=["alone", "with a collection of the same name"])
def test_no_route_knows_another_tenants_objects(world: World, hers: Objects, same_name: bool) -> None:
    if same_name:
        collections.create_collection(hers.collection, actor=world.mallory.actor)
    before = _rows_of(world.alice), _log_of(world.alice)
    assert SECRET in str(before)
    walked = 0

    for row in ROWS:
        url = hers.in_path(row.path)
        answer = _call(row, player=world.mallory, objects=hers)
        asked = url + json.dumps(row.body(hers))
        assert _leaks(answer, objects=hers, asked=asked) == [], row
        if "_id}" in row.path or ("{collection}" in row.path and not same_name):
            walked += 1
            # Where no key may at all, hers is answered like her own: that it exists is not told either.
            assert answer.status_code == (403 if row.allowed == 403 else 404), row
            assert set(answer.json()) <= {"type", "title", "status", "detail", "code", "instance"}, row

    assert walked >= 6
    assert (_rows_of(world.alice), _log_of(world.alice)) == before


def test_another_tenants_object_is_answered_like_one_that_is_nobodys(world: World, hers: Objects) -> None:
    """Nothing tells that it exists elsewhere: same status, same words."""
    nobodys = Objects("gallery-of-nobody", *(str(uuid.UUID(int=number)) for number in (1, 2, 3)))

    for row in ROWS:
        if "_id}" in row.path or "{collection}" in row.path:
            theirs = _call(row, player=world.mallory, objects=hers).json()
            none = _call(row, player=world.mallory, objects=nobodys).json()
            for problem in (theirs, none):
                problem.pop("instance")
            assert json.dumps(theirs).replace(hers.collection, "?") == json.dumps(none).replace(
                nobodys.collection, "?"
            ), row


def test_another_tenants_face_is_not_found_by_searching(world: World, hers: Objects) -> None:
    collections.create_collection(hers.collection, actor=world.mallory.actor)

    for body in ({**image(hers), "threshold": 0}, {"face_id": hers.face_id}):
        answer = world.mallory.client.post(f"/v1/collections/{hers.collection}/search", body, format="json")
        assert answer.status_code in (200, 404)
        assert not any(search["candidates"] for search in answer.json().get("searches", []))


# --- tasks ---


@dataclass(frozen=True, slots=True)
class Prey:
    """What a message could name."""

    job: Job
    collection: Collection
    evaluation_id: str
    filling_id: uuid.UUID | None


# Every task that acts for a tenant, with the arguments that name an object.
TENANT_TASKS: dict[str, Callable[[Prey], list[Any]]] = {
    "recognition.run_enrolment_batch": lambda prey: [str(prey.job.id), 0],
    "recognition.run_search_batch": lambda prey: [str(prey.job.id), 0],
    "recognition.run_evaluation_step": lambda prey: [prey.evaluation_id, 0],
    "recognition.run_filling_batch": lambda prey: [str(prey.filling_id), 0],
    "recognition.promote_collection": lambda prey: [str(prey.collection.id)],
}
# Tasks that act for no tenant and take nothing from their message.
TASKS_OF_THE_PLATFORM = {
    "recognition.sweep_jobs",
    "recognition.purge",
    "traffic.purge_answers",
    "vetting.keep_up",
    "accountability.keep_clocks",
    "casework.end_what_is_due",
    "governance.run_replay",
    "governance.send_replays",
}


@pytest.fixture
def prey(world: World, hers: Objects, settings: Settings) -> Prey:
    """Jobs with work to do, and a collection that is due for promotion and moves to another engine."""
    settings.CUSTOS_DEDICATED_PARTITION_FACES = 1
    moving = engine_moves.start_move(hers.collection, engine=OTHER, actor=world.alice.actor)
    with tenant_scope(world.alice.tenant.id):
        collection = Collection.objects.get(name=hers.collection)
        return Prey(Job.objects.get(id=hers.job_id), collection, hers.evaluation_id, moving.move.job_id)


def _tasks() -> dict[str, Task[Any, Any]]:
    """Return all tasks, found as a worker finds them."""
    app.loader.import_default_modules()
    return {name: task for name, task in app.tasks.items() if not name.startswith(("celery.", "tests."))}


def _send(name: str, *, prey: Prey, headers: dict[str, str] | None) -> Any:
    return _tasks()[name].apply(args=TENANT_TASKS[name](prey), headers=headers)


def test_every_task_is_in_the_table() -> None:
    tasks = _tasks()

    assert set(tasks) == set(TENANT_TASKS) | TASKS_OF_THE_PLATFORM
    assert {name for name, task in tasks.items() if isinstance(task, TenantTask)} == set(TENANT_TASKS)


@pytest.mark.parametrize("name", TENANT_TASKS)
def test_a_task_refuses_a_message_of_another_tenant(world: World, prey: Prey, name: str) -> None:
    before = _rows_of(world.alice), _log_of(world.alice), _rows_of(world.mallory)

    result = _send(name, prey=prey, headers={"custos_tenant": str(world.mallory.tenant.id)})

    assert result.failed() or result.result is None
    assert (_rows_of(world.alice), _log_of(world.alice), _rows_of(world.mallory)) == before


@pytest.mark.parametrize("name", TENANT_TASKS)
def test_a_task_refuses_a_message_without_a_tenant(world: World, prey: Prey, name: str) -> None:
    before = _rows_of(world.alice)

    result = _send(name, prey=prey, headers=None)

    assert result.failed()
    assert "carries no tenant" in str(result.result)
    assert _rows_of(world.alice) == before


@pytest.mark.parametrize("name", TENANT_TASKS)
def test_a_task_does_its_work_for_the_owner(world: World, prey: Prey, name: str) -> None:
    """The messages above are refused for whom they name, not because nothing would have happened anyway."""
    before = _rows_of(world.alice)

    result = _send(name, prey=prey, headers={"custos_tenant": str(world.alice.tenant.id)})

    assert result.successful(), result.result
    assert _rows_of(world.alice) != before


def test_a_job_of_one_tenant_does_not_enrol_into_the_collection_of_another(world: World, hers: Objects) -> None:
    """Both name their collection alike; each job fills the one of its own tenant."""
    collections.create_collection(hers.collection, actor=world.mallory.actor)
    job = enrolment.submit_job(
        [enrolment.Submission(face_picture(3))], collection_name=hers.collection, actor=world.mallory.actor
    )
    before = _rows_of(world.alice)

    enrolment.run_batch(job.id, first=0, tenant_id=world.mallory.tenant.id)

    assert _rows_of(world.alice) == before
    with tenant_scope(world.mallory.tenant.id):
        assert Job.objects.get(id=job.id).status == JobStatus.SUCCEEDED
        assert Collection.objects.get(name=hers.collection).face_count == 1
