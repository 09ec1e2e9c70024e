"""Bulk enrolment, JPEG files to committed and audited templates, against the same models called bare.

    make bench-enrolment

Jobs of the real service, submitted one after the other as a client with many photographs does, on a real worker with
two processes; the baselines run in two processes as well, in turn with it, on the same files as often: photographs of
the demonstration, 640 px, each re-encoded so that no two files are equal.
"""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import psutil
from tqdm import tqdm

from benchmarks.bare import NAMES, REPOSITORY, WAYS, BarePool, Measured
from benchmarks.instance import BenchTenant, bench_instance
from benchmarks.rows import Goal, Row, write

FILES = 128
JOBS = 4
DEEPFACE_FILES = 32
ROUNDS = 5
PROCESSES = 2
LONGER_SIDE_PX = 640
DEADLINE_SECONDS = 300.0
COLLECTION = "bench"


def main() -> int:
    """Measure and write the rows."""
    with tempfile.TemporaryDirectory(prefix="custos-bench-files-") as folder, bench_instance() as tenant:
        files = write_photographs(Path(folder), count=FILES)
        with _worker() as worker:
            rows = _measure(tenant, files=files, worker=worker)
    return write("enrolment", rows)


def _measure(tenant: BenchTenant, *, files: Sequence[Path], worker: psutil.Process) -> list[Row]:
    from recognition.services import collections

    collections.create_collection(COLLECTION, actor=tenant.actor)
    _enrol(tenant, files=files[:16], jobs=2)
    pools = {way: BarePool(way, processes=PROCESSES, warm_up=files[0]) for way in WAYS}
    enrolled: list[Measured] = []
    bare: dict[str, list[Measured]] = {way: [] for way in pools}
    for _ in tqdm(range(ROUNDS), disable=None, desc="enrolment", unit="round"):
        for way in ("same", "onnxruntime"):
            bare[way].append(pools[way].measure([*files] * JOBS))
        enrolled.append(_enrol(tenant, files=files, jobs=JOBS))
        bare["deepface"].append(pools["deepface"].measure(files[:DEEPFACE_FILES]))
    for pool in pools.values():
        pool.close()
    memory = max(process.memory_info().rss for process in worker.children(recursive=True)) / 2**20
    ours = _rate(enrolled)
    rates = {way: _rate(measured) for way, measured in bare.items()}
    goals = {"same": 0.85, "onnxruntime": 1.5, "deepface": 15.0}
    return [
        *(Row(name=NAMES[way], value=rate, unit="faces/s", n=ROUNDS) for way, rate in rates.items()),
        *(
            Row(
                name=f"enrolment by a job, against {NAMES[way]}",
                value=ours,
                unit="faces/s",
                n=ROUNDS,
                baseline=NAMES[way],
                ratio=ours / rates[way],
                goal=Goal(at_least=goals[way], of_ratio=True),
            )
            for way in bare
        ),
        Row(name="resident memory of a worker process", value=memory, unit="MiB", n=1, goal=Goal(at_most=700)),
    ]


def _rate(measured: Sequence[Measured]) -> float:
    """Templates a second: DeepFace's detector passes over every other of these faces, so files would not compare."""
    return statistics.median(each.templates / each.seconds for each in measured)


def _enrol(tenant: BenchTenant, *, files: Sequence[Path], jobs: int) -> Measured:
    """Submit jobs with the same files and wait for the end of all."""
    from recognition.services import collections, enrolment

    before = collections.get_collection(COLLECTION, actor=tenant.actor).face_count
    images = [enrolment.Submission(path.read_bytes()) for path in files]
    started = time.perf_counter()
    ids = [enrolment.submit_job(images, collection_name=COLLECTION, actor=tenant.actor).id for _ in range(jobs)]
    while not all(_is_done(tenant, job_id=job_id) for job_id in ids):
        if time.perf_counter() - started > DEADLINE_SECONDS:
            raise SystemExit(f"The jobs were not done in {DEADLINE_SECONDS:.0f} s.")
        time.sleep(0.2)
    seconds = time.perf_counter() - started
    return Measured(seconds, collections.get_collection(COLLECTION, actor=tenant.actor).face_count - before)


def _is_done(tenant: BenchTenant, *, job_id: UUID) -> bool:
    from common.context import tenant_scope
    from common.vocabulary import JobStatus
    from recognition.selectors import jobs

    # By the selector: audited reads, many a second, would be a load of their own, which no client makes.
    with tenant_scope(tenant.actor.tenant_id):
        job = jobs.get_for(tenant.actor.tenant_id, job_id=job_id)
    if job.status not in (JobStatus.QUEUED, JobStatus.RUNNING, JobStatus.SUCCEEDED):
        raise SystemExit(f"The job is {job.status}: {job.problem}")
    return bool(job.status == JobStatus.SUCCEEDED)


@contextmanager
def _worker() -> Iterator[psutil.Process]:
    """Run a Celery worker as `make run` does."""
    command = ["celery", "-A", "config.celery", "worker", "-Q", "interactive,bulk,maintenance", "-l", "ERROR"]
    options = ["--without-gossip", "--without-mingle", "--concurrency", str(PROCESSES)]
    process = subprocess.Popen(
        [sys.executable, "-m", *command, *options],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": f"{REPOSITORY}:{REPOSITORY / 'platform'}"},
        stdout=subprocess.DEVNULL,
    )
    try:
        yield psutil.Process(process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def write_photographs(folder: Path, *, count: int) -> list[Path]:
    """Write so many of the demonstration's photographs, smaller and each a little different."""
    import cv2
    import numpy as np

    from common.downloads import default_cache_dir
    from demo.photographs import fetch_photographs

    photographs = fetch_photographs(default_cache_dir())
    pictures = []
    for name in photographs.paths:
        pixels = cv2.imdecode(np.frombuffer(photographs.read(name), np.uint8), cv2.IMREAD_COLOR)
        scale = LONGER_SIDE_PX / max(pixels.shape[:2])
        pictures.append(cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))
    paths = []
    for number in range(count):
        quality = 80 + number // len(pictures) % 20
        content = cv2.imencode(".jpg", pictures[number % len(pictures)], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        paths.append(folder / f"{number:04}.jpg")
        paths[-1].write_bytes(content.tobytes())
    return paths


if __name__ == "__main__":
    sys.exit(main())
