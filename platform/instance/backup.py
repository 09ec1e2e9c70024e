"""Backup and restore of the database, in one snapshot, so that the log in it is consistent with everything else.

A restored log is as old as its backup. The witness tells: it has cosigned more than the log then holds, and refuses.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict

from config.env import DatabaseAddress, Environment
from instance import database
from instance.account import service_account
from instance.errors import HomeInUse, StartFailed
from instance.postgres import EmbeddedPostgres, bundled_programs
from instance.services import embedded_services, service_folder
from instance.supervisor import only_one, say


def back_up(environment: Environment, file: Path) -> int:
    """Write a backup; the instance may run meanwhile.

    Returns:
        0 when it is on the disk.

    Raises:
        StartFailed: it cannot be written or read.
    """
    with _administration(environment) as admin_url:
        dump(admin_url, file)
    say(f"The database is in {file}. Keep {environment.keys_dir} too, and elsewhere: without it nothing can be opened.")
    return 0


def put_back(environment: Environment, file: Path) -> int:
    """Restore a backup into a stopped instance.

    Returns:
        0 when it is done.

    Raises:
        HomeInUse: the instance runs.
        StartFailed: the file is no backup, or the database is not reachable.
    """
    with _administration(environment, must_be_stopped=True) as admin_url:
        restore(admin_url, file)
        database.guard_log(admin_url)
    say("Restored. What was logged since the backup is gone: the witness will say so (docs/how-to/audit.md).")
    return 0


def dump(admin_url: str, file: Path) -> None:
    """Write the whole database into a file (pg_dump's custom format), whole or not at all.

    Raises:
        StartFailed: it cannot be written or read.
    """
    temporary = file.with_name(f".{file.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    os.close(descriptor)
    try:
        _run("pg_dump", admin_url, "--format=custom", "--file", str(temporary))
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        temporary.replace(file)
    finally:
        temporary.unlink(missing_ok=True)


def restore(admin_url: str, file: Path) -> None:
    """Put a backup in the place of the database: restored beside it first, so that a failure changes nothing.

    Raises:
        StartFailed: the file is no backup, or the database is not reachable.
    """
    if not file.is_file():
        raise StartFailed(f"There is no backup {file}.")
    beside = f"{DatabaseAddress.parse(admin_url).name}_restored"
    database.make_empty(admin_url, name=beside)
    try:
        _run("pg_restore", admin_url, "--single-transaction", "--exit-on-error", str(file), name=beside)
        database.put_in_place(admin_url, name=beside)
    finally:
        database.drop(admin_url, name=beside)


@contextmanager
def _administration(environment: Environment, *, must_be_stopped: bool = False) -> Iterator[str]:
    """Yield the administrator's address: of the external server, of the running one, or of one started for this."""
    home = environment.home
    home.mkdir(parents=True, exist_ok=True)
    try:
        with only_one(home):
            if environment.database_url is not None:
                yield environment.database_url
                return
            with embedded_services(
                home, keys_dir=environment.keys_dir, external_broker=environment.broker_url
            ) as endpoints:
                yield endpoints.admin_database_url
                return
    except HomeInUse:
        if must_be_stopped:
            raise
    yield environment.database_url or _running(environment).admin_url


def _running(environment: Environment) -> EmbeddedPostgres:
    account = service_account()
    folder = service_folder(environment.home, account=account)
    server = EmbeddedPostgres(folder, environment.keys_dir, account, environment.home / "logs" / "postgres.log")
    server.port = server.known_port()
    return server


def _run(program: str, admin_url: str, *arguments: str, name: str = "") -> None:
    """Run one of PostgreSQL's programs; the password goes through the environment, not the command line."""
    address, log_in = DatabaseAddress.parse(admin_url), conninfo_to_dict(admin_url)
    command = [
        str(bundled_programs() / program), "--host", address.host, "--port", str(address.port),
        "--username", str(log_in.get("user") or ""), "--dbname", name or address.name, "--no-password", *arguments,
    ]  # fmt: skip
    options = {f"PG{name.upper()}": value for name, value in address.options.items() if name.startswith("ssl")}
    environment = {**os.environ, **options, "PGPASSWORD": str(log_in.get("password") or "")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        raise StartFailed(f"{program} failed:\n{done.stderr[-2000:]}")
