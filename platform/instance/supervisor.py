"""`make run` and `make demo`: bring one instance up step by step, say what happens, keep it up, take it down."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType

from config.env import REPOSITORY, Environment
from instance import database
from instance.children import Child, python
from instance.errors import HomeInUse, PortTaken, StartFailed
from instance.ports import LOOPBACK, free_port, is_free
from instance.postgres import tail
from instance.secret_files import ensure_platform_secrets, private_folder
from instance.services import Endpoints, embedded_services
from instance.witness import EmbeddedWitness, prepare_witness

READY_TIMEOUT_SECONDS = 120.0
WATCH_INTERVAL_SECONDS = 0.2
# Strictly in this order. What is in maintenance is short, and must not wait for the end of somebody's bulk.
QUEUES = "interactive,maintenance,bulk,video"


class Stopped(Exception):
    """Ctrl-C or SIGTERM: take everything down in order."""


def say(line: str) -> None:
    """Print a line at once, also into a pipe."""
    print(line, flush=True)


@contextmanager
def step(title: str) -> Iterator[None]:
    """Say what is being done, and how long it took."""
    say(f"→ {title}")
    started = time.monotonic()
    yield
    say(f"  done in {time.monotonic() - started:.1f} s")


def run(environment: Environment) -> int:
    """Start everything, keep it up until Ctrl-C or SIGTERM, stop everything.

    Returns:
        0 after a stop that was asked for.

    Raises:
        StartFailed: something cannot start; the message says what to do.
    """
    if not is_free(environment.port, address=environment.bind):
        raise PortTaken(
            f"Port {environment.port} is taken. Choose another: PORT={environment.port + 1} make run\n"
            "(A second instance also needs a home of its own: CUSTOS_HOME=var-two PORT=… make run)"
        )
    _stop_on_signals()
    try:
        with _instance(environment) as (endpoints, children):
            _announce(environment)
            _watch(endpoints, children)
    except (Stopped, KeyboardInterrupt):
        say("Stopped.")
    return 0


def demo(environment: Environment) -> int:
    """Play the demonstration in an instance of its own, and remove it.

    Returns:
        The exit code of the demonstration: 0 when every scene went as promised.
    """
    _stop_on_signals()
    home = environment.home / f"demo-run-{os.getpid()}"
    here = Environment(env="development", home=home, port=free_port())
    # Weights are verified once and shared: they are read-only.
    os.environ["CUSTOS_MODELS_DIR"] = str(environment.models_dir)
    try:
        with _instance(here, ephemeral=True):
            say("\n=== The demonstration ===")
            return _manage(here, {}, "demo", "--base-url", base_url(here))
    except (Stopped, KeyboardInterrupt):
        say("Stopped.")
        return 130
    finally:
        shutil.rmtree(home, ignore_errors=True)


def base_url(environment: Environment) -> str:
    host = LOOPBACK if environment.bind in ("0.0.0.0", "::") else environment.bind  # noqa: S104 the address to connect to
    return f"http://{host}:{environment.port}"


@contextmanager
def _instance(environment: Environment, *, ephemeral: bool = False) -> Iterator[tuple[Endpoints, list[Child]]]:
    """Bring an instance up as far as its first answered request."""
    home = environment.home
    home.mkdir(parents=True, exist_ok=True)
    private_folder(home / "logs")
    os.environ.update({"CUSTOS_HOME": str(home), "PORT": str(environment.port)})
    with ExitStack() as stack:
        stack.enter_context(only_one(home))
        with step("Models: verifying, fetching what is missing"):
            _must(
                environment,
                "fetch_models",
                "--required-only",
                hint="The lines above say why; after trouble with the network, run the same command again.",
            )
        with step("PostgreSQL and Valkey"):
            endpoints = stack.enter_context(
                embedded_services(
                    home,
                    keys_dir=environment.keys_dir,
                    ephemeral=ephemeral,
                    external_database=environment.database_url,
                    external_broker=environment.broker_url,
                )
            )
        os.environ.update(endpoints.environment())
        os.environ["CUSTOS_KEYS_DIR"] = str(endpoints.keys_dir)
        with step("Database: migrations and policy"):
            database.unguard_log(endpoints.admin_database_url)
            _must(environment, "migrate", "--verbosity", "0", "--skip-checks", role="custos_owner")
            _must(environment, "publish_policy")
            database.guard_log(endpoints.admin_database_url)
        witness = _prepare_audit(environment, endpoints)
        if environment.env == "development":
            with step("Demo world"):
                _must(environment, "seed_demo", "--base-url", base_url(environment))
        children = _children(environment, endpoints, witness=witness)
        with step("Web server, worker, scheduler, sequencer and witness"):
            for child in children:
                stack.callback(child.stop)
                child.log.write_bytes(b"")
                child.start()
            _wait_until_ready(environment, children)
        yield endpoints, children
        say("\nStopping …")


def _prepare_audit(environment: Environment, endpoints: Endpoints) -> EmbeddedWitness | None:
    """Make the keys of the audit log; prepare the embedded witness and introduce it, unless there is another one."""
    with step("Audit log: keys and witness"):
        if environment.witness_url is not None:
            _must(environment, "audit", "keys", quiet=True)
            return None
        variables = {"PYTHONPATH": _python_path()}
        witness = prepare_witness(endpoints.home, variables=variables, repository=REPOSITORY)
        os.environ["CUSTOS_WITNESS_URL"] = witness.url
        _must(environment, "audit", "keys", "--witness", witness.vkey, quiet=True)
        return witness


def _children(environment: Environment, endpoints: Endpoints, *, witness: EmbeddedWitness | None) -> list[Child]:
    variables = {"PYTHONPATH": _python_path()}
    home = environment.home

    def child(name: str, *command: str) -> Child:
        return Child(
            name, python("-m", *command), variables, REPOSITORY, home / "logs" / f"{name}.log", home / f"{name}.pid"
        )

    # Stopped last to first: the web server goes first, so that no request meets a missing worker.
    return [
        *(
            [witness.child(home, keys_dir=endpoints.keys_dir, variables=variables, repository=REPOSITORY)]
            if witness
            else []
        ),
        Child(
            "sequencer", python("manage.py", "audit", "sequence"), variables, REPOSITORY,
            home / "logs" / "sequencer.log", home / "sequencer.pid",
        ),
        child("scheduler", "celery", "-A", "config.celery", "beat", "-s", str(home / "scheduler.db"), "-l", "WARNING"),
        child(
            "worker", "celery", "-A", "config.celery", "worker", "-Q", QUEUES, "-l", "INFO", "--without-gossip",
            "--without-mingle", "--concurrency", str(environment.workers), "-n", f"worker-{environment.port}@%h",
        ),
        child(
            "web", "gunicorn", "config.wsgi:application", "--worker-class", "gthread", "--workers", "1", "--threads",
            str(environment.web_threads), "--bind", f"{environment.bind}:{environment.port}", "--timeout", "120",
            "--graceful-timeout", "20", "--keep-alive", "15", "--access-logfile", "-",
        ),
    ]  # fmt: skip


def _watch(endpoints: Endpoints, children: list[Child]) -> None:
    while True:
        endpoints.revive(say)
        for child in children:
            child.revive(say)
        time.sleep(WATCH_INTERVAL_SECONDS)


def _wait_until_ready(environment: Environment, children: list[Child]) -> None:
    deadline = time.monotonic() + READY_TIMEOUT_SECONDS
    address = base_url(environment) + "/health/ready"
    while True:
        for child in children:
            if not child.is_running():
                raise StartFailed(f"The {child.name} did not start. The end of {child.log}:\n{tail(child.log)}")
        try:
            with urllib.request.urlopen(address, timeout=5):  # noqa: S310 our own address
                return
        except (urllib.error.URLError, OSError) as error:
            if time.monotonic() > deadline:
                raise StartFailed(
                    f"The web server is not ready after {READY_TIMEOUT_SECONDS:.0f} s: {error}"
                ) from error
        time.sleep(0.1)


def _announce(environment: Environment) -> None:
    say(f"\nCustos is running: {base_url(environment)}/   (API reference: {base_url(environment)}/v1/docs/)")
    credentials = environment.home / "demo" / "credentials.json"
    if credentials.is_file():
        content = json.loads(credentials.read_text())
        say(f"\nDemo log-ins, all of them in {credentials}:")
        for tenant in content["tenants"]:
            say(f"  {tenant['slug']:<15} {tenant['category']:<24} key {tenant['api_key'][:28]}…")
            for person in tenant["users"]:
                say(f"    {person['username']:<19} {person['role']:<18} password {person['password']}")
        say(f"\nStaff, for {base_url(environment)}/admin/ (one-time code: make manage C='demo_code officer-1'):")
        for person in content["staff"]:
            say(f"  {person['username']:<15} {person['role']:<24} password {person['password']}")
    say("\nCtrl-C stops everything.")


def _must(
    environment: Environment, *command: str, role: str = "custos_app", hint: str = "", quiet: bool = False
) -> None:
    code = _manage(environment, {"CUSTOS_DATABASE_ROLE": role}, *command, quiet=quiet)
    if code != 0:
        raise StartFailed(f"`manage.py {' '.join(command)}` failed. {hint}".strip())


def _manage(environment: Environment, variables: Mapping[str, str], *command: str, quiet: bool = False) -> int:
    process = subprocess.Popen(
        python("manage.py", *command),
        cwd=REPOSITORY,
        stdout=subprocess.DEVNULL if quiet else None,
        env={**os.environ, **variables, "CUSTOS_ENV": environment.env, "PYTHONPATH": _python_path()},
    )
    try:
        return process.wait()
    except BaseException:
        process.terminate()
        process.wait()
        raise


def _python_path() -> str:
    return os.pathsep.join([str(REPOSITORY), str(REPOSITORY / "platform")])


@contextmanager
def only_one(home: Path) -> Iterator[None]:
    """Hold the home's lock; the kernel lets it go when we die, however that happens."""
    with (home / "supervisor.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise HomeInUse(
                f"Another instance runs in {home}. Stop it, or choose another home:"
                " CUSTOS_HOME=var-two PORT=8001 make run"
            ) from None
        yield


