"""Collections: create, list, read; and deleting one with every trace of the people in it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, connections, transaction

from common.context import tenant_scope
from common.ids import new_id
from common.vocabulary import JobStatus, Operation
from governance import services as governance
from recognition.errors import CollectionExists, CollectionNotFound
from recognition.models import Collection, DispatchTicket, Job
from recognition.services import collections, deletion, enrolment
from tests.recognition.conftest import GALLERY, Outbox, Traces, decided, enrol, pictures, reload, submit, traces_of
from tests.worlds import MoratoriumFactory, Player, World

URL = "/v1/collections"


def _create(player: Player, **body: Any) -> Any:
    return player.client.post(URL, {"name": "family", **body}, format="json")


def test_it_is_created_empty_and_pinned_to_the_engine(alice: Player) -> None:
    response = _create(alice, description="Holidays", retention_days=30)

    made = dict(response.json())
    assert response.status_code == 201
    assert made.pop("created_at")
    assert made == {
        "name": "family",
        "description": "Holidays",
        "engine": "fake",
        "engine_version": "fake@1",
        "retention_days": 30,
        "kept_days": 30,
        "purpose_met_at": None,
        "threshold": None,
        "store_images": False,
        "face_count": 0,
        "person_count": 0,
    }
    assert alice.client.get(f"{URL}/family").json() == response.json()


def test_its_row_rests_on_the_decision_that_allowed_it(alice: Player) -> None:
    response = _create(alice)

    decision, outcome = decided(alice, response)
    with tenant_scope(alice.tenant.id):
        collection = Collection.objects.get(name="family")
    assert str(collection.decision_entry_id) == response["Custos-Decision"]
    assert decision["action"] == "administer"
    assert outcome["resource"] == {"type": "collection", "id": str(collection.id)}


@pytest.mark.parametrize("name", ["a", "A-b_c.9", "x" * 255, "..."])
def test_a_good_name_is_accepted(alice: Player, name: str) -> None:
    assert _create(alice, name=name).status_code == 201
    assert alice.client.get(f"{URL}/{name}").status_code == 200


@pytest.mark.parametrize("name", ["", ".", "..", "x" * 256, "a b", "a/b", "ä", "a\nb", "a%2Fb", None, ["a"], {"a": 1}])
def test_a_bad_name_is_refused(alice: Player, name: object) -> None:
    response = _create(alice, name=name)

    assert (response.status_code, response.json()["errors"][0]["pointer"]) == (400, "/name")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"engine": "quantum"}, "engine-not-offered"),
        ({"store_images": "perhaps"}, "validation-failed"),
        ({"retention_days": 0}, "validation-failed"),
        ({"retention_days": 36_501}, "validation-failed"),
        ({"description": "x" * 1001}, "validation-failed"),
        ({"colour": "blue"}, "validation-failed"),
    ],
)
def test_what_is_not_offered_is_refused(alice: Player, body: dict[str, object], code: str) -> None:
    response = _create(alice, **body)

    assert (response.status_code, response.json()["code"]) == (400, code)
    assert traces_of(alice).collections == 0


def test_its_own_engine_may_be_named(alice: Player) -> None:
    assert _create(alice, engine="fake").json()["engine"] == "fake"


def test_a_name_is_taken_once(alice: Player) -> None:
    _create(alice)

    response = _create(alice)

    assert (response.status_code, response.json()["code"]) == (409, "collection-exists")


def test_two_that_create_it_at_once_make_it_once(alice: Player) -> None:
    def create(_: int) -> bool:
        try:
            collections.create_collection("family", actor=alice.actor)
        except CollectionExists:
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(create, range(4)))

    assert sorted(made) == [False, False, False, True]
    assert traces_of(alice).collections == 1


def test_any_other_broken_constraint_is_a_bug_and_not_a_taken_name(
    alice: Player, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collections, "SHARED_PARTITIONS", -1_000)

    with pytest.raises(IntegrityError, match="collection_"):
        collections.create_collection("fami/ly", actor=alice.actor)


def test_two_tenants_may_use_one_name(world: World) -> None:
    assert _create(world.alice).status_code == 201
    assert _create(world.mallory).status_code == 201

    assert world.alice.client.get(URL).json()["items"][0]["name"] == "family"
    assert traces_of(world.mallory).collections == 1


def test_it_lists_by_pages_in_order_of_creation(alice: Player) -> None:
    names = [f"album-{number}" for number in range(5)]
    for name in names:
        _create(alice, name=name)

    seen: list[str] = []
    url: str | None = f"{URL}?limit=2"
    while url:
        found = alice.client.get(url).json()
        assert len(found["items"]) <= 2
        seen += [item["name"] for item in found["items"]]
        url = f"{URL}?limit=2&cursor={found['next_cursor']}" if found["next_cursor"] else None

    assert seen == names


def test_a_collection_that_is_not_there_is_a_clear_404(alice: Player) -> None:
    for answer in (alice.client.get(f"{URL}/nothing"), alice.client.delete(f"{URL}/nothing")):
        assert (answer.status_code, answer.json()["code"]) == (404, "collection-not-found")


def test_another_tenants_collection_is_not_there(world: World, gallery: Collection) -> None:
    for answer in (world.mallory.client.get(f"{URL}/{GALLERY}"), world.mallory.client.delete(f"{URL}/{GALLERY}")):
        assert (answer.status_code, answer.json()["code"]) == (404, "collection-not-found")
    assert traces_of(world.alice).collections == 1


def test_a_collection_that_is_deleted_while_it_is_read_is_not_found(
    alice: Player, gallery: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    authorised = collections.gate.authorised

    def authorised_meanwhile(request: Any) -> Any:
        monkeypatch.undo()
        deletion.delete_collection(GALLERY, actor=alice.actor)
        return authorised(request)

    monkeypatch.setattr(collections.gate, "authorised", authorised_meanwhile)

    with pytest.raises(CollectionNotFound):
        collections.get_collection(GALLERY, actor=alice.actor)


def test_deleting_leaves_no_trace_of_anybody(alice: Player, gallery: Collection, outbox: Outbox, home: Path) -> None:
    enrol(alice, 1, 2)
    done, running = submit(alice, pictures(2)), submit(alice, pictures(10))
    enrolment.run_batch(done.id, first=0, tenant_id=done.tenant_id)
    enrolment.run_batch(running.id, first=0, tenant_id=running.tenant_id)
    assert traces_of(alice) == Traces(collections=1, templates=12, faces=12, images=12, items=12)

    response = alice.client.delete(f"{URL}/{GALLERY}")

    assert response.status_code == 204
    assert decided(alice, response)[1]["n_faces"] == 12
    assert traces_of(alice) == Traces(0, 0, 0, 0, 0)
    assert [path for path in (home / "staging").rglob("*") if path.is_file()] == []
    assert not DispatchTicket.objects.filter(job_id=running.id).exists()
    finished, ended = reload(done), reload(running)
    assert (finished.status, finished.collection_id) == (JobStatus.SUCCEEDED, None)
    assert (ended.status, ended.collection_id, ended.problem["code"]) == (
        JobStatus.CANCELLED,
        None,
        "collection-deleted",
    )
    assert alice.client.get(f"/v1/jobs/{running.id}").json()["collection"] is None


def test_another_collection_of_the_tenant_stays_as_it_is(alice: Player, gallery: Collection) -> None:
    other = collections.create_collection("other", actor=alice.actor)
    enrol(alice, 1, 2)
    enrolment.enrol_image(pictures(1)[0], collection_name="other", actor=alice.actor)

    deletion.delete_collection(GALLERY, actor=alice.actor)

    assert reload(other).face_count == 1
    assert traces_of(alice) == Traces(collections=1, templates=1, faces=1, images=1, items=0)


def test_deleting_is_a_right_that_a_moratorium_does_not_touch(
    alice: Player, gallery: Collection, impose: MoratoriumFactory
) -> None:
    impose(selector=governance.Selector())

    assert alice.client.get(f"{URL}/{GALLERY}").status_code == 403
    assert alice.client.delete(f"{URL}/{GALLERY}").status_code == 204


def test_a_name_that_was_deleted_is_free_again(alice: Player, gallery: Collection) -> None:
    deletion.delete_collection(GALLERY, actor=alice.actor)

    assert collections.create_collection(GALLERY, actor=alice.actor).id != gallery.id


def test_a_stopped_operation_alone_is_stopped(alice: Player, gallery: Collection, impose: MoratoriumFactory) -> None:
    impose(selector=governance.Selector(operations=[Operation.SEARCH]))

    assert alice.client.get(f"{URL}/{GALLERY}").status_code == 200


def test_the_database_refuses_a_job_of_another_tenants_collection(world: World, gallery: Collection) -> None:
    tenant_id = world.mallory.tenant.id
    with tenant_scope(world.alice.tenant.id):
        job = Job(
            id=new_id(),
            tenant_id=tenant_id,
            kind="enrol_faces",
            collection_id=gallery.id,
            total=1,
            max_faces=1,
            quality_filter="auto",
            actor_kind="api_key",
            actor_id=world.mallory.key_id,
            decision_entry_id=gallery.decision_entry_id,
        )

    with pytest.raises(IntegrityError), transaction.atomic(), tenant_scope(tenant_id):
        job.save(force_insert=True)
