"""A collection moves to another engine: two indexes, searches scored in both, a switch, and back."""

from __future__ import annotations

import json
import uuid
from typing import Any

import numpy as np
import pytest
from django.db import IntegrityError, connections, transaction
from pytest_django.fixtures import Settings

from common.context import tenant_scope
from common.vocabulary import CustomerCategory, Operation, Purpose
from governance import services as governance
from governance.accountability import holds
from governance.audit.models import AuditEntry
from recognition import dispatch
from recognition.api.engine_move_examples import GET_ENGINE_MOVE
from recognition.engines import registry
from recognition.engines.base import Box, Template
from recognition.engines.fake import FakeEngine, face_picture
from recognition.errors import EngineVersionMismatch, SecondPersonNeeded
from recognition.models import Collection, Job, ShadowScore
from recognition.selectors import collections as collection_selectors
from recognition.services import (
    collections,
    deletion,
    engine_moves,
    enrolment,
    filling,
    identification,
    references,
    switching,
)
from recognition.services.same_faces import overlap
from tests.recognition.conftest import GALLERY, Outbox, enrol, in_json, reload, submit
from tests.worlds import MoratoriumFactory, Player, PlayerFactory, Staff, permit_for

MOVE = f"/v1/collections/{GALLERY}/engine-move"
OTHER = "other"
DIMENSIONS = 96


class OtherEngine(FakeEngine):
    """An engine whose templates are shorter and told apart by another scale; it overlooks who has number 13."""

    name = OTHER
    version = "other@1"
    dimensions = DIMENSIONS

    def detect(self, image: Any, **options: Any) -> Any:
        found = super().detect(image, **options)
        return tuple(face for face in found if not _is_thirteen(face, image))

    def extract(self, image: Any, faces: Any, **options: Any) -> tuple[Template, ...]:
        made = super().extract(image, faces, **options)
        shorter = [template.vector[:DIMENSIONS] for template in made]
        return tuple(Template(vector / (vector @ vector) ** 0.5, self.version) for vector in shorter)


def _is_thirteen(face: Any, image: Any) -> bool:
    column = int((face.box.left + face.box.width / 2) * image.width)
    row = int((face.box.top + 0.3 * face.box.height) * image.height)
    return bytes(image.pixels[row, column, ::-1]) == (13).to_bytes(3, "big")


