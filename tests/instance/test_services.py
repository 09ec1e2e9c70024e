"""The embedded services: real processes, killed for real."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from instance import database
from instance.account import service_account
from instance.services import Endpoints, embedded_services, service_folder

pytestmark = pytest.mark.slow

PLATFORM = Path(__file__).resolve().parents[2] / "platform"


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "home"
    _remove(tmp_path / "home")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoints]:
    """Services for the tests that only look at them, or add to them."""
    home = tmp_path_factory.mktemp("services") / "home"
    with embedded_services(home) as endpoints:
        yield endpoints
    _remove(home)


def _remove(home: Path) -> None:
    """Services of root keep their data outside the home."""
    shutil.rmtree(service_folder(home, account=service_account()))


def _admin(endpoints: Endpoints) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(endpoints.admin_database_url, autocommit=True)


def test_a_killed_database_comes_back_with_what_it_acknowledged(home: Path) -> None:
    with embedded_services(home) as endpoints:
        with _admin(endpoints) as connection:
            connection.execute("CREATE TABLE kept (value int)")
            connection.execute("INSERT INTO kept VALUES (42)")
        assert endpoints.postgres_pid is not None
        os.kill(endpoints.postgres_pid, signal.SIGKILL)
        psutil.wait_procs(
            [psutil.Process(endpoints.postgres_pid)] if psutil.pid_exists(endpoints.postgres_pid) else [], 5
        )

    with embedded_services(home) as endpoints, _admin(endpoints) as connection:
        assert connection.execute("SELECT value FROM kept").fetchone() == (42,)


def test_what_a_killed_database_left_behind_does_not_stop_the_next_start(home: Path) -> None:
    """A backend that waits for a killed one notices nothing and holds the shared memory: here it is stopped instead."""
    with embedded_services(home) as endpoints:
        assert endpoints.postgres_pid is not None
        with _admin(endpoints) as connection:
            stuck = psutil.Process(connection.info.backend_pid)
            stuck.suspend()
            os.kill(endpoints.postgres_pid, signal.SIGKILL)
    assert stuck.is_running()

    with embedded_services(home) as endpoints, _admin(endpoints) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert not stuck.is_running()


def test_services_of_a_killed_supervisor_do_not_stop_the_next_start(home: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path; from instance.services import embedded_services\n"
        "with embedded_services(Path(sys.argv[1])) as e: print(e.postgres_pid, flush=True); time.sleep(60)"
    )
    environment = {**os.environ, "PYTHONPATH": str(PLATFORM)}
    first = subprocess.Popen([sys.executable, "-c", script, str(home)], stdout=subprocess.PIPE, env=environment)
    assert first.stdout is not None
    assert int(first.stdout.readline()) > 0
    first.kill()
    first.wait()
    first.stdout.close()

    started = time.monotonic()
    with embedded_services(home) as endpoints, _admin(endpoints) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert time.monotonic() - started < 60


def test_two_homes_run_side_by_side(running: Endpoints, home: Path) -> None:
    with embedded_services(home) as other:
        assert other.database_url != running.database_url
        assert other.broker_url != running.broker_url
        for endpoints in (running, other):
            with _admin(endpoints) as connection, redis.Redis.from_url(endpoints.broker_url) as broker:
                assert connection.execute("SELECT 1").fetchone() == (1,)
                assert broker.ping()


def test_the_services_never_run_as_root(running: Endpoints) -> None:
    for pid in (running.postgres_pid, running.valkey_pid):
        assert psutil.Process(pid).uids().effective != 0


def test_secrets_are_readable_by_their_owner_only(running: Endpoints) -> None:
    files = [path for path in running.keys_dir.rglob("*") if path.is_file()]
    assert {"platform.key", "django_secret", "broker", "custos_app", "custos_owner"} <= {f.name for f in files}
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert stat.S_IMODE(running.keys_dir.stat().st_mode) == 0o700


def test_runtime_processes_get_no_administrators_password(running: Endpoints) -> None:
    password = (running.keys_dir / "database" / "custos_admin").read_text()
    assert password not in str(running.environment())
    command_lines = " ".join(
        " ".join(process.info["cmdline"] or ())  # None: a process that ended meanwhile
        for process in psutil.process_iter(["cmdline"])
        if process.pid != os.getpid()
    )
    assert password not in command_lines
    assert (running.keys_dir / "broker").read_text() not in command_lines


def test_preparing_twice_changes_nothing(running: Endpoints) -> None:
    passwords = {path.name: path.read_text() for path in (running.keys_dir / "database").iterdir()}

    database.prepare(running.admin_database_url, running.keys_dir)

    assert passwords == {path.name: path.read_text() for path in (running.keys_dir / "database").iterdir()}
    app = f"{running.database_url.replace('://', '://custos_app:' + passwords['custos_app'] + '@')}"
    with psycopg.connect(app) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("CREATE TABLE not_allowed (x int)")


def test_a_wrong_password_is_refused(running: Endpoints) -> None:
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(running.database_url.replace("://", "://custos_app:wrong@"))
    with (
        redis.Redis.from_url(running.broker_url.replace("://:", "://:x")) as broker,
        pytest.raises(redis.RedisError),
    ):
        broker.ping()


def test_a_failing_statement_leaves_nothing_of_itself_in_the_log(running: Endpoints) -> None:
    password = (running.keys_dir / "database" / "custos_app").read_text()
    app = running.database_url.replace("://", f"://custos_app:{password}@")
    with _admin(running) as admin:
        admin.execute("CREATE TABLE people (name text PRIMARY KEY)")
        admin.execute("GRANT INSERT ON people TO custos_app")
    with psycopg.connect(app, autocommit=True) as connection:
        connection.execute("INSERT INTO people VALUES (%s)", ["mallory"])
        for statement in (
            "INSERT INTO people VALUES (%s)",
            "SELECT %s::text::numeric[]",
            "SELECT %s, 'mallory' FROM x",
        ):
            with pytest.raises(psycopg.Error):
                connection.execute(statement, ["mallory"], prepare=True)

    log = running.home / "logs" / "postgres.log"
    said = log.read_text()
    assert "duplicate key" in said, "the error itself is logged"
    assert "INSERT INTO" not in said
    assert "STATEMENT" not in said
    assert "Key (name)" not in said
    assert stat.S_IMODE(log.parent.stat().st_mode) == 0o700
