"""What the audit log carries: entries a second from 16 clients while it is sequenced, and how fast it is verified.

    make bench-audit

Beside it, in the same run and on the same server (fsync on), the serialised hash chain that the tree replaces: each
entry holds the hash of the one before, so each client waits for the last one's commit.
"""

from __future__ import annotations

import multiprocessing
import os
import statistics
import subprocess
import sys
import time
from datetime import UTC, datetime
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import psycopg

from benchmarks.instance import REPOSITORY, BenchTenant, bench_instance
from benchmarks.rows import Goal, Row, Samples, write

PROCESSES, THREADS = 2, 8  # 16 clients
SECONDS = 10.0
REQUESTS = 200
VERIFIED = 300_000


def main() -> int:
    """Measure and write the rows."""
    with bench_instance(engine="fake") as tenant:
        chain = _chain()
        rows = [*_appending(tenant, chain=chain), *_requests(tenant), *_verifying(tenant)]
    return write("audit", rows)


# --- appending ---


def _clients(work: Any, *arguments: Any) -> tuple[int, float, list[float]]:
    """Run 16 clients; return how many entries they committed, in how many seconds, and single durations in ms."""
    context = multiprocessing.get_context("fork")
    stop, results = context.Event(), context.Queue()
    processes = [context.Process(target=_process, args=(work, arguments, stop, results)) for _ in range(PROCESSES)]
    for process in processes:
        process.start()
    started = time.perf_counter()
    time.sleep(SECONDS)
    stop.set()
    outcomes = [results.get(timeout=60) for _ in processes]
    seconds = time.perf_counter() - started
    for process in processes:
        process.join()
    return sum(count for count, _ in outcomes), seconds, [each for _, some in outcomes for each in some]