@pytest.fixture(autouse=True)
def other_engine(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    monkeypatch.setitem(registry._FACTORIES, OTHER, lambda _: OtherEngine())
    monkeypatch.setattr(registry, "_shelf", registry._Shelf(settings=registry._shelf.settings))
    settings.CUSTOS_ENGINES_OFFERED = (OTHER,)


@pytest.fixture
def alice(make_player: PlayerFactory) -> Player:
    """For whom both engines were evaluated."""
    return make_player(engine_versions=("fake@1", "other@1"))


def work_off(outbox: Outbox) -> None:
    seen = 0
    while seen < len(outbox.messages):
        task, arguments, tenant_id = outbox.messages[seen]
        seen += 1
        if task == dispatch.RUN_FILLING_BATCH:
            filling.run_batch(uuid.UUID(arguments[0]), first=arguments[1], tenant_id=tenant_id)
    outbox.messages.clear()


def move(player: Player, outbox: Outbox) -> dict[str, Any]:
    started = player.client.post(MOVE, {"engine": OTHER}, format="json")
    assert started.status_code == 202, started.json()
    work_off(outbox)
    found: dict[str, Any] = player.client.get(MOVE).json()
    return found


def step(player: Player, action: str, *, expect: int = 200, **body: Any) -> dict[str, Any]:
    answer = player.client.post(f"{MOVE}:{action}", body, format="json")
    assert answer.status_code == expect, answer.json()
    found: dict[str, Any] = answer.json()
    return found


def found_by(player: Player, identity: int) -> list[uuid.UUID | None]:
    found = identification.search_by_image(
        face_picture(identity, variant=1), collection_name=GALLERY, actor=player.actor
    )
    return [match.face.id for match in found.candidates]


def n_templates(player: Player, version: str) -> int:
    with tenant_scope(player.tenant.id), connections["default"].cursor() as cursor:
        cursor.execute("SELECT count(*) FROM recognition_template WHERE engine_version = %s", [version])
        return int(cursor.fetchone()[0])


def tags_of(player: Player) -> list[str]:
    with tenant_scope(player.tenant.id):
        rows = AuditEntry.objects.filter(tenant_id=player.tenant.id, kind="event").order_by("id")
        actions = [json.loads(bytes(row.body))["action"] for row in rows]
    return [action for action in actions if action.startswith("engine-move:")]


def test_it_moves_there_and_back_and_loses_nobody(alice: Player, album: Collection, outbox: Outbox) -> None:
    ids = enrol(alice, *range(1, 19))
    filled = move(alice, outbox)
    assert (filled["n_faces"], filled["n_missing"], filled["n_unmoved"]) == (18, 1 - 1, 1), "13 is overlooked"
    unmoved = alice.client.get(f"{MOVE}/unmoved").json()["items"]
    assert unmoved == [{"face_id": str(ids[12]), "reason": "face_not_found_again"}]
    assert (n_templates(alice, "fake@1"), n_templates(alice, "other@1")) == (18, 17)

    assert filled.keys() == GET_ENGINE_MOVE.answer.keys()
    assert step(alice, "switch", expect=409)["code"] == "faces-not-movable"
    switched = step(alice, "switch", leave_behind=True)

    assert (switched["engine_version"], switched["second_engine_version"]) == ("other@1", "fake@1")
    assert reload(album).dimensions == DIMENSIONS
    assert found_by(alice, 5) == [ids[4]]
    assert alice.client.get(f"/v1/collections/{GALLERY}/faces/{ids[12]}").status_code == 200

    # Who is enrolled now is missing in the old index until it is filled.
    (new,) = enrol(alice, 40)
    assert step(alice, "roll-back", expect=409)["code"] == "second-index-behind"
    step(alice, "fill", expect=202)
    work_off(outbox)
    back = step(alice, "roll-back")
    assert (back["engine_version"], back["is_switched"]) == ("fake@1", False)
    assert [found_by(alice, identity) for identity in (13, 40)] == [[ids[12]], [new]]

    # To and fro again, and then for good: who was left behind goes with the old index.
    step(alice, "fill", expect=202)
    work_off(outbox)
    step(alice, "switch", leave_behind=True)
    ended = step(alice, "end")
    assert ended["ended_at"] is not None
    assert (n_templates(alice, "fake@1"), n_templates(alice, "other@1")) == (0, 18)
    assert reload(album).face_count == 18
    assert alice.client.get(f"/v1/collections/{GALLERY}/faces/{ids[12]}").status_code == 404
    assert step(alice, "switch", expect=404)["code"] == "engine-move-not-found"
    assert tags_of(alice) == [
        "engine-move:started",
        "engine-move:switched",
        "engine-move:rolled-back",
        "engine-move:switched",
        "engine-move:ended",
    ]


def test_searches_are_scored_in_both_and_nobody_is_named(alice: Player, album: Collection, outbox: Outbox) -> None:
    ids = enrol(alice, 1, 2, 13)
    move(alice, outbox)

    found_by(alice, 1)
    found_by(alice, 13)
    found_by(alice, 99)
    identification.search_by_face(ids[0], collection_name=GALLERY, actor=alice.actor, threshold=0)

    agreement = alice.client.get(MOVE).json()["agreement"]
    # The other engine does not see 13 on the probe, so that search says nothing.
    assert agreement["n_searches"] == 3
    counts = agreement["counts"]
    assert (counts["only_answered"], counts["only_shadow"], counts["neither"]) == (0, 0, 1)
    assert (counts["same"] + counts["different"], counts["same"] >= 1) == (2, True)
    assert agreement["mean"] > 0 and agreement["shadow_mean"] > 0
    assert sum(band["answered"] for band in agreement["bands"]) == 2
    with tenant_scope(alice.tenant.id):
        (first, *_) = ShadowScore.objects.order_by("id")
    assert str(ids[0]) not in repr(vars(first))


def test_both_indexes_forget_a_face(alice: Player, album: Collection, outbox: Outbox) -> None:
    ids = enrol(alice, 1, 2, 3)
    move(alice, outbox)

    deletion.delete_face(ids[0], collection_name=GALLERY, actor=alice.actor)
    assert (n_templates(alice, "fake@1"), n_templates(alice, "other@1")) == (2, 2)

    deletion.delete_collection(GALLERY, actor=alice.actor)
    assert (n_templates(alice, "fake@1"), n_templates(alice, "other@1")) == (0, 0)


def test_persons_are_found_with_the_engine_of_now(alice: Player, album: Collection, outbox: Outbox) -> None:
    persons = f"/v1/collections/{GALLERY}/persons"
    assert alice.client.post(persons, {"person_id": "anna"}, format="json").status_code == 201
    body = {"ids": [str(face) for face in enrol(alice, 1)]}
    assert alice.client.post(f"{persons}/anna/faces", body, format="json").status_code == 200
    move(alice, outbox)
    step(alice, "switch")

    found = alice.client.post(f"{persons}:search", {"image": in_json(face_picture(1, variant=1))}, format="json").json()

    assert found["engine_version"] == "other@1"
    assert [match["person"]["person_id"] for match in found["candidates"]] == ["anna"], found


def test_vectors_of_two_versions_never_meet(alice: Player, album: Collection, outbox: Outbox) -> None:
    enrol(alice, 1)
    old = collection_selectors.gallery_of(reload(album))
    probe = Template(np.eye(1, 128, dtype=np.float32)[0], "fake@1")
    move(alice, outbox)
    step(alice, "switch")
    permit = permit_for(alice.tenant.id, Operation.SEARCH)

    with tenant_scope(alice.tenant.id):
        # Who read the collection before the switch still ends in the index of that version, wherever it is.
        before = references.gallery.search(old, [probe], limit=1, min_score=-1.0, permit=permit)
    assert len(before.hits[0]) == 1
    step(alice, "end")
    with tenant_scope(alice.tenant.id), pytest.raises(EngineVersionMismatch):
        references.gallery.search(old, [probe], limit=1, min_score=-1.0, permit=permit)
    with (
        pytest.raises(IntegrityError, match="template_agrees_with_collection"),
        tenant_scope(alice.tenant.id),
        transaction.atomic(),
    ):
        references.gallery.add(old, [(uuid.uuid4(), probe)], permit=permit_for(alice.tenant.id, Operation.ENROL))


def test_the_index_that_is_searched_cannot_go(alice: Player, album: Collection) -> None:
    for statement in (
        "DELETE FROM recognition_templateindex WHERE collection_id = %s",
        "UPDATE recognition_collection SET engine_version = 'other@1' WHERE id = %s",
    ):
        with (
            pytest.raises(IntegrityError, match=r"is searched in|has no index"),
            tenant_scope(alice.tenant.id),
            connections["default"].cursor() as cursor,
        ):
            cursor.execute(statement, [album.id])


def test_a_legal_hold_keeps_both_indexes(alice: Player, album: Collection, outbox: Outbox, staff: Staff) -> None:
    enrol(alice, 1)
    move(alice, outbox)
    holds.impose(
        alice.tenant.id, collection_id=album.id, reason="Evidence", legal_source="Order 7/26", by=staff.oversight[0]
    )

    assert step(alice, "end", expect=409)["code"] == "under-legal-hold"
    assert (n_templates(alice, "fake@1"), n_templates(alice, "other@1")) == (1, 1)


def test_a_switch_waits_for_open_jobs(alice: Player, album: Collection, outbox: Outbox) -> None:
    enrol(alice, 1)
    move(alice, outbox)
    submit(alice, [face_picture(2)])

    assert step(alice, "switch", expect=409)["code"] == "jobs-open"


@pytest.mark.parametrize(
    ("engine", "store_images", "status", "code"),
    [
        ("fake", True, 409, "engine-move-impossible"),
        (OTHER, False, 409, "engine-move-impossible"),
        ("deepface:yunet+ArcFace", True, 400, "engine-not-offered"),
    ],
)
def test_it_says_why_a_collection_cannot_move(
    alice: Player, engine: str, store_images: bool, status: int, code: str
) -> None:
    collections.create_collection(GALLERY, actor=alice.actor, store_images=store_images)

    answer = alice.client.post(MOVE, {"engine": engine}, format="json")

    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_version_that_was_not_evaluated_is_refused_at_the_start(make_player: PlayerFactory) -> None:
    player = make_player()
    collections.create_collection(GALLERY, actor=player.actor, store_images=True)

    answer = player.client.post(MOVE, {"engine": OTHER}, format="json")

    assert (answer.status_code, [rule["id"] for rule in answer.json()["rules"]]) == (403, ["VET-005"])


def test_a_picture_that_is_not_kept_any_more_is_said(alice: Player, album: Collection, outbox: Outbox) -> None:
    enrol(alice, 1)
    collections.update_collection(GALLERY, actor=alice.actor, changes={"store_images": False})
    collections.update_collection(GALLERY, actor=alice.actor, changes={"store_images": True})

    assert move(alice, outbox)["n_unmoved"] == 1
    assert alice.client.get(f"{MOVE}/unmoved").json()["items"][0]["reason"] == "picture_not_kept"


def test_a_moratorium_halts_the_job_and_destroys_what_it_made(
    alice: Player, album: Collection, outbox: Outbox, impose: MoratoriumFactory
) -> None:
    enrol(alice, *range(1, 21))
    alice.client.post(MOVE, {"engine": OTHER}, format="json")
    ((job_id, first),) = outbox.of(dispatch.RUN_FILLING_BATCH)
    filling.run_batch(uuid.UUID(job_id), first=first, tenant_id=alice.tenant.id)
    filling.run_batch(uuid.UUID(job_id), first=first, tenant_id=alice.tenant.id)  # delivered twice
    assert n_templates(alice, "other@1") == 15

    impose(selector=governance.Selector(categories=[CustomerCategory.CONSUMER_SOFTWARE], operations=[Operation.ENROL]))
    assert step(alice, "switch", expect=403)["rules"][0]["id"] == "MOR-001"
    filling.run_batch(uuid.UUID(job_id), first=16, tenant_id=alice.tenant.id)

    with tenant_scope(alice.tenant.id):
        assert Job.objects.get(id=job_id).status == "halted_by_policy"
    assert (n_templates(alice, "fake@1"), n_templates(alice, "other@1")) == (20, 0)


def test_an_investigators_collection_is_switched_by_a_second_person(make_player: PlayerFactory, outbox: Outbox) -> None:
    player = make_player(
        CustomerCategory.VICTIM_RESCUE_NGO,
        purposes=(Purpose.MISSING_PERSON_SEARCH,),
        engine_versions=("fake@1", "other@1"),
    )
    collections.create_collection(GALLERY, actor=player.actor, store_images=True)
    enrolment.enrol_image(face_picture(1), collection_name=GALLERY, actor=player.actor)
    engine_moves.start_move(GALLERY, engine=OTHER, actor=player.actor)
    work_off(outbox)

    with pytest.raises(SecondPersonNeeded):
        switching.switch(GALLERY, actor=player.actor)


@pytest.mark.parametrize(
    ("other", "expected"),
    [(Box(0, 0, 1, 1), 1.0), (Box(0.5, 0, 1, 1), 1 / 3), (Box(2, 2, 1, 1), 0.0)],
)
def test_boxes_overlap_by_intersection_over_union(other: Box, expected: float) -> None:
    assert overlap(Box(0, 0, 1, 1), other) == pytest.approx(expected)
