"""What keeps an instance from starting is said in words that help, with an exit code of its own."""

from __future__ import annotations

import fcntl
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from instance import database
from instance.children import Child, describe_end
from instance.errors import StartFailed
from instance.leftovers import remember, stop_leftover
from instance.ports import free_port, is_free, remembered_port
from instance.secret_files import ensure_secret

REPOSITORY = Path(__file__).resolve().parents[2]


def _instance(home: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if key not in ("DATABASE_URL", "BROKER_URL")}
    environment.update({"CUSTOS_HOME": str(home), "CUSTOS_ENV": "development", **variables})
    environment.pop("CUSTOS_KEYS_DIR", None)
    return subprocess.run(
        [sys.executable, "-m", "instance", "run"],
        cwd=REPOSITORY,
        env={**environment, "PYTHONPATH": f"{REPOSITORY}:{REPOSITORY / 'platform'}"},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_a_taken_port_says_which_to_take(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        done = _instance(tmp_path, PORT=str(port))

    assert done.returncode == 3
    assert f"Port {port} is taken" in done.stderr
    assert f"PORT={port + 1} make run" in done.stderr


def test_a_second_supervisor_of_one_home_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "supervisor.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)

        done = _instance(tmp_path, PORT=str(free_port()))

    assert done.returncode == 4
    assert "Another instance runs in" in done.stderr


def test_a_port_that_is_no_number_is_refused(tmp_path: Path) -> None:
    done = _instance(tmp_path, PORT="many")

    assert done.returncode != 0
    assert "PORT must be a whole number" in done.stderr


def test_an_unreachable_database_says_what_to_check(tmp_path: Path) -> None:
    with pytest.raises(StartFailed, match="DATABASE_URL"):
        database.prepare(f"postgresql://nobody:x@127.0.0.1:{free_port()}/custos", tmp_path)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://a:b@db.example.org:5433/custos", "postgresql://db.example.org:5433/custos"),
        ("postgresql://a:b@db.example.org/custos", "postgresql://db.example.org:5432/custos"),
        ("postgresql://a:b@[fd00::1]:5433/custos", "postgresql://[fd00::1]:5433/custos"),
        (
            "postgresql://a:b@db/custos?sslmode=verify-full&sslrootcert=/etc/ca%20one.pem&passfile=/root/.pgpass",
            "postgresql://db:5432/custos?sslmode=verify-full&sslrootcert=/etc/ca%20one.pem",
        ),
        ("postgresql://a:b@/cus%2Ftos?host=/run/postgresql", "postgresql://:5432/cus%2Ftos?host=/run/postgresql"),
    ],
)
def test_runtime_addresses_carry_no_credentials(url: str, expected: str) -> None:
    assert database.without_credentials(url) == expected
    assert database.without_credentials(expected) == expected


def test_a_port_is_remembered_while_it_is_free(tmp_path: Path) -> None:
    file = tmp_path / "ports.json"
    port = remembered_port(file, name="postgres")
    assert remembered_port(file, name="postgres") == port

    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        assert not is_free(port)
        assert remembered_port(file, name="postgres") != port


def test_a_secret_is_made_once(tmp_path: Path) -> None:
    first = ensure_secret(tmp_path / "keys" / "x", make=lambda: b"one")

    assert ensure_secret(tmp_path / "keys" / "x", make=lambda: b"two") == first == b"one"
    assert [path.name for path in (tmp_path / "keys").iterdir()] == ["x"]


def _sleeper() -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])


def test_a_process_left_behind_is_stopped(tmp_path: Path) -> None:
    process = _sleeper()
    remember(tmp_path / "pid", pid=process.pid)

    assert stop_leftover(tmp_path / "pid")
    assert not psutil.pid_exists(process.pid)
    process.wait()
    assert not (tmp_path / "pid").exists()


def test_a_stranger_with_a_reused_pid_is_left_alone(tmp_path: Path) -> None:
    process = _sleeper()
    try:
        (tmp_path / "pid").write_text(f'{{"pid": {process.pid}, "created": 1.0}}')

        assert not stop_leftover(tmp_path / "pid")
        assert process.poll() is None
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("content", ["", "not json", "{}", '{"pid": 999999999, "created": 1}'])
def test_a_damaged_pid_file_harms_nobody(tmp_path: Path, content: str) -> None:
    (tmp_path / "pid").write_text(content)

    assert not stop_leftover(tmp_path / "pid")


def test_a_child_that_dies_is_started_again(tmp_path: Path) -> None:
    child = Child(
        "sleeper",
        [sys.executable, "-c", "import time; time.sleep(60)"],
        {},
        tmp_path,
        tmp_path / "log",
        tmp_path / "pid",
    )
    said: list[str] = []
    child.start()
    first = child.pid
    assert first is not None
    try:
        os.kill(first, 9)
        deadline = time.monotonic() + 20
        while child.pid == first or not child.is_running():
            child.revive(said.append)
            assert time.monotonic() < deadline
            time.sleep(0.05)
    finally:
        child.stop()

    assert "was ended by signal SIGKILL" in said[0]
    assert not (tmp_path / "pid").exists()


def test_an_end_is_described() -> None:
    assert describe_end(-15) == "was ended by signal SIGTERM"
    assert describe_end(2) == "ended with exit code 2"
