"""Kill -9 anything: no acknowledged work is lost, nothing is done twice."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests
from django.conf import settings

from demo.photographs import fetch_photographs
from tests.e2e.instances import RunningInstance

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

COLLECTION = "kill"


@pytest.fixture(scope="module")
def collection(shared_instance: RunningInstance) -> str:
    """Make the collection that acknowledged faces are enrolled in."""
    assert shared_instance.call("POST", "/v1/collections", json={"name": COLLECTION}).status_code == 201
    return COLLECTION


@pytest.fixture(scope="module")
def photograph() -> bytes:
    return fetch_photographs(settings.CUSTOS_CACHE_DIR).read("person_a_1")


def _is_up(instance: RunningInstance, name: str) -> bool:
    try:
        return instance.child(name).status() != psutil.STATUS_ZOMBIE  # its pid file may name who was killed last
    except (
        psutil.NoSuchProcess,
        IndexError,
        FileNotFoundError,
    ):  # while it is being restarted its pid file may be missing
        return False


@contextmanager
def _clients(count: int, turn: Callable[[], None]) -> Iterator[None]:
    """Let so many clients take turns, one after another, until the end, also where it comes by a failure."""
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            try:
                turn()
            except requests.RequestException:
                time.sleep(0.05)  # the web server is being restarted

    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def _receipt(instance: RunningInstance) -> str:
    """Make a request; return the receipt of its answer, nothing where it was not acknowledged."""
    answer = instance.call("GET", "/v1/collections?limit=1")
    return answer.headers["Custos-Receipt"] if answer.status_code == 200 else ""


def _faces(instance: RunningInstance, collection: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        answer = instance.call("GET", f"/v1/collections/{collection}/faces?limit=1000{cursor}").json()
        found += answer["items"]
        if answer["next_cursor"] is None:
            return found
        cursor = f"&cursor={answer['next_cursor']}"


def test_a_killed_worker_s_job_is_redelivered_and_finishes_without_duplicates(
    instance: RunningInstance, photograph: bytes
) -> None:
    images = [("images", (f"{number}.jpg", photograph)) for number in range(64)]
    assert instance.call("POST", "/v1/collections", json={"name": "bulk"}).status_code == 201
    job = instance.call("POST", "/v1/collections/bulk/faces:batch", files=images).json()

    def state() -> dict[str, Any]:
        answer: dict[str, Any] = instance.call("GET", f"/v1/jobs/{job['id']}").json()
        return answer

    before = instance.wait(lambda: s if (s := state())["progress"]["done"] > 0 else None, what="a first batch")
    instance.kill("worker")
    after = state()["progress"]["done"]
    assert before["progress"]["done"] <= after < 64, "the worker was too fast to be killed in mid job"
    finished = instance.wait(
        lambda: s if (s := state())["status"] not in ("queued", "running") else None, what="the end of the job"
    )

    assert finished["status"] == "succeeded"
    assert finished["progress"] == {"done": 64, "total": 64, "failed": 0}
    faces = _faces(instance, "bulk")
    assert len(faces) == 64
    assert len({face["image_id"] for face in faces}) == 64
    assert instance.call("GET", "/v1/collections/bulk").json()["face_count"] == 64
    assert any("worker was ended by signal SIGKILL" in line for line in instance.lines)


@pytest.fixture(scope="module")
def receipts() -> list[str]:
    """What every acknowledged answer promised."""
    return []


@pytest.mark.parametrize("victim", ["web", "postgres", "valkey", "sequencer", "witness", "everything"])
def test_no_acknowledged_face_is_lost_when_a_part_is_killed(
    instance: RunningInstance, collection: str, photograph: bytes, receipts: list[str], victim: str
) -> None:
    acknowledged: list[str] = []

    def enrol() -> None:
        answer = instance.call("POST", f"/v1/collections/{collection}/faces", files={"image": photograph})
        if answer.status_code == 201:
            acknowledged.extend(face["id"] for face in answer.json()["faces"])
            receipts.append(answer.headers["Custos-Receipt"])

    with _clients(3, enrol):
        instance.wait(lambda: len(acknowledged) >= 6, what="six acknowledged faces")
        if victim == "everything":
            instance.kill("postgres")
            instance.kill("web")
            instance.kill_supervisor()
            instance.start()
        else:
            instance.kill(victim)
        before = len(acknowledged)
        instance.wait(lambda: len(acknowledged) >= before + 3, what="enrolment after the restart")

    listed = {face["id"] for face in _faces(instance, collection)}

    assert set(acknowledged) <= listed
    assert instance.call("GET", f"/v1/collections/{collection}").json()["face_count"] == len(listed)


@pytest.mark.parametrize("rounds", [5, pytest.param(40, marks=[pytest.mark.long, pytest.mark.timeout(1_200)])])
def test_a_database_that_is_killed_again_and_again_keeps_every_acknowledged_entry(
    instance: RunningInstance, receipts: list[str], tmp_path: Path, rounds: int
) -> None:
    """Postmaster and backends, while clients write, the sequencer appends, and the witness cosigns."""
    acknowledged: list[str] = []
    dice = random.Random(rounds)

    def use() -> None:
        if receipt := _receipt(instance):
            acknowledged.append(receipt)
        else:
            time.sleep(0.05)

    with _clients(4, use):
        for _ in range(rounds):
            before = len(acknowledged)
            instance.wait(lambda before=before: len(acknowledged) >= before + 8, what="use after the restart")
            time.sleep(dice.uniform(0, 0.5))  # at any moment of the sequencer's turn
            instance.kill("postgres")
    receipts.extend(acknowledged)

    said = _verified(instance, receipts, folder=tmp_path)

    assert "Sound." in said
    print(f"\n{rounds} kills of the database; {len(acknowledged)} acknowledged; {said}")


def test_the_log_holds_every_acknowledged_answer_after_all_that(
    instance: RunningInstance, receipts: list[str], tmp_path: Path
) -> None:
    """And after the sequencer was killed again and again in the middle of its work."""
    for _ in range(5):
        for _ in range(10):
            receipts.append(instance.wait(lambda: _receipt(instance), what="an acknowledged answer"))
        instance.wait(lambda: _is_up(instance, "sequencer"), what="the sequencer's return")
        instance.kill("sequencer")

    said = _verified(instance, receipts, folder=tmp_path)

    assert len(receipts) >= 50
    assert "Sound." in said
    print(f"\n{len(receipts)} receipts; {said}")


def _verified(instance: RunningInstance, receipts: list[str], *, folder: Path) -> str:
    """What the verifier says once every entry is in the tree: each acknowledged one as it was, and no root is wrong."""
    kept = folder / "receipts"
    kept.write_text("\n".join(receipts))

    def verified() -> str:
        done = instance.manage("audit", "verify", "--receipts", str(kept))
        assert done.returncode in (0, 1, 3), done.stdout + done.stderr  # 1: the database or the witness is not back yet
        return done.stdout if done.returncode == 0 and " 0 waiting" in done.stdout else ""

    said: str = instance.wait(verified, what="a log that is sound and wholly in the tree")
    return said


def test_a_second_start_serves_soon_and_a_stop_leaves_nothing_running(instance: RunningInstance) -> None:
    names = ("web", "worker", "postgres", "valkey")
    instance.wait(lambda: all(_is_up(instance, name) for name in names), what="the return of what was killed before")
    children = [instance.child(name) for name in names]
    assert instance.stop() == 0
    assert not [child for child in children if child.is_running()]

    instance.start()

    assert instance.call("GET", "/health/ready").status_code == 200
    print(f"\nsecond start to the first served request: {instance.started_in_seconds:.1f} s")


def test_the_home_keeps_its_secrets_to_itself(instance: RunningInstance) -> None:
    for name in ("keys", "demo/credentials.json"):
        assert not (Path(instance.home) / name).stat().st_mode & 0o077
    logs = "".join(path.read_text(errors="replace") for path in (instance.home / "logs").glob("*.log"))
    assert instance.key_of("photo-app") not in logs
