"""The deepface library, loaded late and kept from what must not happen: downloads, race analysis, folders in the home.

The library resolves every weight file through one function, and downloads what that does not find. Here it is replaced
by one that looks into the folder of models alone, and refuses where nobody said which folder that is. The check of
`files` comes before; this is the second lock on the same door.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

import cv2

from recognition.engines.deepface.files import missing
from recognition.engines.errors import RuntimeUnusable, WeightsMissing

Task = Literal["face_detector", "facial_recognition"]

# Where weights lie, for the thread that is inside `weights_in`.
_folder: ContextVar[Path] = ContextVar("deepface_weights_folder")


def library_version() -> str:
    """Return the version that is installed, without importing it."""
    return metadata.version("deepface")


def package_version(names: tuple[str, ...]) -> str:
    """Return name and version of the first of these distributions that is installed.

    Raises:
        RuntimeUnusable: none is.
    """
    for name in names:
        try:
            return f"{name} {metadata.version(name)}"
        except metadata.PackageNotFoundError:
            continue
    raise RuntimeUnusable(f"This choice needs the Python package {' or '.join(names)}, which is not installed.")


def build(task: Task, name: str, *, folder: Path) -> Any:
    """Make a detector or recogniser of its own: the library's cache would carry sessions over a fork.

    Called by one thread at a time, since it sets environment variables for a moment; the registry sees to that.

    Raises:
        WeightsMissing: the library asked for a file that is not in the folder.
        RuntimeUnusable: it cannot be loaded here: a package is missing, or OpenCV no longer reads the format.
    """
    with _environment(folder), weights_in(folder), _without_warnings():
        try:
            return _modeling().get_model_class(task=task, model_name=name)()
        except (ImportError, ValueError, OSError) as error:
            raise RuntimeUnusable(f"{name} of the deepface library cannot be loaded here: {error}") from error


def cut_out(pixels: Any, *, box: tuple[int, int, int, int], left_eye: Any, right_eye: Any) -> Any:
    """Return a face as the library aligns it: its box, turned until the eyes are level.

    Args:
        pixels: uint8 (h, w, 3), BGR.
        box: left, top, width, height in pixels.
        left_eye: (x, y) in pixels; the person's own left.
        right_eye: the same of the right.

    Returns:
        uint8 (a, b, 3), BGR; empty where the box lies beyond the picture.
    """
    from deepface.models.Detector import FacialAreaRegion
    from deepface.modules import detection

    left, top, width, height = box
    region = FacialAreaRegion(x=left, y=top, w=width, h=height, left_eye=left_eye, right_eye=right_eye)
    return detection.extract_face(region, pixels, True, 0, 0, 0, "yunet").img


def as_input(crop: Any, *, model: Any) -> Any:
    """Return float32 (1, h, w, 3), BGR 0…1, of the size that a recogniser takes; the library pads with black."""
    from deepface.modules import preprocessing

    width, height = model.input_shape
    return preprocessing.resize_image(img=crop, target_size=(height, width))


@contextmanager
def weights_in(folder: Path) -> Iterator[None]:
    """Let the library read weights from this folder, in this thread, while the block runs."""
    token = _folder.set(folder)
    try:
        yield
    finally:
        _folder.reset(token)


def _modeling() -> Any:
    """Import the library (0.4 to 2 s), and take out what must not be reachable in this process."""
    from deepface.commons import weight_utils
    from deepface.modules import modeling

    weight_utils.download_weights_if_necessary = _installed
    # GOVERNANCE: nobody is sorted by race, not even by code that imports the library itself.
    modeling.AVAILABLE_MODELS["facial_attribute"].pop("Race", None)
    return modeling


def _installed(file_name: str, source_url: object, compress_type: str | None = None) -> str:
    """Stand in for the library's download: return the file's path.

    Raises:
        WeightsMissing: it is not in the folder of models, or was asked for outside `weights_in`.
    """
    folder = _folder.get(None)
    if folder is None:
        raise WeightsMissing(f"The deepface library may not fetch {file_name}: weights are installed before.")
    path = folder / file_name
    if not path.is_file():
        raise missing(file_name, folder=folder)
    return str(path)


@contextmanager
def _without_warnings() -> Iterator[None]:
    """Keep OpenCV 5 from telling the console that its graphs know no targets: models ask for the CPU, and get it."""
    before = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
    try:
        yield
    finally:
        cv2.utils.logging.setLogLevel(before)


@contextmanager
def _environment(folder: Path) -> Iterator[None]:
    """Set what the library reads from the environment; afterwards all is as before."""
    wanted = {
        "DEEPFACE_HOME": str(folder),
        # TensorFlow or torch, installed for something else, would make other numbers of the same model.
        "DEEPFACE_BACKEND_ENGINE": "onnx",
        "YOLO_OFFLINE": "true",
    }
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
