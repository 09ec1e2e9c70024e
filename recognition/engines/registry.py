"""Engines by name: made on first use, once in each process, by one thread while the others wait.

Adding an engine is one folder and one line in `_FACTORIES`. A name may carry a choice after a colon, which the engine
reads: `deepface:yunet+SFace`. Importing this module opens nothing.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from recognition.engines.base import FaceEngine
from recognition.engines.errors import EngineUnknown

DEFAULT_MODELS_DIR = Path("var/models")


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSettings:
    """What an engine is made with.

    Attributes:
        models_dir: where `manage.py fetch_models` put the weights.
        runtime: `auto` (OpenVINO, else ONNX Runtime), `openvino` or `onnxruntime`.
        threads: CPU threads of one inference. One is best under load; two halve the latency of an idle machine.
    """

    models_dir: Path = DEFAULT_MODELS_DIR
    runtime: str = "auto"
    threads: int = 1


@dataclass(slots=True)
class _Shelf:
    settings: EngineSettings = field(default_factory=EngineSettings)
    engines: dict[str, FaceEngine] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)
    # Engines inherited over a fork. Their destructors would wait for threads that exist in the parent alone, so they
    # are kept, unused, until the process ends.
    inherited: list[FaceEngine] = field(default_factory=list)


def _onnx(settings: EngineSettings) -> FaceEngine:
    from recognition.engines.onnx.engine import OnnxEngine

    return OnnxEngine(settings.models_dir, runtime=settings.runtime, threads=settings.threads)


def _fake(settings: EngineSettings) -> FaceEngine:
    from recognition.engines.fake import FakeEngine

    return FakeEngine()


def _deepface(settings: EngineSettings, selection: str) -> FaceEngine:
    from recognition.engines.deepface.engine import DeepfaceEngine

    return DeepfaceEngine(settings.models_dir, selection)


_FACTORIES: dict[str, Callable[[EngineSettings], FaceEngine]] = {"onnx": _onnx, "fake": _fake}
_FAMILIES: dict[str, Callable[[EngineSettings, str], FaceEngine]] = {"deepface": _deepface}
_shelf = _Shelf()


def configure(*, models_dir: Path, runtime: str = "auto", threads: int = 1) -> None:
    """Say what engines are made with from now on; those made already are made anew when it differs."""
    settings = EngineSettings(models_dir=models_dir, runtime=runtime, threads=threads)
    with _shelf.lock:
        if settings != _shelf.settings:
            _shelf.settings = settings
            _shelf.engines.clear()


def names() -> tuple[str, ...]:
    """Return the names of all engines; a family ends in a colon, after which the choice follows."""
    return (*_FACTORIES, *(f"{family}:" for family in _FAMILIES))


def get(name: str = "onnx") -> FaceEngine:
    """Return this process's engine of that name, loading it on first use.

    Raises:
        EngineUnknown: there is no such engine.
        WeightsMissing, WeightsAltered: its models are not in place.
        CalibrationMissing: nobody measured what its scores mean.
        RuntimeUnusable: no runtime gives the declared results on this machine.
    """
    engine = _shelf.engines.get(name)
    if engine is not None:
        return engine
    with _shelf.lock:
        engine = _shelf.engines.get(name)
        if engine is None:
            engine = _shelf.engines[name] = _make(name, settings=_shelf.settings)
        return engine


def _make(name: str, *, settings: EngineSettings) -> FaceEngine:
    family, colon, selection = name.partition(":")
    if colon and family in _FAMILIES:
        return _FAMILIES[family](settings, selection)
    if name not in _FACTORIES:
        raise EngineUnknown(f"Engines here: {', '.join(names())}.")
    return _FACTORIES[name](settings)


def _forget_inherited() -> None:
    """In the child of a fork: a fresh lock (the parent's may be held), and no engine of the parent's."""
    _shelf.lock = threading.Lock()
    _shelf.inherited.extend(_shelf.engines.values())
    _shelf.engines = {}


os.register_at_fork(after_in_child=_forget_inherited)
