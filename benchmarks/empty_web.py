"""A web application that finds faces and does nothing else: no account, no decision, no log, no database.

What is left of the bare detector behind the web server that Custos runs behind: `benchmarks/detect_parallel.py` starts
it as `make run` starts Custos.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "platform"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import cv2

from benchmarks.bare import detector_session
from recognition import images
from recognition.engines.detections import face_of
from recognition.engines.onnx.yunet import YuNet

cv2.setNumThreads(1)
_detector = YuNet(detector_session())
_turns = threading.BoundedSemaphore(len(os.sched_getaffinity(0)))


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer a picture, as the one part of a form, with the number of its faces; anything else with nothing."""
    found: dict[str, int] = {}
    if environ["REQUEST_METHOD"] == "POST":
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        data = body[body.index(b"\r\n\r\n") + 4 : body.rindex(b"\r\n--")]
        with _turns:
            pixels = images.decode(data).pixels
            found["faces"] = len([face_of(row, pixels=pixels) for row in _detector.detect(pixels)])
    answer = json.dumps(found).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(answer)))])
    return [answer]
