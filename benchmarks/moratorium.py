"""How long it takes to impose a moratorium while twelve writers write: the wait for the fence, and the commit.

    make bench-moratorium

Each writer asks the gate, and crosses the fence in its own transaction with the outcome entry, as every operation does;
no picture is looked at, so that the fence is crossed as often as the machine can. Each moratorium is lifted again by
two. The baseline is the same act in the same run, with nobody writing.
"""

from __future__ import annotations

import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tqdm import tqdm

from benchmarks.instance import BenchTenant, bench_instance
from benchmarks.rows import Goal, Row, Samples, write

if TYPE_CHECKING:
    from tenants.models import User

WRITERS = 12
ROUNDS = 60
MEDIAN_MS = 50.0
MOST_MS = 200.0


def main() -> int:
    """Measure and write the rows."""
    with bench_instance(engine="fake") as tenant:
        oversight = _oversight()
        alone = _activations(oversight, what="nobody writes")
        stop, crossings, refusals = threading.Event(), [0] * WRITERS, [0] * WRITERS
        threads = [
            threading.Thread(target=_write, args=(tenant, stop, crossings, refusals, number))
            for number in range(WRITERS)
        ]
        for thread in threads:
            thread.start()
        busy = _activations(oversight, what=f"{WRITERS} writers")
        stop.set()
        for thread in threads:
            thread.join()
    median = busy.row(
        f"moratorium imposed under {WRITERS} writers (median)",
        baseline=("the same, nobody writing", alone.quantile(0.5)),
        goal=Goal(at_most=MEDIAN_MS),
    )
    slowest = replace(
        median, name=f"moratorium imposed under {WRITERS} writers (slowest)", value=max(busy.milliseconds),
        ratio=None, baseline=None, goal=Goal(at_most=MOST_MS),
    )  # fmt: skip
    crossed = Row(
        name="fence crossed by the writers meanwhile",
        value=sum(crossings),
        unit="times",
        n=ROUNDS,
        goal=Goal(at_least=1),
    )
    refused = Row(
        name="writers refused meanwhile", value=sum(refusals), unit="times", n=ROUNDS, goal=Goal(at_least=ROUNDS)
    )
    return write("moratorium", [alone.row("moratorium imposed, nobody writing"), median, slowest, crossed, refused])


def _oversight() -> tuple[User, User]:
    from common.vocabulary import StaffRole
    from governance.audit import ledger
    from tenants import services as tenants

    first, second = (
        tenants.create_staff(username=name, password=name * 2, role=StaffRole.OVERSIGHT, actor=ledger.SYSTEM)
        for name in ("bench-oversight-1", "bench-oversight-2")
    )
    return first, second


def _activations(oversight: tuple[User, User], *, what: str) -> Samples:
    from common.vocabulary import CustomerCategory, Operation
    from governance import services

    selector = services.Selector(categories=[CustomerCategory.CONSUMER_SOFTWARE], operations=[Operation.ADMINISTER])
    samples = Samples()
    for _ in tqdm(range(ROUNDS), desc=what, disable=None):
        begun = time.perf_counter()
        moratorium = services.impose_moratorium(selector=selector, reason="benchmark", imposed_by=oversight[0])
        samples.milliseconds.append((time.perf_counter() - begun) * 1000)
        time.sleep(0.05)
        services.lift_moratorium(moratorium, lifters=oversight)
        time.sleep(0.1)
    return samples


def _write(tenant: BenchTenant, stop: threading.Event, crossings: list[int], refusals: list[int], number: int) -> None:
    from django.db import connections

    from common.context import tenant_scope
    from common.vocabulary import Operation
    from governance import gate
    from governance.errors import PolicyRefused

    resource = gate.ResourceRef("benchmark", None, tenant.actor.tenant_id)
    request = gate.AccessRequest(actor=tenant.actor, operation=Operation.ADMINISTER, resource=resource)
    try:
        while not stop.is_set():
            try:
                with gate.authorised(request) as admission, tenant_scope(tenant.actor.tenant_id):
                    admission.complete()
                crossings[number] += 1
            except PolicyRefused:
                refusals[number] += 1
    finally:
        connections.close_all()


if __name__ == "__main__":
    raise SystemExit(main())
