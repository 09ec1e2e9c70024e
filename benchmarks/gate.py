"""What governance costs a request: decide and record, cross the fence and record, against the two bare commits.

    make bench-gate

The baseline does only what durability needs: two transactions of one small insert each, on the same server (fsync on),
interleaved with the measured requests so that a busy machine slows both.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import psycopg
from tqdm import tqdm

from benchmarks.instance import BenchTenant, bench_instance
from benchmarks.rows import Goal, Row, Samples, write

if TYPE_CHECKING:
    from governance.policies import Policy

REQUESTS = 300
WARM_UP = 30
CLIENTS = 16
CLIENT_SECONDS = 6.0
# A search with most rules in scope. What is measured: which facts are demanded, the verdict, and until when it holds.
_INVESTIGATION: dict[str, object] = {
    "tenant_category": "victim_rescue_ngo",
    "on_behalf_of": "law_enforcement",
    "purpose": "victim_identification",
    "case_state": "open",
    "case_purpose": "victim_identification",
    "case_offence": "serious",
    "case_admits": True,
    "gallery_size": 5_000,
    "fmr_femto": 10**8,
    "evaluations": [
        {"origin": "shipped", "least_threshold_milli": 0, "group_ratio_milli": None, "interval_ratio_milli": None}
    ],
    "searches_today": 3,
    "searches_in_case": 3,
    "searches_of_subject": 1,
}


def main() -> int:
    """Measure and write the rows."""
    with bench_instance() as tenant:
        rows = [*_one_client(tenant), _many_clients(tenant), *_pure_rules(tenant)]
    return write("gate", rows)


def _request(tenant: BenchTenant) -> None:
    from common.context import tenant_scope
    from common.vocabulary import Operation
    from governance import gate

    resource = gate.ResourceRef("collection", None, tenant.actor.tenant_id)
    request = gate.AccessRequest(actor=tenant.actor, operation=Operation.ADMINISTER, resource=resource)
    with gate.authorised(request) as admission, tenant_scope(tenant.actor.tenant_id):
        admission.complete()


def _bare_connection() -> psycopg.Connection[tuple[object, ...]]:
    from django.conf import settings

    admin = Path(settings.CUSTOS_KEYS_DIR, "database", "custos_admin").read_text()
    address = os.environ["DATABASE_URL"].replace("://", f"://custos_admin:{admin}@")
    return psycopg.connect(address)


def _one_client(tenant: BenchTenant) -> list[Row]:
    governed, bare = Samples(), Samples()
    with _bare_connection() as connection:
        connection.execute("CREATE TABLE bench_commits (id bigint GENERATED ALWAYS AS IDENTITY, body bytea)")
        connection.commit()
        body = bytes(1200)
        for turn in tqdm(range(WARM_UP + REQUESTS), disable=None, desc="gate, one client", unit="request"):
            started = time.perf_counter()
            for _ in range(2):
                connection.execute("INSERT INTO bench_commits (body) VALUES (%s)", [body])
                connection.commit()
            middle = time.perf_counter()
            _request(tenant)
            ended = time.perf_counter()
            if turn >= WARM_UP:
                bare.milliseconds.append((middle - started) * 1000)
                governed.milliseconds.append((ended - middle) * 1000)
    return [
        bare.row("two bare commits (baseline)"),
        governed.row(
            "gate + ledger per request, p50", baseline=("two bare commits", bare.quantile(0.5)), goal=Goal(at_most=5.0)
        ),
    ]


def _many_clients(tenant: BenchTenant) -> Row:
    """Audit entries a second from 16 clients. The goal of 3,000 is for entries alone: issue of the full audit log."""
    from django.db import connections

    counts = [0] * CLIENTS
    stop = threading.Event()

    def client(number: int) -> None:
        while not stop.is_set():
            _request(tenant)
            counts[number] += 2
        connections.close_all()

    threads = [threading.Thread(target=client, args=(number,)) for number in range(CLIENTS)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    time.sleep(CLIENT_SECONDS)
    stop.set()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - started
    return Row(
        name=f"entries a second, {CLIENTS} clients, whole requests",
        value=sum(counts) / seconds,
        unit="/s",
        n=sum(counts),
    )


def _pure_rules(tenant: BenchTenant) -> list[Row]:
    from common.vocabulary import Operation
    from governance import gate

    resource = gate.ResourceRef("collection", None, tenant.actor.tenant_id)
    request = gate.AccessRequest(actor=tenant.actor, operation=Operation.SEARCH, resource=resource, threshold=90.0)
    decision = gate.authorise(request)
    return [
        _evaluations(decision.policy, decision.facts).row("rules alone, one decision", goal=Goal(at_most=1.0)),
        _evaluations(decision.policy, decision.facts | _INVESTIGATION).row(
            "rules alone, one decision of an investigation", goal=Goal(at_most=1.0)
        ),
    ]


def _evaluations(policy: Policy, facts: dict[str, object]) -> Samples:
    from governance import policies

    samples = Samples()
    for _ in range(3000):
        started = time.perf_counter()
        policies.demanded(policy, facts)
        policies.evaluate(policy, facts)
        policies.next_boundary(policy, facts)
        samples.milliseconds.append((time.perf_counter() - started) * 1000)
    return samples


if __name__ == "__main__":
    sys.exit(main())
