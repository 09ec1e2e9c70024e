"""The web server as `make run` starts it, and a client that costs next to nothing itself."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from urllib3 import encode_multipart_formdata

from benchmarks.rows import REPOSITORY


class Upload:
    """One request with a picture, encoded once, to be sent again and again on a connection that is kept open."""

    def __init__(self, address: str, path: str, *, picture: bytes, token: str) -> None:
        self._path = path
        self._body, content_type = encode_multipart_formdata({"image": ("picture.jpg", picture, "image/jpeg")})
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": content_type}
        self._address = address.removeprefix("http://")
        self._connect()

    def send(self) -> tuple[int, bytes]:
        """Return the status and the content of the answer; a connection that the server gave up idle is opened anew."""
        try:
            return self._send()
        except (http.client.RemoteDisconnected, ConnectionError):
            self._connection.close()
            self._connect()
            return self._send()

    def _connect(self) -> None:
        self._connection = http.client.HTTPConnection(self._address, timeout=120)
        self._connection.connect()
        self._connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _send(self) -> tuple[int, bytes]:
        self._connection.request("POST", self._path, self._body, self._headers)
        answer = self._connection.getresponse()
        return answer.status, answer.read()


def picture_of_one_person() -> bytes:
    """Return a JPEG whose longer side has 640 px and which shows one face."""
    import cv2
    import numpy as np

    from common.downloads import default_cache_dir
    from demo.photographs import fetch_photographs

    content = np.frombuffer(fetch_photographs(default_cache_dir()).read("person_a_1"), np.uint8)
    pixels = cv2.imdecode(content, cv2.IMREAD_COLOR)
    scale = 640 / max(pixels.shape[:2])
    small = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return bytes(cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes())


def group() -> bytes:
    """Return the JPEG of a group of six, as the camera gave it."""
    from common.downloads import default_cache_dir
    from demo.photographs import fetch_photographs

    return fetch_photographs(default_cache_dir()).read("group")


def large_group() -> bytes:
    """Return the group enlarged to 12 megapixels: what a telephone sends."""
    import cv2
    import numpy as np

    pixels = cv2.imdecode(np.frombuffer(group(), np.uint8), cv2.IMREAD_COLOR)
    large = cv2.resize(pixels, (4000, 3000), interpolation=cv2.INTER_CUBIC)
    return bytes(cv2.imencode(".jpg", large, [cv2.IMWRITE_JPEG_QUALITY, 85])[1].tobytes())


@contextmanager
def web_server(*, application: str = "config.wsgi:application", **variables: str) -> Iterator[str]:
    """Run gunicorn as `make run` does, with further environment variables; yield its URL."""
    from instance.ports import free_port

    address = f"127.0.0.1:{free_port()}"
    command = ["gunicorn", application, "--worker-class", "gthread", "--threads", "8", "--bind", address]
    process = subprocess.Popen(
        [sys.executable, "-m", *command, "--keep-alive", "15", "--log-level", "error"],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": f"{REPOSITORY}:{REPOSITORY / 'platform'}", **variables},
    )
    try:
        _await(f"http://{address}/health/ready")
        yield f"http://{address}"
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def _await(address: str) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
