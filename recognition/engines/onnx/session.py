"""One model on one inference runtime: a float32 tensor in, float32 tensors out. Safe to share between threads.

OpenVINO and ONNX Runtime are behind the same small Protocol; which model runs on which is decided by what was measured
(docs/decisions/0003) and proven at every load by golden vectors (`golden`).
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, Protocol

import numpy as np

from recognition.engines.base import FloatArray

RuntimeName = Literal["openvino", "onnxruntime"]
Precision = Literal["f32", "bf16", "f16"]
Device = Literal["cpu", "gpu", "cuda"]


# What OpenVINO calls the arithmetic that a precision needs.
_CAPABILITIES: Final[dict[Precision, str]] = {"f32": "FP32", "bf16": "BF16", "f16": "FP16"}
_PROVIDERS: Final[dict[Device, str]] = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}


class Session(Protocol):
    """A loaded model."""

    def run(self, tensor: FloatArray) -> tuple[FloatArray, ...]:
        """Return the model's outputs, in its order, for its one float32 input."""


@dataclass(frozen=True, slots=True)
class Backend:
    """What a model runs on: provenance of a template, not part of the engine's version."""

    runtime: RuntimeName
    precision: Precision
    device: Device = "cpu"

    def __str__(self) -> str:
        where = "" if self.device == "cpu" else f" on {self.device}"
        return f"{self.runtime} {self.precision}{where}"


class RuntimeMissing(Exception):
    """The runtime is not installed or cannot do what was asked for on this machine."""


def open_session(path: Path, *, backend: Backend, threads: int, input_shape: tuple[int, ...] | None = None) -> Session:
    """Load a model.

    Args:
        path: an ONNX or .tflite file, verified by the caller.
        backend: runtime and precision.
        threads: CPU threads of one inference.
        input_shape: what the input will always be, where the model leaves it open; OpenVINO is faster for knowing it.

    Raises:
        RuntimeMissing: the runtime or the device is not there, or it lacks the precision.
    """
    if backend.runtime == "openvino":
        return _OpenVino(path, backend, threads, input_shape)
    return _OnnxRuntime(path, backend, threads)


class _OpenVino:
    """OpenVINO on CPU or GPU. A shared infer request answers "Infer Request is busy", so each thread has its own."""

    def __init__(self, path: Path, backend: Backend, threads: int, input_shape: tuple[int, ...] | None = None) -> None:
        try:
            import openvino
        except ImportError as error:
            raise RuntimeMissing("OpenVINO is not installed.") from error
        core = openvino.Core()
        device = backend.device.upper()
        # A machine with two has GPU.0 and GPU.1; the plain name stands for the first.
        if not any(name.partition(".")[0] == device for name in core.available_devices):
            raise RuntimeMissing(f"OpenVINO finds no {device} here, but {', '.join(core.available_devices)}.")
        needed = _CAPABILITIES[backend.precision]
        if needed not in core.get_property(device, "OPTIMIZATION_CAPABILITIES"):
            raise RuntimeMissing(f"This {device} does not compute in {backend.precision}.")
        model = core.read_model(path)
        if input_shape is not None and model.is_dynamic():
            model.reshape(list(input_shape))
        # As many requests at once as there are cores for; the precision is said always, since on some CPUs the
        # default is bf16.
        options: dict[str, Any] = {"INFERENCE_PRECISION_HINT": backend.precision}
        if device == "CPU":
            cores = available_cores()
            options |= {
                "NUM_STREAMS": max(1, cores // threads),
                "INFERENCE_NUM_THREADS": cores,
                # Every process would bind its first stream to the same core.
                "ENABLE_CPU_PINNING": False,
            }
        self._model: Any = core.compile_model(model, device, options)
        self._local = threading.local()

    def run(self, tensor: FloatArray) -> tuple[FloatArray, ...]:
        request = getattr(self._local, "request", None)
        if request is None:
            request = self._local.request = self._model.create_infer_request()
        request.infer({0: tensor}, share_inputs=True)
        return tuple(np.array(request.get_output_tensor(index).data) for index in range(len(self._model.outputs)))


class _OnnxRuntime:
    """ONNX Runtime on CPU or CUDA; `run` may be called by many threads at once.

    On a CPU each run has a session to itself: two that share one hand each other the memory of its arena, warm in the
    other's cache, and both take longer. Further ones are opened when they are first needed and kept: as many as there
    are turns (`recognition.services.turns`). On CUDA they share one, as its memory is the device's.
    """

    def __init__(self, path: Path, backend: Backend, threads: int) -> None:
        if backend.precision != "f32":
            raise RuntimeMissing("ONNX Runtime computes in float32 here.")
        try:
            import onnxruntime
        except ImportError as error:
            raise RuntimeMissing("ONNX Runtime is not installed.") from error
        provider = _PROVIDERS[backend.device]
        if provider not in onnxruntime.get_available_providers():
            there = ", ".join(onnxruntime.get_available_providers())
            raise RuntimeMissing(f"This ONNX Runtime has no {provider}, but {there}: install its build for CUDA.")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # Pictures come in every size: plans made for each would only pile up. The arena stays: asking the system for
        # every tensor anew costs a large picture thousands of page faults.
        options.enable_mem_pattern = False
        # Kept, so that a session that is opened later has the weights of the first, whatever happened to the file.
        model = path.read_bytes()
        self._open: Callable[[], Any] = lambda: onnxruntime.InferenceSession(model, options, providers=[provider])
        first = self._open()
        self._idle: deque[Any] = deque([first])
        self._is_shared = backend.device != "cpu"
        self._input = first.get_inputs()[0].name

    def run(self, tensor: FloatArray) -> tuple[FloatArray, ...]:
        if self._is_shared:
            return tuple(self._idle[0].run(None, {self._input: tensor}))
        try:
            session = self._idle.pop()
        except IndexError:
            session = self._open()
        try:
            return tuple(session.run(None, {self._input: tensor}))
        finally:
            self._idle.append(session)


def available_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
