"""What the edge adds to a request, and what searching for every face of a picture in one statement saves.

    make bench-edge

Throttle, meter and idempotency record are measured as they run in the web process. The search compares one statement
for twenty probes with twenty statements of one, over the same gallery, interleaved.
"""

from __future__ import annotations

import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from tqdm import tqdm

from benchmarks.instance import BenchTenant, bench_instance
from benchmarks.rows import Goal, Row, Samples, write

REPEATS = 400
SEARCHES = 30
WARM_UP = 20
FACES = 10_000
PROBES = 20
DIMENSIONS = 128
# Each a tenth of the 15 ms that gate, audit and HTTP together may add to a search.
MOST_MS = 1.5


def main() -> int:
    """Measure and write the rows."""
    with bench_instance(engine="fake") as tenant:
        rows = [*_edge(tenant), *_every_face(tenant)]
    return write("edge", rows)


def _edge(tenant: BenchTenant) -> list[Row]:
    from traffic import allowances, idempotency, metering

    actor = tenant.actor
    body = b"x" * 2_000

    def name_and_keep() -> None:
        claim = idempotency.claim(uuid.uuid4().hex, actor=actor, fingerprint="0" * 64)
        assert isinstance(claim, idempotency.Claim)
        idempotency.keep(claim, answer=idempotency.Answer(201, {}, body, None))

    def measured(work: Callable[[], None]) -> Samples:
        samples = Samples()
        for number in range(WARM_UP + REPEATS):
            began = time.perf_counter()
            work()
            if number >= WARM_UP:
                samples.milliseconds.append((time.perf_counter() - began) * 1000)
        return samples

    admit = measured(lambda: allowances.admit(actor))
    count = measured(lambda: metering.count(actor, operation="search_faces", status=200, images=1))
    kept = measured(name_and_keep)
    goal = Goal(at_most=MOST_MS)
    return [
        admit.row("throttle and quota of key and tenant", goal=goal),
        count.row("metering", goal=goal),
        kept.row("idempotency key: claim, and keep 2 kB (two commits)"),
    ]


def _every_face(tenant: BenchTenant) -> list[Row]:
    from django.conf import settings

    from common.context import tenant_scope
    from common.permits import Permit
    from common.vocabulary import Operation
    from governance import gate
    from recognition.engines.base import Template
    from recognition.gallery.pgvector import PgvectorGallery
    from recognition.selectors import collections as selectors
    from recognition.services import collections

    settings.CUSTOS_ENGINE = "fake"
    collection = collections.create_collection("bench", actor=tenant.actor)
    resource = gate.ResourceRef("collection", collection.id, tenant.actor.tenant_id)

    def permitted(operation: Operation) -> Permit:
        request = gate.AccessRequest(
            actor=tenant.actor, operation=operation, resource=resource, engine_version=collection.engine_version
        )
        permit = gate.authorise(request).permit
        assert permit is not None
        return permit

    permit = permitted(Operation.SEARCH)
    reference, gallery = selectors.gallery_of(collection), PgvectorGallery()
    rng = np.random.default_rng(7)

    def templates(count: int) -> list[Template]:
        vectors = rng.standard_normal((count, DIMENSIONS)).astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return [Template(vector, collection.engine_version) for vector in vectors]

    with tenant_scope(tenant.actor.tenant_id):
        gallery.add(
            reference, [(uuid.uuid4(), template) for template in templates(FACES)], permit=permitted(Operation.ENROL)
        )
    together, apart = Samples(), Samples()
    for number in tqdm(range(SEARCHES), desc=f"{PROBES} probes of {FACES:,}", leave=False):
        probes = templates(PROBES)
        with tenant_scope(tenant.actor.tenant_id):
            began = time.perf_counter()
            gallery.search(reference, probes, limit=10, min_score=0.4, permit=permit)
            middle = time.perf_counter()
            for probe in probes:
                gallery.search(reference, [probe], limit=10, min_score=0.4, permit=permit)
            ended = time.perf_counter()
        if number >= 3:
            together.milliseconds.append((middle - began) * 1000)
            apart.milliseconds.append((ended - middle) * 1000)
    baseline = ("a statement for each probe", apart.quantile(0.5))
    return [
        together.row(
            f"search for {PROBES} faces in {FACES:,}, one statement",
            baseline=baseline,
            goal=Goal(at_most=1.0, of_ratio=True),
        )
    ]


if __name__ == "__main__":
    raise SystemExit(main())
