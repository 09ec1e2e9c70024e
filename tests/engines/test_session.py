"""A session of ONNX Runtime belongs to whoever runs it, and is handed on afterwards."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from recognition.engines.manifest import YUNET
from recognition.engines.onnx.session import Backend, open_session

TENSOR = np.random.default_rng(3).integers(0, 256, (1, 3, 320, 320)).astype(np.float32)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The sessions that were opened since."""
    import onnxruntime

    made: list[object] = []
    real = onnxruntime.InferenceSession

    def counting(*arguments: object, **named: object) -> object:
        made.append(real(*arguments, **named))
        return made[-1]

    monkeypatch.setattr(onnxruntime, "InferenceSession", counting)
    return made


def test_one_thread_after_the_other_has_the_same_session(models_dir: Path, opened: list[object]) -> None:
    model = open_session(models_dir / YUNET.file_name, backend=Backend("onnxruntime", "f32"), threads=1)

    for _ in range(3):
        with ThreadPoolExecutor(1) as thread:
            thread.submit(model.run, TENSOR).result()

    assert len(opened) == 1


def test_runs_at_the_same_time_have_one_each_and_the_same_results(
    models_dir: Path, opened: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    from onnxruntime.capi.onnxruntime_inference_collection import InferenceSession

    model = open_session(models_dir / YUNET.file_name, backend=Backend("onnxruntime", "f32"), threads=1)
    alone = model.run(TENSOR)
    together, used = threading.Barrier(3), list[int]()
    real = InferenceSession.run

    def run_with_the_others(session: object, *arguments: object) -> object:
        used.append(id(session))
        together.wait(60)  # three are at it now, each in its session
        return real(session, *arguments)

    monkeypatch.setattr(InferenceSession, "run", run_with_the_others)

    with ThreadPoolExecutor(3) as threads:
        found = list(threads.map(lambda _: model.run(TENSOR), range(3)))

    assert all(np.array_equal(*pair) for outputs in found for pair in zip(outputs, alone, strict=True))
    assert len(set(used)) == 3
    assert len(opened) == 3


def test_a_session_is_handed_on_after_an_error(models_dir: Path, opened: list[object]) -> None:
    model = open_session(models_dir / YUNET.file_name, backend=Backend("onnxruntime", "f32"), threads=1)

    with pytest.raises(Exception, match=r"(?i)rank|dimension"):
        model.run(TENSOR[0])

    assert model.run(TENSOR)
    assert len(opened) == 1
