"""Detection over HTTP by 16 clients at once, against decoding and the bare detector in a process for each core.

    make bench-detect-parallel

The photograph is a group as a camera gives it. Bare and platform take turns, several rounds of each, so that a busy
machine slows them alike; what the platform does besides (HTTP, gate, audit) runs on the same cores. A third takes its
turn: a web application that does nothing but find the faces, to tell what HTTP costs from what Custos does.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from tqdm import tqdm

from benchmarks.bare import detections_in, detector_session
from benchmarks.instance import bench_instance
from benchmarks.rows import REPOSITORY, Goal, Row, Samples, write
from benchmarks.web import Upload, group, web_server

CLIENTS = 16
ROUNDS = 5
REQUESTS_EACH = 10
LEAST_SHARE = 0.8
# With all clients waiting for their turn, the last of them has waited for all others: p99 within three such rounds.
MOST_ROUNDS_WAITED = 3.0
DELIBERATE = (429, 503)


def main() -> int:
    """Measure and write the rows."""
    with bench_instance() as tenant:
        picture = group()
        with (
            _bare_pool(picture) as pool,
            web_server(CUSTOS_KEY_REQUESTS_PER_MINUTE="0") as address,
            web_server(application="benchmarks.empty_web:application") as empty_address,
        ):
            clients, of_empty = (
                [Upload(each, "/v1/detect", picture=picture, token=tenant.token) for _ in range(CLIENTS)]
                for each in (address, empty_address)
            )
            rows = _rows(pool, clients, of_empty)
    return write("detect_parallel", rows)


def _rows(pool: multiprocessing.pool.Pool, clients: list[Upload], of_empty: list[Upload]) -> list[Row]:
    count = CLIENTS * REQUESTS_EACH
    bare, empty, platform, waits, statuses = [], [], [], Samples(), []

    def client_runs(client: Upload) -> list[tuple[float, int]]:
        answers = []
        for _ in range(REQUESTS_EACH):
            began = time.perf_counter()
            status, _content = client.send()
            answers.append(((time.perf_counter() - began) * 1000, status))
        return answers

    with ThreadPoolExecutor(CLIENTS) as threads:
        list(threads.map(lambda client: client.send(), [*clients, *of_empty]))  # warm
        for _ in tqdm(range(ROUNDS), desc="rounds", disable=None):
            began = time.perf_counter()
            pool.map(_detect, range(count), chunksize=2)
            bare.append(count / (time.perf_counter() - began))
            began = time.perf_counter()
            list(threads.map(client_runs, of_empty))
            empty.append(count / (time.perf_counter() - began))
            began = time.perf_counter()
            answers = [answer for each in threads.map(client_runs, clients) for answer in each]
            platform.append(sum(status == 200 for _, status in answers) / (time.perf_counter() - began))
            waits.milliseconds += [milliseconds for milliseconds, _ in answers]
            statuses += [status for _, status in answers]
    base = float(np.median(bare))
    rate = float(np.median(platform))
    round_ms = 1000 * CLIENTS / rate
    return [
        Row(name="bare decoding and detection", value=base, unit="images/s", n=count * ROUNDS),
        Row(
            name="an empty web application with the same detection",
            value=float(np.median(empty)),
            unit="images/s",
            n=count * ROUNDS,
            baseline="bare decoding and detection",
            ratio=float(np.median(empty)) / base,
        ),
        Row(
            name=f"detection over HTTP, {CLIENTS} clients",
            value=rate,
            unit="images/s",
            n=len(statuses),
            baseline="bare decoding and detection",
            ratio=rate / base,
            goal=Goal(at_least=LEAST_SHARE, of_ratio=True),
        ),
        Row(
            name="its 99th percentile, in rounds of all clients",
            value=waits.quantile(0.99) / round_ms,
            unit="rounds",
            n=len(statuses),
            p50=waits.quantile(0.5) / round_ms,
            p95=waits.quantile(0.95) / round_ms,
            goal=Goal(at_most=MOST_ROUNDS_WAITED),
        ),
        Row(
            name="answers that are errors, other than 429 and 503",
            value=float(sum(status != 200 and status not in DELIBERATE for status in statuses)),
            unit="answers",
            n=len(statuses),
            goal=Goal(at_most=0),
        ),
    ]


def _bare_pool(picture: bytes) -> multiprocessing.pool.Pool:
    context = multiprocessing.get_context("spawn")
    pool = context.Pool(len(os.sched_getaffinity(0)), initializer=_load, initargs=(picture,))
    pool.map(_detect, range(16), chunksize=1)
    return pool


_loaded: dict[str, object] = {}


def _load(picture: bytes) -> None:
    sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "platform")]
    import cv2

    session = detector_session()
    content = np.frombuffer(picture, np.uint8)
    _loaded["run"] = lambda: len(detections_in(cv2.imdecode(content, cv2.IMREAD_COLOR), detector=session))


def _detect(_: int) -> int:
    run = _loaded["run"]
    assert callable(run)
    return int(run())


if __name__ == "__main__":
    raise SystemExit(main())