def _stop_on_signals() -> None:
    def stop(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        raise Stopped

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)


def prepare(environment: Environment) -> int:
    """Create secrets, database, roles and extension on an external server; for images, before `migrate`.

    Raises:
        StartFailed: DATABASE_URL is missing, or the server is not usable.
    """
    if environment.database_url is None:
        raise StartFailed("Set DATABASE_URL to a log-in that may create roles.")
    ensure_platform_secrets(environment.keys_dir)
    with step("Database: roles and extension"):
        database.prepare(environment.database_url, environment.keys_dir)
        database.unguard_log(environment.database_url)
    return 0


def guard(environment: Environment) -> int:
    """Guard the audit tables of an external server, after `migrate`; says so where the log-in cannot.

    Raises:
        StartFailed: DATABASE_URL is missing, or the server is not usable.
    """
    if environment.database_url is None:
        raise StartFailed("Set DATABASE_URL to a log-in that may create roles.")
    if not database.guard_log(environment.database_url):
        say("The audit tables are not guarded against their owner: only a superuser can make event triggers.")
    return 0


def with_services(environment: Environment, command: list[str]) -> int:
    """Run a command on ephemeral services with a migrated database, and return its exit code."""
    home = environment.home / f"services-{os.getpid()}"
    try:
        with embedded_services(home, ephemeral=True) as endpoints:
            os.environ.update({**endpoints.environment(), "CUSTOS_MODELS_DIR": str(environment.models_dir)})
            here = Environment()
            _must(here, "migrate", "--verbosity", "0", "--skip-checks", role="custos_owner")
            _must(here, "publish_policy")
            _must(here, "audit", "keys", quiet=True)
            return subprocess.call(command, env={**os.environ, "PYTHONPATH": _python_path()})
    finally:
        shutil.rmtree(home, ignore_errors=True)


def main_failed(error: StartFailed) -> int:
    """Say what went wrong and what to do; return the exit code."""
    print(f"\nCustos did not start: {error}", file=sys.stderr, flush=True)
    return error.exit_code