def _process(work: Any, arguments: tuple[Any, ...], stop: Event, results: Any) -> None:
    import threading

    counts, durations = [0] * THREADS, [[] for _ in range(THREADS)]

    def client(number: int) -> None:
        for entries in work(*arguments):
            counts[number] += entries[0]
            durations[number].append(entries[1])
            if stop.is_set():
                return

    threads = [threading.Thread(target=client, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    results.put((sum(counts), [each for some in durations for each in some]))


def _entries(tenant_id: Any) -> Any:
    """Write decisions and outcomes as the ledger does, receipts included."""
    from governance.audit import ledger

    while True:
        started = time.perf_counter()
        now = datetime.now(UTC)
        entry_id, _ = ledger.record_decision(
            ledger.DecisionRecord(
                tenant_id=tenant_id, ts=now, actor=ledger.ActorRef("api_key", "bench"), action="search",
                resource=ledger.Resource("collection", None), case_ref=None,
                decision={"effect": "allow", "rules": [], "epoch": 1, "policy_version": 1}, params={},
                facts={"purpose": "photo_organisation", "on_behalf_of": None, "jurisdiction": "US"},
            )
        )  # fmt: skip
        middle = time.perf_counter()
        yield 1, (middle - started) * 1000
        ledger.record_failed_outcome(
            ledger.OutcomeRecord(decision_id=entry_id, tenant_id=tenant_id, ts=now, status="succeeded", data={})
        )
        yield 1, (time.perf_counter() - middle) * 1000


def _chained(address: str) -> Any:
    body = bytes(600)
    with psycopg.connect(address) as connection:
        while True:
            started = time.perf_counter()
            connection.execute("SELECT pg_advisory_xact_lock(1)")
            connection.execute(
                "INSERT INTO bench_chain (body, hash) SELECT %(body)s, sha256(coalesce("
                "(SELECT hash FROM bench_chain ORDER BY id DESC LIMIT 1), ''::bytea) || %(body)s)",
                {"body": body},
            )
            connection.commit()
            yield 1, (time.perf_counter() - started) * 1000


def _admin_address() -> str:
    from django.conf import settings

    password = Path(settings.CUSTOS_KEYS_DIR, "database", "custos_admin").read_text()
    return os.environ["DATABASE_URL"].replace("://", f"://custos_admin:{password}@")


def _chain() -> float:
    address = _admin_address()
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(
            "CREATE TABLE bench_chain (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body bytea, hash bytea)"
        )
    count, seconds, _ = _clients(_chained, address)
    return count / seconds


def _appending(tenant: BenchTenant, *, chain: float) -> list[Row]:
    from governance.audit.pool import close_ledger_pool

    close_ledger_pool()
    environment = {**os.environ, "PYTHONPATH": f"{REPOSITORY}:{REPOSITORY / 'platform'}"}
    sequencer = subprocess.Popen(
        [sys.executable, "manage.py", "audit", "sequence"], cwd=REPOSITORY, env=environment, stderr=subprocess.DEVNULL
    )
    try:
        _wait_until_drained()
        sampling = multiprocessing.get_context("fork").Queue()
        sampler = multiprocessing.get_context("fork").Process(target=_sample_lag, args=(_admin_address(), sampling))
        sampler.start()
        count, seconds, durations = _clients(_entries, tenant.actor.tenant_id)
        lags = sampling.get(timeout=60)
        sampler.join()
        drained = _wait_until_drained()
    finally:
        sequencer.terminate()
        sequencer.wait()
    clients = f"{PROCESSES * THREADS} clients"
    return [
        Row(name=f"serialised hash chain, {clients} (baseline)", value=chain, unit="/s", n=int(chain * SECONDS)),
        Row(
            name=f"entries a second, {clients}, sequenced", value=count / seconds, unit="/s", n=count,
            p50=statistics.median(durations), baseline="hash chain", ratio=count / seconds / chain,
            goal=Goal(at_least=3000.0),
        ),
        Row(
            name="lag of the sequencer, longest", value=max(lags), unit="s", n=len(lags), p50=statistics.median(lags),
            goal=Goal(at_most=2.0),
        ),
        Row(name="until all was sequenced, after the last entry", value=drained, unit="s", n=1, goal=Goal(at_most=2.0)),
    ]  # fmt: skip


def _sample_lag(address: str, results: Any) -> None:
    """Ten times a second: how long the oldest entry that is not in the tree has waited."""
    lags = []
    with psycopg.connect(address, autocommit=True) as connection:
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            row = connection.execute(
                "SELECT extract(epoch FROM clock_timestamp() - queued_at) FROM audit_pending ORDER BY ins_id LIMIT 1"
            ).fetchone()
            lags.append(float(row[0]) if row else 0.0)
            time.sleep(0.1)
    results.put(lags)


def _wait_until_drained() -> float:
    started = time.perf_counter()
    with psycopg.connect(_admin_address(), autocommit=True) as connection:
        while connection.execute("SELECT EXISTS (SELECT FROM audit_pending)").fetchone() == (True,):
            time.sleep(0.02)
    return time.perf_counter() - started


# --- one request ---


def _requests(tenant: BenchTenant) -> list[Row]:
    """Gate and log of one request, as `make bench-gate` measures it, with receipts."""
    from benchmarks.gate import _request

    samples = Samples()
    for turn in range(REQUESTS + 20):
        started = time.perf_counter()
        _request(tenant)
        if turn >= 20:
            samples.milliseconds.append((time.perf_counter() - started) * 1000)
    return [samples.row("gate + log + receipt per request, p50", goal=Goal(at_most=5.0))]


# --- verifying ---


def _verifying(tenant: BenchTenant) -> list[Row]:
    from governance.audit import roles, sequencer
    from governance.audit.verification import verify_log

    _fill(tenant.actor.tenant_id)
    with roles.connect("custos_sequencer", autocommit=True) as connection:
        started = time.perf_counter()
        before = connection.execute("SELECT count(*) FROM audit_leaf").fetchone()
        size = sequencer.drain(connection)
        seconds = time.perf_counter() - started
    appended = size - (before[0] if before else 0)
    started = time.perf_counter()
    found = verify_log()
    verified = time.perf_counter() - started
    if found.code != 0:
        raise SystemExit(f"The benchmark's log is not sound: {found.findings[:3]}")
    return [
        Row(name="backlog, leaves a second", value=appended / seconds, unit="/s", n=appended),
        Row(
            name="full verification, entries a second",
            value=found.entries / verified,
            unit="/s",
            n=found.entries,
            goal=Goal(at_least=100_000.0),
        ),
    ]


def _fill(tenant_id: Any) -> None:
    """Decisions with outcomes, as they are, many at a time."""
    from common.canonical import canonical_json
    from common.ids import new_id
    from governance.audit.checking.tree import leaf_hash
    from governance.audit.signing import rfc3339

    columns = "(id, tenant_id, ts, kind, v, body, leaf_hash, decision_id, request_id)"
    with (
        psycopg.connect(_admin_address(), autocommit=True) as connection,
        connection.cursor() as cursor,
        cursor.copy(f"COPY audit_entry {columns} FROM STDIN") as copy,
    ):
        for _ in range(VERIFIED // 2):
            now = datetime.now(UTC)
            base = {"v": 1, "tenant": str(tenant_id), "ts": rfc3339(now), "request": "bench"}
            decision, outcome = new_id(), new_id()
            made: list[tuple[Any, str, dict[str, Any], Any]] = [
                (decision, "decision", {"action": "search", "facts": {"purpose": "x" * 300}}, None),
                (outcome, "outcome", {"decision": str(decision), "outcome": {"status": "succeeded"}}, decision),
            ]
            for entry_id, kind, content, of in made:
                body = canonical_json({**base, "id": str(entry_id), "kind": kind, **content})
                copy.write_row((entry_id, tenant_id, now, kind, 1, body, leaf_hash(body), of, "bench"))


if __name__ == "__main__":
    sys.exit(main())
