"""A grown collection moves to a partition of its own while it is enrolled into and searched, and loses nobody."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import pytest
from django.db import connections
from pytest_django.fixtures import Settings

from common.context import tenant_scope
from common.vocabulary import Operation
from recognition.gallery import partitions
from recognition.models import SHARED_PARTITIONS, Collection, TemplatePartition
from recognition.selectors import collections as collection_selectors
from recognition.services import collections, deletion, references
from recognition.tasks import promote_collection
from tests.conftest import admin_connection
from tests.recognition.conftest import GALLERY, enrol, random_templates, reload, traces_of
from tests.worlds import Player, permit_for

T = TypeVar("T")


@pytest.fixture(autouse=True)
def promoted_from_three(settings: Settings) -> None:
    settings.CUSTOS_DEDICATED_PARTITION_FACES = 3


def _partition_of_templates(collection: Collection) -> set[int]:
    with tenant_scope(collection.tenant_id), connections["default"].cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT partition_no FROM recognition_template WHERE collection_id = %s", [collection.id]
        )
        return {number for (number,) in cursor.fetchall()}


def _promote(collection: Collection) -> bool:
    return partitions.promote(collection.id, tenant_id=collection.tenant_id)


def _search(collection: Collection, *, seed: int) -> set[uuid.UUID]:
    """Search by a reference read beforehand, as a request would that was slow to decode its picture."""
    with tenant_scope(collection.tenant_id):
        found = references.gallery.search(
            collection_selectors.gallery_of(collection),
            random_templates(1, seed=seed),
            limit=1000,
            min_score=-1.0,
            permit=permit_for(collection.tenant_id, Operation.SEARCH),
        )
    return {hit.face_id for hit in found.hits[0]}


def test_it_moves_templates_and_collection_together(alice: Player, gallery: Collection) -> None:
    ids = enrol(alice, 1, 2, 3)

    assert _promote(gallery) is True

    moved = reload(gallery)
    assert moved.partition_no >= SHARED_PARTITIONS
    assert _partition_of_templates(gallery) == {moved.partition_no}
    assert _search(gallery, seed=1) == set(ids)


def test_a_small_collection_stays_where_it_is(alice: Player, gallery: Collection) -> None:
    enrol(alice, 1, 2)

    assert _promote(gallery) is False
    assert reload(gallery).partition_no == gallery.partition_no


def test_it_is_moved_once(alice: Player, gallery: Collection) -> None:
    enrol(alice, 1, 2, 3)
    _promote(gallery)
    partition_no = reload(gallery).partition_no

    assert _promote(gallery) is False
    assert reload(gallery).partition_no == partition_no


def test_two_promotions_at_once_move_it_once(alice: Player, gallery: Collection) -> None:
    enrol(alice, 1, 2, 3)
    barrier = threading.Barrier(4)

    def promote(_: int) -> bool:
        barrier.wait()
        return _with_own_connection(lambda: _promote(gallery))

    with ThreadPoolExecutor(4) as pool:
        moved = list(pool.map(promote, range(4)))

    assert sorted(moved) == [False, False, False, True]
    assert _partition_of_templates(gallery) == {reload(gallery).partition_no}


def test_nobody_is_lost_while_others_enrol_and_search(alice: Player, gallery: Collection) -> None:
    """Searches see every face enrolled before them, whichever side of the move they fall on."""
    known = set(enrol(alice, 1, 2, 3))
    stop = threading.Event()
    missing: list[set[uuid.UUID]] = []
    searches = [0]
    made: list[uuid.UUID] = []

    def search() -> None:
        while not stop.is_set():
            lost = known - _search(gallery, seed=2)
            searches[0] += 1
            if lost:
                missing.append(lost)

    def enrol_more() -> None:
        for identity in range(10, 40):
            made.extend(enrol(alice, identity))
        stop.set()

    with ThreadPoolExecutor(3) as pool:
        workers = [pool.submit(_with_own_connection, work) for work in (search, search, enrol_more)]
        moved = _promote(gallery)
        for worker in workers:
            worker.result(timeout=60)

    assert moved is True
    assert missing == []
    assert searches[0] >= 10
    assert _search(gallery, seed=2) == known | set(made)
    assert _partition_of_templates(gallery) == {reload(gallery).partition_no}
    assert reload(gallery).face_count == 33


def test_a_freed_partition_serves_the_next_collection(alice: Player, gallery: Collection) -> None:
    enrol(alice, 1, 2, 3)
    _promote(gallery)
    freed = reload(gallery).partition_no
    existing = TemplatePartition.objects.count()

    deletion.delete_collection(GALLERY, actor=alice.actor)
    assert TemplatePartition.objects.get(partition_no=freed).is_free
    next_one = collections.create_collection(GALLERY, actor=alice.actor)
    enrol(alice, 4, 5, 6)
    _promote(next_one)

    assert TemplatePartition.objects.count() == existing
    assert not TemplatePartition.objects.filter(partition_no=reload(next_one).partition_no, is_free=True).exists()
    assert traces_of(alice).templates == 3


def test_a_dedicated_partition_is_bound_like_the_shared_ones(
    alice: Player, mallory: Player, gallery: Collection
) -> None:
    enrol(alice, 1, 2, 3)
    _promote(gallery)
    table = f"recognition_template_{reload(gallery).partition_no}"

    with admin_connection(connections["default"].settings_dict["NAME"]) as admin:
        flags = admin.execute(
            """SELECT c.relrowsecurity, c.relforcerowsecurity, pg_get_userbyid(c.relowner),
                      (SELECT attstorage FROM pg_attribute WHERE attrelid = c.oid AND attname = 'template')
               FROM pg_class c WHERE c.relname = %s""",
            [table],
        ).fetchone()
    assert flags == (True, True, "custos_owner", "p")
    for player, expected in ((alice, 3), (mallory, 0)):
        with tenant_scope(player.tenant.id), connections["default"].cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM {table}")
            assert cursor.fetchone() == (expected,)


def test_it_stays_shared_when_no_more_partitions_may_be_made(
    alice: Player, gallery: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    enrol(alice, 1, 2, 3)
    monkeypatch.setattr(partitions, "MOST_PARTITIONS", 0)
    TemplatePartition.objects.filter(is_free=True).update(is_free=False)

    assert _promote(gallery) is False
    assert reload(gallery).partition_no == gallery.partition_no


def test_it_waits_for_a_lock_only_briefly_and_tries_again(
    alice: Player, gallery: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A long writer must not make everybody queue behind the promotion."""
    enrol(alice, 1, 2, 3)
    TemplatePartition.objects.filter(is_free=True).update(is_free=False)
    locked, release = threading.Event(), threading.Event()

    def write_for_long() -> None:
        with tenant_scope(alice.tenant.id), connections["default"].cursor() as cursor:
            cursor.execute("LOCK TABLE recognition_templateindex IN ROW EXCLUSIVE MODE")
            locked.set()
            release.wait(60)

    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        release.set()
        writer.result(timeout=60)

    monkeypatch.setattr(partitions.time, "sleep", pause)
    with ThreadPoolExecutor(1) as pool:
        writer = pool.submit(_with_own_connection, write_for_long)
        locked.wait(60)
        moved = _promote(gallery)

    assert moved is True
    assert pauses, "the lock was never in the way"


def test_the_task_promotes(alice: Player, gallery: Collection) -> None:
    enrol(alice, 1, 2, 3)

    promote_collection.apply(args=[str(gallery.id)], headers={"custos_tenant": str(alice.tenant.id)}).get()

    assert reload(gallery).has_own_partition


def _with_own_connection(work: Callable[[], T]) -> T:
    try:
        return work()
    finally:
        connections.close_all()
