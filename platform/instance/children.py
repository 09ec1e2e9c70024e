"""Child processes that must stay up: started, watched, started again with back-off, stopped in order."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from instance import leftovers
from instance.account import die_with_parent

STOP_TIMEOUT_SECONDS = 30.0
FIRST_BACK_OFF_SECONDS = 0.5
LONGEST_BACK_OFF_SECONDS = 30.0
STABLE_AFTER_SECONDS = 60.0


@dataclass(slots=True)
class Child:
    """One process of the instance.

    Attributes:
        log: standard output and error; begun anew when the instance starts.
        pid_file: lets the next supervisor find the process when this one is killed.
    """

    name: str
    command: list[str]
    environment: Mapping[str, str]
    folder: Path
    log: Path
    pid_file: Path
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    _started: float = field(default=0.0, init=False)
    _back_off: float = field(default=FIRST_BACK_OFF_SECONDS, init=False)
    _not_before: float = field(default=0.0, init=False)

    def start(self) -> None:
        """Start the process (an earlier one that was left behind is stopped first)."""
        leftovers.stop_leftover(self.pid_file)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env={**os.environ, **self.environment},
                start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGTERM),
            )
        self._started = time.monotonic()
        leftovers.remember(self.pid_file, pid=self._process.pid)

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None else None

    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def revive(self, say: Callable[[str], None]) -> None:
        """Start the process again when it has ended: at once, then with growing pauses."""
        if self.is_running() or self._process is None:
            return
        now = time.monotonic()
        if not self._not_before:
            if now - self._started > STABLE_AFTER_SECONDS:
                self._back_off = FIRST_BACK_OFF_SECONDS
            self._not_before = now + self._back_off
            ended = describe_end(self._process.returncode)
            say(f"{self.name} {ended}; starting it again in {self._back_off:g} s (see {self.log})")
            self._back_off = min(self._back_off * 2, LONGEST_BACK_OFF_SECONDS)
        elif now >= self._not_before:
            self._not_before = 0.0
            self.start()

    def stop(self) -> None:
        """Ask the process to end, and kill it when it does not in time."""
        if self._process is None:
            return
        if self.is_running():
            self._process.terminate()
            try:
                self._process.wait(STOP_TIMEOUT_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self.pid_file.unlink(missing_ok=True)
        self._process = None


def describe_end(code: int | None) -> str:
    """Say in words how a process ended."""
    if code is not None and code < 0:
        return f"was ended by signal {signal.Signals(-code).name}"
    return f"ended with exit code {code}"


def python(*arguments: str) -> list[str]:
    """Return a command line for this interpreter."""
    return [sys.executable, *arguments]
