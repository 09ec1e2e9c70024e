"""A whole instance in a process of its own, to be killed in every way."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import requests

from instance.ports import free_port

REPOSITORY = Path(__file__).resolve().parents[2]
START_DEADLINE_SECONDS = 200.0
DEADLINE_SECONDS = 90.0


@dataclass(slots=True)
class RunningInstance:
    """`python -m instance run` on a home, with its output."""

    home: Path
    port: int = field(default_factory=free_port)
    lines: list[str] = field(default_factory=list)
    started_in_seconds: float = 0.0
    _process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def process(self) -> subprocess.Popen[str]:
        assert self._process is not None
        return self._process

    @property
    def is_running(self) -> bool:
        """Whether its supervisor lives."""
        return self.process.poll() is None

    def wait(self, reached: Callable[[], Any], *, what: str, seconds: float = DEADLINE_SECONDS) -> Any:
        """Return what `reached` answers, once it is true; a part that is being restarted refuses connections.

        Raises:
            AssertionError: it did not happen in time, or never will: the supervisor has ended.
        """
        deadline = time.monotonic() + seconds
        while True:
            with contextlib.suppress(requests.RequestException):
                if value := reached():
                    return value
            assert self.is_running, f"the instance ended before {what}:\n{''.join(self.lines[-20:])}"
            assert time.monotonic() < deadline, f"{what} did not happen in {seconds:.0f} s"
            time.sleep(0.05)

    def start(self) -> None:
        """Start it and wait until it says that it runs."""
        environment = {
            k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "BROKER_URL", "CUSTOS_KEYS_DIR")
        }
        environment.update(
            {
                "CUSTOS_ENV": "development",
                "CUSTOS_HOME": str(self.home),
                "PORT": str(self.port),
                "CUSTOS_WORKERS": "1",
                "CUSTOS_TASK_VISIBILITY_SECONDS": "5",
                "PYTHONPATH": f"{REPOSITORY}:{REPOSITORY / 'platform'}",
            }
        )
        environment.pop("DJANGO_SETTINGS_MODULE", None)
        began = time.monotonic()
        self.lines.clear()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "instance", "run"],
            cwd=REPOSITORY,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        threading.Thread(target=self._read, args=(self._process,), daemon=True).start()
        while not any("Custos is running" in line for line in self.lines):
            assert self._process.poll() is None, "".join(self.lines)
            assert time.monotonic() - began < START_DEADLINE_SECONDS, "".join(self.lines)
            time.sleep(0.05)
        self.started_in_seconds = time.monotonic() - began

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        with process.stdout:
            for line in process.stdout:
                self.lines.append(line)

    def stop(self) -> int:
        """Ctrl-C."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(90)

    def kill_supervisor(self) -> None:
        self.process.kill()
        self.process.wait()

    def child(self, name: str) -> psutil.Process:
        """Return the process that a pid file names: web, worker, or a service's."""
        found = [*self.home.glob(f"{name}.pid"), *self._service_folder().glob(f"{name}.pid")]
        return psutil.Process(json.loads(found[0].read_text())["pid"])

    def kill(self, name: str) -> None:
        """Kill -9 a child with everything below it, the child first: PostgreSQL would end its own otherwise."""
        process = self.child(name)
        for each in [process, *process.children(recursive=True)]:
            with contextlib.suppress(psutil.NoSuchProcess):
                each.kill()

    def _service_folder(self) -> Path:
        from instance.account import service_account
        from instance.services import service_folder

        return service_folder(self.home, account=service_account())

    def key_of(self, slug: str) -> str:
        content = json.loads((self.home / "demo" / "credentials.json").read_text())
        return next(str(tenant["api_key"]) for tenant in content["tenants"] if tenant["slug"] == slug)

    def call(self, method: str, path: str, *, slug: str = "photo-app", **arguments: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.key_of(slug)}"}
        return requests.request(method, self.url + path, headers=headers, timeout=30, **arguments)

    def manage(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a management command on the running instance, as `make manage` does."""
        environment = {
            name: value
            for name, value in os.environ.items()
            if name not in ("DATABASE_URL", "BROKER_URL", "CUSTOS_KEYS_DIR", "DJANGO_SETTINGS_MODULE")
        }
        environment |= {
            "CUSTOS_ENV": "development",
            "CUSTOS_HOME": str(self.home),
            "PYTHONPATH": f"{REPOSITORY}:{REPOSITORY / 'platform'}",
        }
        return subprocess.run(
            [sys.executable, "-m", "instance", "manage", *command],
            cwd=REPOSITORY,
            env=environment,
            capture_output=True,
            text=True,
        )

    def remove(self) -> None:
        """Take away what a service account keeps outside the home."""
        import shutil

        shutil.rmtree(self._service_folder(), ignore_errors=True)
