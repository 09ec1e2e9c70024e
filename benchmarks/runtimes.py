"""Which runtime each model is faster on, and that it computes the same: what decision 0003 rests on.

    make bench-runtimes

One thread each, the runtimes in turn. The detector is also given twenty picture sizes that it has not seen.
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

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from benchmarks.bare import MODELS, REPOSITORY, published_sface
from benchmarks.rows import Row, Samples, write

REPEATS = 40
SIZES = ((256, 256), (640, 640), (960, 1280))


def main() -> int:
    """Measure and write the rows."""
    with tempfile.TemporaryDirectory() as folder:
        published = published_sface(Path(folder))
        rows = [*_sface(published), *_yunet(), *_memory()]
    return write("runtimes", rows)


def _sessions(path: Path) -> dict[str, Callable[[np.ndarray], object]]:
    from recognition.engines.onnx.session import Backend, RuntimeMissing, open_session

    opened: dict[str, Callable[[np.ndarray], object]] = {}
    for backend in (Backend("onnxruntime", "f32"), Backend("openvino", "f32"), Backend("openvino", "bf16")):
        try:
            opened[str(backend)] = open_session(path, backend=backend, threads=1).run
        except RuntimeMissing as reason:
            print(f"{backend}: left out ({reason})", file=sys.stderr)
    return opened


def _in_turn(sessions: dict[str, Callable[[np.ndarray], object]], tensor: np.ndarray) -> dict[str, Samples]:
    samples = {name: Samples() for name in sessions}
    for turn in range(REPEATS + 3):
        for name, run in sessions.items():
            started = time.perf_counter()
            run(tensor)
            if turn >= 3:
                samples[name].milliseconds.append((time.perf_counter() - started) * 1000)
    return samples


def _against_first(label: str, samples: dict[str, Samples]) -> list[Row]:
    first, *others = samples
    median = statistics.median(samples[first].milliseconds)
    return [
        samples[first].row(f"{label}, {first}"),
        *(samples[name].row(f"{label}, {name}", baseline=(first, median)) for name in others),
    ]


def _sface(published: Path) -> list[Row]:
    tensor = np.random.default_rng(1).uniform(0, 255, (1, 3, 112, 112)).astype(np.float32)
    fixed = _sessions(MODELS / "sface-2021dec.onnx")
    as_published = {f"{name}, PRelu": run for name, run in _sessions(published).items() if "onnxruntime" in name}
    return _against_first("SFace", _in_turn({**as_published, **fixed}, tensor))


def _memory() -> list[Row]:
    """Resident memory of a process with the whole engine loaded, on both runtimes and on one alone."""
    program = (
        "import sys, psutil; from pathlib import Path; from recognition.engines.onnx.engine import OnnxEngine;"
        "OnnxEngine(Path(sys.argv[1]), runtime=sys.argv[2]); print(psutil.Process().memory_info().rss / 2**20)"
    )
    rows = []
    for runtime in ("auto", "openvino", "onnxruntime"):
        command = [sys.executable, "-c", program, str(MODELS), runtime]
        environment = {**os.environ, "PYTHONPATH": f"{REPOSITORY}:{REPOSITORY / 'platform'}"}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        rows.append(Row(name=f"resident memory, runtime {runtime}", value=float(done.stdout), unit="MiB", n=1))
    return rows


def _yunet() -> list[Row]:
    rng = np.random.default_rng(2)
    sessions = {name: run for name, run in _sessions(MODELS / "yunet-2023mar.onnx").items() if "bf16" not in name}
    rows = []
    for height, width in SIZES:
        tensor = rng.uniform(0, 255, (1, 3, height, width)).astype(np.float32)
        rows += _against_first(f"YuNet {height}x{width}", _in_turn(sessions, tensor))
    new: dict[str, Samples] = {name: Samples() for name in sessions}
    for number in range(20):
        tensor = rng.uniform(0, 255, (1, 3, 288 + 32 * number, 352 + 32 * (number % 7))).astype(np.float32)
        for name, run in sessions.items():
            started = time.perf_counter()
            run(tensor)
            new[name].milliseconds.append((time.perf_counter() - started) * 1000)
    return [*rows, *_against_first("YuNet, a new size each time", new)]


if __name__ == "__main__":
    sys.exit(main())
