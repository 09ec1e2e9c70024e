"""How soon a revoked key and a suspended organisation are stopped: on the web server, and in the middle of a job.

    make bench-stopping

Web server and worker run as `make run` starts them. A job enrols photographs of 12 megapixels, the slow kind; while it
runs, its key is revoked (its organisation suspended), and the clock is taken from that commit until the job is halted,
until the last face was written, and until a request that was sent without pause is refused.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import requests
from tqdm import tqdm

from benchmarks.instance import BenchTenant, bench_instance
from benchmarks.rows import REPOSITORY, Goal, Row, Samples, write
from benchmarks.web import large_group, web_server

if TYPE_CHECKING:
    from tenants.models import User

ROUNDS = 5
IMAGES = 24
MOST_MS = 1000.0
DEADLINE_SECONDS = 60.0


def main() -> int:
    """Measure and write the rows."""
    with bench_instance() as tenant, web_server() as address, _worker():
        picture = large_group()
        rows = [
            row
            for what, stop in (("key revoked", _revoke), ("organisation suspended", _suspend))
            for row in _measure(what, stop=stop, tenant=tenant, address=address, picture=picture)
        ]
    return write("stopping", rows)


def _measure(
    what: str, *, stop: Callable[[BenchTenant], Callable[[], None]], tenant: BenchTenant, address: str, picture: bytes
) -> list[Row]:
    web, halted, leaks = Samples(), Samples(), 0
    for _ in tqdm(range(ROUNDS), desc=what, disable=None):
        player = _with_key_of_its_own(tenant)
        job = _running_job(player, picture=picture)
        refused_at: list[float] = []
        hammer = threading.Thread(target=_until_refused, args=(address, player.token, refused_at))
        hammer.start()
        undo = stop(player)
        stopped_at, stopped_at_database = time.perf_counter(), _database_now()
        ended_at = _halted_at(job, player=player)
        hammer.join(DEADLINE_SECONDS)
        web.milliseconds.append((refused_at[0] - stopped_at) * 1000)
        halted.milliseconds.append((ended_at - stopped_at) * 1000)
        leaks += _written_after(stopped_at_database, player=player)
        undo()
    return [
        _slowest(web, f"{what}: requests refused after"),
        _slowest(halted, f"{what}: running job halted after"),
        Row(
            name=f"{what}: successes later than a second",
            value=leaks,
            unit="entries",
            n=ROUNDS,
            goal=Goal(at_most=0),
        ),
    ]


def _slowest(samples: Samples, name: str) -> Row:
    slowest = max(samples.milliseconds)
    row = samples.row(name)
    return replace(row, name=f"{name} (slowest)", value=max(0.0, slowest), goal=Goal(at_most=MOST_MS))


def _with_key_of_its_own(tenant: BenchTenant) -> BenchTenant:
    from common.vocabulary import PERSONAL, Operation, Purpose
    from governance.audit import ledger
    from tenants import services as tenants

    binding = tenants.KeyBinding(
        operations=[each for each in Operation if each not in PERSONAL],
        purposes=[Purpose.PHOTO_ORGANISATION],
        default_purpose=Purpose.PHOTO_ORGANISATION,
        default_jurisdiction="US",
    )
    key = tenants.issue_api_key(tenant.actor.tenant_id, label="stopped", binding=binding, actor=ledger.SYSTEM)
    return replace(
        tenant, actor=replace(tenant.actor, id=key.id), token=key.token, pair=(key.access_key_id, key.secret_access_key)
    )


def _running_job(player: BenchTenant, *, picture: bytes) -> uuid.UUID:
    """Submit a job and wait until its first batch has been written."""
    from recognition.services import collections, enrolment, jobs
    from recognition.services.submission import Submission

    name = f"stopping-{uuid.uuid4().hex[:12]}"
    collections.create_collection(name, actor=player.actor)
    # A trailing byte makes every file another one: the same bytes would be recognised and skipped.
    images = [Submission(picture + bytes([number])) for number in range(IMAGES)]
    job = enrolment.submit_job(images, collection_name=name, actor=player.actor)
    deadline = time.monotonic() + DEADLINE_SECONDS
    while jobs.get_job(job.id, actor=player.actor).done == 0:
        if time.monotonic() > deadline:
            raise SystemExit("The worker does not work.")
        time.sleep(0.02)
    return job.id


def _until_refused(address: str, token: str, refused_at: list[float]) -> None:
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {token}"
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        if session.get(f"{address}/v1/collections", timeout=30).status_code in (401, 403):
            refused_at.append(time.perf_counter())
            return


def _halted_at(job: uuid.UUID, *, player: BenchTenant) -> float:
    from common.context import tenant_scope
    from common.vocabulary import JobStatus
    from recognition.models import Job

    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        with tenant_scope(player.actor.tenant_id):
            status = Job.objects.get(id=job).status
        if status == JobStatus.HALTED_BY_POLICY:
            return time.perf_counter()
        if status not in (JobStatus.QUEUED, JobStatus.RUNNING):
            raise SystemExit(f"The job ended as {status} before it could be stopped.")
        time.sleep(0.01)
    raise SystemExit("The job was never halted.")


def _written_after(instant: datetime, *, player: BenchTenant) -> int:
    """Count this key's enrolments that succeeded more than a second after it was stopped."""
    from django.db import connections

    from common.context import tenant_scope

    with tenant_scope(player.actor.tenant_id), connections["default"].cursor() as cursor:
        cursor.execute(
            """
            SELECT count(*) FROM audit_entry o JOIN audit_entry d ON d.id = o.decision_id
            WHERE o.kind = 'outcome' AND o.ts > %s + interval '1 second'
              AND convert_from(o.body, 'UTF8')::jsonb -> 'outcome' ->> 'status' = 'succeeded'
              AND convert_from(d.body, 'UTF8')::jsonb ->> 'action' = 'enrol'
              AND convert_from(d.body, 'UTF8')::jsonb -> 'actor' ->> 'ref' = %s
            """,
            [instant, str(player.actor.id)],
        )
        return int(cursor.fetchone()[0])


