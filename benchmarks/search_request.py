"""One-image search over HTTP, end to end, against its bare parts: inference called bare, and the bare SQL statement.

    make bench-search-request

A gallery of 1,000 faces, one client, a photograph of one person at 640 px. The request and its bare parts are measured
in turn, so that a busy machine slows them alike.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import psycopg
from tqdm import tqdm

from benchmarks.instance import BenchTenant, bench_instance
from benchmarks.rows import Goal, Samples, write
from benchmarks.web import Upload, picture_of_one_person, web_server

GALLERY = 1_000
REQUESTS = 150
WARM_UP = 15
OVERHEAD_MS = 15.0
COLLECTION = "bench"

_SQL = """
    SELECT face_id, template <#> %(probe)s::halfvec AS distance FROM recognition_template
    WHERE partition_no = %(partition)s AND tenant_id = %(tenant)s AND collection_id = %(collection)s
    ORDER BY template <#> %(probe)s::halfvec LIMIT 10
"""


def main() -> int:
    """Measure and write the rows."""
    with bench_instance() as tenant:
        picture = picture_of_one_person()
        statement = _fill(tenant)
        with web_server() as address:
            whole, inference, sql = _measure(tenant, address=address, picture=picture, statement=statement)
    bare = inference.quantile(0.5) + sql.quantile(0.5)
    return write(
        "search_request",
        [
            inference.row("bare inference"),
            sql.row(f"bare SQL, {GALLERY} faces"),
            whole.row(
                "one-image search over HTTP",
                baseline=("bare inference + bare SQL", bare),
                goal=Goal(at_most=bare + OVERHEAD_MS),
            ),
        ],
    )


def _measure(
    tenant: BenchTenant, *, address: str, picture: bytes, statement: Callable[[], None]
) -> tuple[Samples, Samples, Samples]:
    bare = _bare_inference(picture)
    upload = Upload(address, f"/v1/collections/{COLLECTION}/search", picture=picture, token=tenant.token)
    samples = Samples(), Samples(), Samples()

    def request() -> None:
        status, content = upload.send()
        if status != 200:
            raise SystemExit(f"The search answered {status}: {content[:300].decode()}")

    for turn in tqdm(range(WARM_UP + REQUESTS), disable=None, desc="search", unit="request"):
        for sample, call in zip(samples, (request, bare, statement), strict=True):
            started = time.perf_counter()
            call()
            if turn >= WARM_UP:
                sample.milliseconds.append((time.perf_counter() - started) * 1000)
    return samples


def _bare_inference(picture: bytes) -> Callable[[], None]:
    """Decode and both models on the engine's runtimes, without it."""
    import tempfile

    from benchmarks.bare import same_models

    run = same_models()
    file = Path(tempfile.mkdtemp(prefix="custos-bench-")) / "probe.jpg"
    file.write_bytes(picture)

    def call() -> None:
        if run(file) != 1:
            raise SystemExit("The probe must show one face.")

    return call


def _fill(tenant: BenchTenant) -> Callable[[], None]:
    """Enrol made-up templates under a real decision; return the bare search statement on a connection of its own."""
    from common.context import tenant_scope
    from common.vocabulary import Operation
    from governance import gate
    from recognition.engines import registry
    from recognition.engines.base import Box, DetectedFace, Pose, Quality, Template
    from recognition.selectors import collections as selectors
    from recognition.services import collections, references
    from recognition.services.examination import Examined, Picture

    rng = np.random.default_rng(3)
    collection = collections.create_collection(COLLECTION, actor=tenant.actor)
    version = registry.get().version
    face = DetectedFace(Box(0.1, 0.1, 0.2, 0.2), 99.0, (), Pose(0, 0, 0), Quality(50, 50, 50))
    resource = gate.ResourceRef("collection", collection.id, tenant.actor.tenant_id)
    request = gate.AccessRequest(
        actor=tenant.actor, operation=Operation.ENROL, resource=resource, engine_version=version
    )
    with gate.authorised(request) as admission, tenant_scope(tenant.actor.tenant_id):
        locked = selectors.lock_for(tenant.actor.tenant_id, collection_id=collection.id)
        for number in range(GALLERY // 100):
            vectors = rng.normal(size=(100, 128)).astype(np.float32)
            vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
            examined = Examined(
                Picture(f"{number:064x}", 640, 480, "JPEG"),
                tuple((face, Template(vector, version)) for vector in vectors),
                (),
                (None,) * len(vectors),
            )
            new = references.NewReferences(examined=examined, external_id="")
            references.store(new, collection=locked, permit=admission.permit)
        references.count(locked, added=GALLERY)
        admission.complete(n_faces=GALLERY)
    return _bare_statement(tenant, collection=locked)


def _bare_statement(tenant: BenchTenant, *, collection: Any) -> Callable[[], None]:
    from django.conf import settings

    password = Path(settings.CUSTOS_KEYS_DIR, "database", "custos_admin").read_text()
    connection = psycopg.connect(
        os.environ["DATABASE_URL"].replace("://", f"://custos_admin:{password}@"), autocommit=True
    )
    parameters = {
        "probe": str(np.random.default_rng(4).normal(size=128).round(4).tolist()),
        "partition": collection.partition_no,
        "tenant": tenant.actor.tenant_id,
        "collection": collection.id,
    }
    return lambda: None if connection.execute(_SQL, parameters).fetchall() else sys.exit("no faces")


if __name__ == "__main__":
    sys.exit(main())
