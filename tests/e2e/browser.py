"""A browser for the tests of pages: Debian's chromium, driven by playwright; and a server for it on the loopback.

`playwright install` is not used: its browsers come from hosts that a machine with registries alone does not reach.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import pytest
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from playwright.sync_api import Browser, expect, sync_playwright

_NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# A page may take its time on a busy machine: how long a page takes is measured in benchmarks.
_PATIENCE_MS = 30_000
_LEFT_OUT = (
    "The pages were not looked at in a browser: none is installed. On Debian or Ubuntu: apt-get install chromium"
    " (as root, the tests do that themselves)."
)


class _QuietHandler(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 the name of the base class
        """Say nothing: a request that goes wrong is seen on the page."""


@lru_cache(maxsize=1)
def browser_path() -> str:
    """Return a browser's program, installing Debian's as root; without one the test is left out, and says so."""
    if (found := installed()) is None and os.geteuid() == 0 and shutil.which("apt-get"):
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", "chromium"]):
            subprocess.run(command, env=environment, capture_output=True, timeout=300, check=False)
        found = installed()
    if found is None:
        pytest.skip(_LEFT_OUT)
    return found


def installed() -> str | None:
    """Return a browser's program; None where there is none."""
    return next((path for path in map(shutil.which, _NAMES) if path), None)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start a browser with a fresh profile.

    While it runs, Django takes the calling thread for an event loop's and would not reach the database from it; but
    playwright's loop stands still whenever we are not in a call of playwright.
    """
    path = browser_path()
    expect.set_options(timeout=_PATIENCE_MS)
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def server() -> Iterator[str]:
    """Serve the platform from a thread of this process, on this process's database; yield its address."""
    from django.core.wsgi import get_wsgi_application

    httpd = ThreadedWSGIServer(("127.0.0.1", 0), _QuietHandler)
    httpd.daemon_threads = False
    httpd.set_app(get_wsgi_application())
    thread = threading.Thread(target=httpd.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{httpd.server_port}"
    finally:
        httpd.shutdown()
        httpd.server_close()
        thread.join()