def _database_now() -> datetime:
    from governance.audit import ledger

    return ledger.database_now()


def _revoke(player: BenchTenant) -> Callable[[], None]:
    from governance.audit import ledger
    from tenants import services as tenants

    tenants.revoke_api_key(player.actor.tenant_id, key_id=player.actor.id, actor=ledger.SYSTEM)
    return lambda: None


def _suspend(player: BenchTenant) -> Callable[[], None]:
    from governance import services as governance
    from governance.models import Suspension

    overseers = _oversight()
    suspension = governance.suspend(
        player.actor.tenant_id,
        target=Suspension.Target.ORGANISATION,
        target_id=player.actor.tenant_id,
        reason="benchmark",
        imposed_by=overseers[0],
    )
    return lambda: governance.lift_suspension(suspension, lifters=overseers)


def _oversight() -> tuple[User, User]:
    from common.vocabulary import StaffRole
    from governance.audit import ledger
    from tenants import services as tenants

    first, second = (
        tenants.create_staff(username=name, password=name * 2, role=StaffRole.OVERSIGHT, actor=ledger.SYSTEM)
        for name in (f"bench-board-{uuid.uuid4().hex[:8]}", f"bench-board-{uuid.uuid4().hex[:8]}")
    )
    return first, second


@contextmanager
def _worker() -> Iterator[None]:
    command = [
        "celery",
        "-A",
        "config.celery",
        "worker",
        "-Q",
        "interactive,maintenance,bulk",
        "-c",
        "1",
        "-l",
        "ERROR",
    ]
    process = subprocess.Popen(
        [sys.executable, "-m", *command],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": f"{REPOSITORY}:{REPOSITORY / 'platform'}"},
        stdout=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait(60)


if __name__ == "__main__":
    raise SystemExit(main())
