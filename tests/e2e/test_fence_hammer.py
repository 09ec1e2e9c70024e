"""No result is written or answered under a policy that has ended: writers and readers against a switch.

Writers enrol and readers search without pause while a moratorium is imposed and lifted again and again. An activation
counts only when at least one write and one read were in flight across it. A leak is a successful outcome, or a face,
dated inside a moratorium. Counts are printed (`pytest -s`).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

import pytest
from django.db import connections

from common.context import tenant_scope
from common.vocabulary import CustomerCategory, Operation
from governance import services
from governance.errors import PolicyRefused
from recognition.engines.fake import face_picture
from recognition.services import collections, enrolment, identification
from tests.worlds import Player, PlayerFactory, Staff

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

ACTIVATIONS = 60
WRITERS = 4
READERS = 4
ATTEMPTS = 5 * ACTIVATIONS
OVERLAP_DEADLINE_SECONDS = 60.0
COLLECTION = "hammer"


@dataclass(slots=True)
class Traffic:
    """What is in flight: start times of running operations by kind, under one lock."""

    running: dict[str, dict[int, float]] = field(default_factory=lambda: {"write": {}, "read": {}})
    finished: list[tuple[str, float, float, bool]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    stop: threading.Event = field(default_factory=threading.Event)
    errors: list[BaseException] = field(default_factory=list)

    @contextmanager
    def flight(self, kind: str) -> Iterator[None]:
        me, started = threading.get_ident(), time.monotonic()
        with self.lock:
            self.running[kind][me] = started
        allowed = True
        try:
            yield
        except PolicyRefused:
            allowed = False
        finally:
            with self.lock:
                del self.running[kind][me]
                self.finished.append((kind, started, time.monotonic(), allowed))

    def both_in_flight(self) -> bool:
        with self.lock:
            return all(self.running.values())

    def crossed(self, kind: str, *, instant: float) -> int:
        """How many operations of a kind were running at an instant."""
        with self.lock:
            past = sum(k == kind and started < instant < ended for k, started, ended, _ in self.finished)
            return past + sum(started < instant for started in self.running[kind].values())


def _work(traffic: Traffic, kind: str, operation: Callable[[int], object]) -> None:
    try:
        turn = 0
        while not traffic.stop.is_set():
            turn += 1
            with traffic.flight(kind):
                operation(turn)
    except BaseException as error:
        traffic.errors.append(error)
    finally:
        connections.close_all()


def _start(traffic: Traffic, player: Player) -> list[threading.Thread]:
    def write(turn: int) -> object:
        picture = face_picture(identity=threading.get_ident() % 1000 * 1000 + turn % 1000)
        return enrolment.enrol_image(picture, collection_name=COLLECTION, actor=player.actor)

    probe = face_picture(identity=1)

    def read(turn: int) -> object:
        return identification.search_by_image(probe, collection_name=COLLECTION, actor=player.actor, threshold=1.0)

    jobs = [("write", write)] * WRITERS + [("read", read)] * READERS
    threads = [threading.Thread(target=_work, args=(traffic, kind, job), daemon=True) for kind, job in jobs]
    for thread in threads:
        thread.start()
    return threads


def _wait_for_overlap(traffic: Traffic) -> None:
    deadline = time.monotonic() + OVERLAP_DEADLINE_SECONDS
    while not traffic.both_in_flight():
        assert not traffic.errors, traffic.errors
        assert time.monotonic() < deadline, "writers and readers were never in flight together"
        time.sleep(0.0005)


def _leaks(player: Player, windows: list[tuple[datetime, datetime]]) -> list[tuple[object, ...]]:
    """Successful outcomes of enrolling and searching, and faces, whose outcome lies inside a moratorium."""
    found: list[tuple[object, ...]] = []
    with tenant_scope(player.tenant.id), connections["default"].cursor() as cursor:
        for begun, ended in windows:
            cursor.execute(
                """
                SELECT o.id, o.ts FROM audit_entry o JOIN audit_entry d ON d.id = o.decision_id
                WHERE o.kind = 'outcome' AND o.ts > %s AND o.ts < %s
                  AND convert_from(o.body, 'UTF8')::jsonb -> 'outcome' ->> 'status' = 'succeeded'
                  AND convert_from(d.body, 'UTF8')::jsonb ->> 'action' IN ('enrol', 'search')
                """,
                [begun, ended],
            )
            found += cursor.fetchall()
        cursor.execute(
            """
            SELECT f.id, 'face without a successful outcome' FROM recognition_face f
            WHERE NOT EXISTS (SELECT FROM audit_entry o WHERE o.decision_id = f.decision_entry_id AND o.kind = 'outcome'
                AND convert_from(o.body, 'UTF8')::jsonb -> 'outcome' ->> 'status' = 'succeeded')
            """
        )
        found += cursor.fetchall()
    return found


def test_no_result_leaks_through_an_activation(make_player: PlayerFactory, staff: Staff) -> None:
    player = make_player(CustomerCategory.CONSUMER_SOFTWARE)
    collections.create_collection(COLLECTION, actor=player.actor)
    enrolment.enrol_image(face_picture(identity=1), collection_name=COLLECTION, actor=player.actor)
    selector = services.Selector(
        categories=[CustomerCategory.CONSUMER_SOFTWARE], operations=[Operation.ENROL, Operation.SEARCH]
    )
    traffic = Traffic()
    threads = _start(traffic, player)
    windows: list[tuple[datetime, datetime]] = []
    overlaps: list[tuple[int, int]] = []
    latencies: list[float] = []
    try:
        while sum(map(all, overlaps)) < ACTIVATIONS:
            assert len(windows) < ATTEMPTS, overlaps
            _wait_for_overlap(traffic)
            asked = time.monotonic()
            moratorium = services.impose_moratorium(selector=selector, reason="hammer", imposed_by=staff.oversight[0])
            latencies.append(time.monotonic() - asked)
            overlaps.append((traffic.crossed("write", instant=asked), traffic.crossed("read", instant=asked)))
            time.sleep(0.02)
            services.lift_moratorium(moratorium, lifters=staff.oversight)
            moratorium.refresh_from_db(using="officer")
            assert moratorium.lifted_at is not None
            windows.append((moratorium.effective_from, moratorium.lifted_at))
    finally:
        traffic.stop.set()
        for thread in threads:
            thread.join(timeout=60)
    assert not traffic.errors, traffic.errors

    leaks = _leaks(player, windows)

    allowed = sum(ok for *_, ok in traffic.finished)
    print(
        f"\nfence: {len(windows)} activations, in flight across them: {sum(w for w, _ in overlaps)} writes"
        f" (min {min(w for w, _ in overlaps)}), {sum(r for _, r in overlaps)} reads"
        f" (min {min(r for _, r in overlaps)});"
        f" {allowed} operations allowed, {len(traffic.finished) - allowed} refused, {len(leaks)} leaks;"
        f" activation median {sorted(latencies)[len(latencies) // 2] * 1000:.0f} ms, max {max(latencies) * 1000:.0f} ms"
    )
    assert sum(writes >= 1 and reads >= 1 for writes, reads in overlaps) >= 60, overlaps
    assert any(not ok for *_, ok in traffic.finished), "no operation was ever refused: the switch did nothing"
    assert leaks == []
