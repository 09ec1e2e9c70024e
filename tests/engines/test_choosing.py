"""Which backend a model runs on: chosen by agreement first, speed second, and never in silence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from recognition.engines.errors import RuntimeUnusable
from recognition.engines.manifest import EMOTION, LANDMARKS, SFACE, YUNET
from recognition.engines.onnx import choosing, golden
from recognition.engines.onnx.choosing import Measured
from recognition.engines.onnx.loading import Loader
from recognition.engines.onnx.pair_check import best_accuracy
from recognition.engines.onnx.session import Backend, RuntimeMissing, open_session

F32, BF16 = Backend("openvino", "f32"), Backend("openvino", "bf16")


@pytest.mark.parametrize(
    ("measured", "expected"),
    [
        ([Measured(F32, 1.0, 9.0), Measured(BF16, 0.9995, 3.0)], BF16),
        ([Measured(F32, 1.0, 9.0), Measured(BF16, 0.9900, 3.0)], F32),
        ([Measured(F32, 1.0, 9.0), Measured(BF16, 0.9995, 8.8)], F32),
        ([Measured(BF16, 0.5, 1.0)], None),
    ],
    ids=["faster and right", "faster and wrong", "hardly faster", "nothing is right"],
)
def test_the_fastest_that_agrees_is_chosen(measured: list[Measured], expected: Backend | None) -> None:
    chosen = choosing.choose(measured, least_cosine=0.999)

    assert (chosen and chosen.backend) == expected


def test_what_was_chosen_here_comes_first_and_only_for_these_weights(tmp_path: Path) -> None:
    usual = choosing.order(EMOTION, runtime="auto", models_dir=tmp_path)
    other = Backend("onnxruntime", "f32")
    assert usual[0] != other

    path = choosing.write({EMOTION: Measured(other, 1.0, 0.2)}, models_dir=tmp_path)

    assert choosing.order(EMOTION, runtime="auto", models_dir=tmp_path) == (other, usual[0])
    assert choosing.order(EMOTION, runtime="openvino", models_dir=tmp_path) == (usual[0],), "the operator's word"
    path.write_text(path.read_text().replace(EMOTION.sha256, "0" * 64))
    assert choosing.order(EMOTION, runtime="auto", models_dir=tmp_path) == usual


def test_a_choice_that_is_wrong_on_this_machine_is_not_used(models_dir: Path, tmp_path: Path) -> None:
    (tmp_path / YUNET.file_name).symlink_to((models_dir / YUNET.file_name).resolve())
    choosing.write({YUNET: Measured(BF16, 1.0, 0.1)}, models_dir=tmp_path)

    _, backend = Loader(models_dir=tmp_path).load(YUNET)

    assert backend.precision == "f32", "the detector does not survive bfloat16"


@pytest.mark.parametrize(
    ("runtime", "said"), [("onnxruntime-cuda", "CUDAExecutionProvider"), ("openvino-gpu", "finds no GPU here")]
)
def test_a_device_that_is_not_there_is_said_and_nothing_else_taken(models_dir: Path, runtime: str, said: str) -> None:
    try:
        open_session(
            models_dir / SFACE.file_name,
            backend=choosing.order(SFACE, runtime=runtime, models_dir=models_dir)[0],
            threads=1,
        )
    except RuntimeMissing as error:
        assert said in str(error)
    else:
        pytest.skip("this machine has the device")

    with pytest.raises(RuntimeUnusable, match=said):
        Loader(models_dir=models_dir, runtime=runtime).load(SFACE)


def test_what_a_runtime_cannot_read_is_not_tried_on_it(models_dir: Path) -> None:
    assert {backend.runtime for backend in choosing.candidates(LANDMARKS)} == {"openvino"}
    assert choosing.order(LANDMARKS, runtime="onnxruntime-cuda", models_dir=models_dir) == (F32,)


def test_measuring_finds_full_precision_right(models_dir: Path) -> None:
    measured = choosing.measure(EMOTION, models_dir=models_dir)

    full = [each for each in measured if each.backend.precision == "f32"]
    assert len(full) >= 2
    assert all(each.cosine >= golden.load(EMOTION.name).least_cosine and each.milliseconds > 0 for each in full)


def test_pairs_are_decided_at_the_best_threshold() -> None:
    scores, truth = np.array([0.1, 0.4, 0.3, 0.9]), np.array([False, False, True, True])

    assert best_accuracy(scores, truth) == 0.75
