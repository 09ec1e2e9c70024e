"""One browser for all tests of a file: each opens windows of its own, with cookies of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.e2e.browser import chromium


@pytest.fixture(scope="module")
def started_browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def browser(url: str, started_browser: Browser) -> Iterator[Browser]:
    """A browser without windows, for the server that the file's fixture `url` has started."""
    yield started_browser
    for context in started_browser.contexts:
        context.close()
