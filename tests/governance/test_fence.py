"""The fence: who finishes under a policy and who changes it never overlap, and the epoch read is never a stale one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import pytest
from django.db import connections, transaction

from governance import fence
from governance.audit import ledger
from governance.models import PolicyEpoch
from tests.conftest import admin_connection

T = TypeVar("T")


def _epoch() -> int:
    return PolicyEpoch.objects.using("officer").get().epoch


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as pool:
        yield pool


def _start(threads: ThreadPoolExecutor, work: Callable[[], T]) -> Future[T]:
    """Run it in a thread with connections of its own."""

    def run() -> T:
        try:
            return work()
        finally:
            connections.close_all()

    return threads.submit(run)


def _until_somebody_waits() -> None:
    """Return once a session waits for an advisory lock."""
    with admin_connection(connections["default"].settings_dict["NAME"]) as admin:
        for _ in range(1_000):
            row = admin.execute(
                "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database"
                " WHERE l.locktype = 'advisory' AND NOT l.granted AND d.datname = current_database()"
            ).fetchone()
            if row != (0,):
                return
            admin.execute("SELECT pg_sleep(0.01)")
    pytest.fail("nobody waits for the fence")


def _cross() -> int:
    with transaction.atomic():
        return fence.cross()[0]


def test_crossing_tells_epoch_and_time() -> None:
    before = ledger.database_now()

    with transaction.atomic():
        epoch, now = fence.cross()

    assert epoch == _epoch()
    assert before < now < ledger.database_now()


def test_closing_raises_the_epoch_by_one() -> None:
    before = _epoch()

    with fence.closed() as now:
        assert now < ledger.database_now()

    assert _epoch() == before + 1


def test_a_change_that_fails_leaves_the_epoch_as_it_was() -> None:
    before = _epoch()

    with pytest.raises(ZeroDivisionError), fence.closed():
        raise ZeroDivisionError

    assert _epoch() == before
    assert _cross() == before


def test_those_who_finish_do_not_wait_for_each_other(threads: ThreadPoolExecutor) -> None:
    together = threading.Barrier(4)

    def cross() -> int:
        with transaction.atomic():
            epoch, _ = fence.cross()
            together.wait(60)
            return epoch

    crossing = [_start(threads, cross) for _ in range(4)]

    assert {future.result(timeout=60) for future in crossing} == {_epoch()}


def test_a_change_waits_for_who_is_finishing(threads: ThreadPoolExecutor) -> None:
    events: list[str] = []

    def change() -> None:
        with fence.closed():
            events.append("changed")

    with transaction.atomic():
        fence.cross()
        changing = _start(threads, change)
        _until_somebody_waits()
        events.append("finished")
    changing.result(timeout=60)

    assert events == ["finished", "changed"]


def test_who_waits_for_a_change_sees_the_new_epoch(threads: ThreadPoolExecutor) -> None:
    """Read in one statement with the lock, the epoch would come from a snapshot older than the lock."""
    before = _epoch()

    with fence.closed():
        crossing = _start(threads, _cross)
        _until_somebody_waits()
    seen = crossing.result(timeout=60)

    assert seen == before + 1


def test_who_began_before_a_change_and_finishes_after_it_sees_the_new_epoch(threads: ThreadPoolExecutor) -> None:
    def change() -> None:
        with fence.closed():
            pass

    with transaction.atomic():
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT epoch FROM governance_policyepoch")
            (at_the_start,) = cursor.fetchone()
        _start(threads, change).result(timeout=60)
        epoch, _ = fence.cross()

    assert epoch == at_the_start + 1


def test_two_changes_do_not_overlap(threads: ThreadPoolExecutor) -> None:
    inside: list[int] = []
    most: list[int] = []

    def change() -> None:
        with fence.closed():
            inside.append(1)
            most.append(len(inside))
            with connections["officer"].cursor() as cursor:
                cursor.execute("SELECT pg_sleep(0.02)")
            inside.pop()

    before = _epoch()
    for future in [_start(threads, change) for _ in range(4)]:
        future.result(timeout=60)

    assert (most, _epoch()) == ([1, 1, 1, 1], before + 4)
