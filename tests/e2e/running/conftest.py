"""One whole instance for all files of this folder: `tests.plugin` gives them to one process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.instances import RunningInstance


@pytest.fixture(scope="package")
def shared_instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningInstance]:
    running = RunningInstance(tmp_path_factory.mktemp("instance") / "home")
    running.start()
    yield running
    if running.is_running:
        assert running.stop() == 0
    running.remove()


@pytest.fixture
def instance(shared_instance: RunningInstance) -> RunningInstance:
    """It runs and answers, whatever the test before did to it: a failure is one test's own."""
    if not shared_instance.is_running:
        shared_instance.start()
    shared_instance.wait(lambda: shared_instance.call("GET", "/health/ready").ok, what="readiness")
    return shared_instance
