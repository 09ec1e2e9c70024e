"""From a published file to one that a runtime reads: the step before the graph fixes, done once by `fetch_models`.

Pure functions on bytes; each gives the same bytes on every machine (their digest is in the manifest).
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from functools import partial

from recognition.engines import mini_xception

Conversion = Callable[[bytes], bytes]


def member_of_zip(data: bytes, *, name: str) -> bytes:
    """Return one file of a zip archive."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return archive.read(name)


CONVERSIONS: dict[str, Conversion] = {
    "landmarks_of_task": partial(member_of_zip, name="face_landmarks_detector.tflite"),
    "mini_xception_of_keras": mini_xception.to_onnx,
    "blendshapes_of_task": partial(member_of_zip, name="face_blendshapes.tflite"),
}
