"""Loaded before Django reads its settings (`-p tests.plugin`): starts the services, and keeps tests on the loopback.

The embedded services start once, in the first process; the processes of xdist inherit the environment.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
ADMIN_URL = "CUSTOS_TEST_ADMIN_URL"

# One process runs the files of this folder: they use one instance of the platform.
ONE_INSTANCE = "tests/e2e/running"
# What takes half a minute and more, the longest first.
LONGEST = (
    ONE_INSTANCE,
    "tests/e2e/test_pages.py",
    "tests/e2e/test_demo.py",
    "tests/e2e/test_seed_story.py",
    "tests/e2e/test_review_story.py",
)

_services = ExitStack()

# Before anything else is imported, and for every process that the suite starts, hundreds of them side by side: each
# would compile the platform anew where bytecode is switched off, and the threads of a product of small matrices wait
# for each other in busy loops.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config, args: list[str]) -> Generator[None, object, object]:
    """Run before pytest-django's hook of the same name."""
    os.environ["CUSTOS_ENV"] = "test"
    os.environ.setdefault("CUSTOS_MODELS_DIR", str(REPOSITORY / "var" / "models"))
    if ADMIN_URL not in os.environ and not {"--help", "-h", "--version"} & set(args):
        _start_services()
    return (yield)


def _start_services() -> None:
    sys.path.insert(1, str(REPOSITORY / "platform"))
    from instance.database import guard_log
    from instance.services import embedded_services

    home = Path(tempfile.mkdtemp(prefix="custos-test-"))
    _services.callback(shutil.rmtree, home, ignore_errors=True)
    endpoints = _services.enter_context(embedded_services(home, ephemeral=True))
    os.environ.update(endpoints.environment())
    _manage("migrate", "--verbosity", "0", "--skip-checks", role="custos_owner")
    _manage("publish_policy", "--skip-checks", role="custos_app")
    _manage("audit", "--skip-checks", "keys", role="custos_app")
    guard_log(endpoints.admin_database_url)
    os.environ[ADMIN_URL] = endpoints.admin_database_url


def _manage(*command: str, role: str) -> None:
    environment = {**os.environ, "CUSTOS_DATABASE_ROLE": role}
    done = subprocess.run(
        [sys.executable, "manage.py", *command], cwd=REPOSITORY, env=environment, capture_output=True, text=True
    )
    if done.returncode != 0:
        pytest.exit(f"manage.py {' '.join(command)} failed:\n{done.stdout}{done.stderr}", returncode=3)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Longest first, whatever the random order: xdist hands out files in this order, and none shall begin last."""
    places = {name: place for place, name in enumerate(LONGEST)}

    def key(item: pytest.Item) -> tuple[bool, int]:
        return item.get_closest_marker("slow") is None, places.get(_unit_of(item.nodeid), len(places))

    items.sort(key=key)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object | None:
    """Hand out whole units (`_unit_of`), where whole files are asked for."""
    if config.getoption("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return _unit_of(nodeid)

    return Scheduling(config, log)


def _unit_of(nodeid: str) -> str:
    """Return what one process runs as a whole: a file, or the folder of those that share an instance."""
    file = nodeid.partition("::")[0]
    return ONE_INSTANCE if file.startswith(f"{ONE_INSTANCE}/") else file


def pytest_unconfigure(config: pytest.Config) -> None:
    _services.close()


def pytest_configure(config: pytest.Config) -> None:
    """No test reaches beyond the loopback interface; pinned packages are fetched by their own tools, in processes."""
    from pytest_socket import socket_allow_hosts

    socket_allow_hosts(["127.0.0.1", "localhost", "::1"], allow_unix_socket=True)
