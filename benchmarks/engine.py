"""One face through the whole engine, against the bare models on the same runtimes in the same run.

    make bench-engine

One thread, in milliseconds of CPU time over all threads of the process, so that a busy machine says the same. The
picture is a photograph of the demonstration, 640 px wide. The bare models get tensors that were made before: the
difference is what the engine adds (crops, colours, geometry, calibration).

Then JPEG files to templates, on one core: the engine against decoding and the same models called bare, against ONNX
Runtime alone and against DeepFace.represent on the same weights, in turn.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import cv2
import numpy as np

from benchmarks.bare import MODELS, NAMES, WAYS, BarePool, Measured
from benchmarks.enrolment import write_photographs
from benchmarks.instance import bench_instance, benchmark_permit
from benchmarks.rows import REPOSITORY, Goal, Row, Samples, write

if TYPE_CHECKING:
    from common.permits import Permit
    from recognition.images import UprightImage

REPEATS = 60
WARM_UP = 5
WIDTH_PX = 640
FILES = 32
ROUNDS = 5
# How often each model of attributes runs for one face: ages and gender see a mirror image too.
RUNS = {"dlib-age-v1": 2, "dlib-gender-v1": 2}


def main() -> int:
    """Measure and write the rows."""
    cv2.setNumThreads(1)
    with bench_instance() as tenant:
        permits = benchmark_permit(tenant.actor), benchmark_permit(tenant.actor, for_attributes=True)
        rows = _speed(_picture(), permits=permits) + _templates(permits[0])
    return write("engine", [*rows, _memory()])


def _picture() -> UprightImage:
    from dataclasses import replace

    from common.downloads import default_cache_dir
    from demo.photographs import fetch_photographs
    from recognition import images

    image = images.decode(fetch_photographs(default_cache_dir()).read("person_b_1"))
    scale = WIDTH_PX / image.width
    pixels = cv2.resize(np.array(image.pixels), None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return replace(image, pixels=pixels.astype(np.uint8), width=pixels.shape[1], height=pixels.shape[0])


def _speed(image: UprightImage, *, permits: tuple[Permit, Permit]) -> list[Row]:
    from recognition.engines.attributes import ONLY_WHEN_NAMED
    from recognition.engines.onnx.engine import OnnxEngine

    engine = OnnxEngine(MODELS)
    permit, for_attributes = permits
    wanted = engine.attributes - ONLY_WHEN_NAMED
    (face,) = engine.detect(image, permit=permit)

    def attributes() -> None:
        engine.analyse(image, [face], wanted=wanted, permit=for_attributes)

    def whole() -> None:
        faces = engine.detect(image, permit=permit)
        engine.extract(image, faces, permit=permit)
        engine.analyse(image, faces, wanted=wanted, permit=for_attributes)

    attributes()
    samples = _in_turn({"bare": _bare(image), "whole": whole, "attributes": attributes})
    bare = samples["bare"].quantile(0.5)
    return [
        samples["bare"].row("all models of one face, bare"),
        samples["whole"].row(
            "detection, template and all attributes",
            baseline=("bare models", bare),
            goal=Goal(at_most=1.15, of_ratio=True),
        ),
        samples["attributes"].row("all attributes of one face, detection excluded", goal=Goal(at_most=10.0)),
    ]


def _templates(permit: Permit) -> list[Row]:
    """JPEG to templates by every way, each in a process of its own, in CPU time for each template."""
    one_core = {min(os.sched_getaffinity(0))}
    os.sched_setaffinity(0, one_core)  # inherited: no library may take two
    with tempfile.TemporaryDirectory(prefix="custos-bench-files-") as folder:
        files = write_photographs(Path(folder), count=FILES)
        pools = {"engine": BarePool("engine", processes=1, warm_up=files[0], permit=permit)}
        pools |= {way: BarePool(way, processes=1, warm_up=files[0]) for way in WAYS}
        measured: dict[str, list[Measured]] = {way: [] for way in pools}
        for _ in range(ROUNDS):
            for way, pool in pools.items():
                measured[way].append(pool.measure(files))
        for pool in pools.values():
            pool.close()
    rates = {way: statistics.median(m.templates / m.cpu_seconds for m in each) for way, each in measured.items()}
    goals = {"same": 0.9, "onnxruntime": 1.5, "deepface": 15.0}
    return [
        *(Row(name=f"JPEG to templates, {NAMES[way]}", value=rates[way], unit="faces/s", n=ROUNDS) for way in WAYS),
        *(
            Row(
                name=f"JPEG to templates by the engine, against {NAMES[way]}",
                value=rates["engine"],
                unit="faces/s",
                n=ROUNDS,
                baseline=NAMES[way],
                ratio=rates["engine"] / rates[way],
                goal=Goal(at_least=least, of_ratio=True),
            )
            for way, least in goals.items()
        ),
    ]


def _bare(image: UprightImage) -> Callable[[], None]:
    from recognition.engines.manifest import ATTRIBUTE_MODELS, SFACE, YUNET
    from recognition.engines.onnx import golden, yunet
    from recognition.engines.onnx.loading import Loader

    loader = Loader(models_dir=MODELS)
    work = [(loader.load(YUNET)[0], yunet.as_tensor(image.pixels)[0])]
    for card in (SFACE, *ATTRIBUTE_MODELS):
        session, tensor = loader.load(card)[0], golden.drawn_input(golden.load(card.name).input_shape)
        work += [(session, tensor)] * RUNS.get(card.name, 1)

    def run() -> None:
        for session, tensor in work:
            session.run(tensor)

    return run


def _in_turn(ways: dict[str, Callable[[], None]]) -> dict[str, Samples]:
    samples = {name: Samples() for name in ways}
    for turn in range(REPEATS + WARM_UP):
        for name, run in ways.items():
            started = time.process_time()
            run()
            if turn >= WARM_UP:
                samples[name].milliseconds.append((time.process_time() - started) * 1000)
    return samples


def _memory() -> Row:
    """Resident memory of a worker's process after every default model was loaded and run."""
    program = (
        "import os, django, numpy as np, psutil; django.setup(); import recognition.tasks;"
        "from pathlib import Path; from recognition.engines.manifest import MODELS;"
        "from recognition.engines.onnx import golden; from recognition.engines.onnx.loading import Loader;"
        f"loader = Loader(models_dir=Path({str(MODELS)!r})); kept = [(loader.load(c)[0], c) for c in MODELS];"
        "[s.run(golden.drawn_input(golden.load(c.name).input_shape)) for s, c in kept];"
        "kept[0][0].run(np.zeros((1, 3, 1280, 1280), np.float32));"
        "print(psutil.Process().memory_info().rss / 2**20)"
    )
    environment = {
        **os.environ,
        "PYTHONPATH": f"{REPOSITORY}:{REPOSITORY / 'platform'}",
        "CUSTOS_ENV": "test",
        "DJANGO_SETTINGS_MODULE": "config.settings.test",
    }
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    value = float(done.stdout.strip().splitlines()[-1])
    return Row(name="resident memory with all default models", value=value, unit="MiB", n=1, goal=Goal(at_most=700))


if __name__ == "__main__":
    sys.exit(main())
